//! The service clients: what they send, and how they read what comes back. No network but loopback.

mod both_readings;
mod clockify;
mod clockify_delivery;
mod clockify_refusals;
mod clockify_webhooks;
mod delivery;
mod toggl;
mod toggl_refusals;
mod webhooks;
mod wire;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use hourwire::services::http::{Wire, WireError};
use http::{Request, Response};
use secrecy::SecretString;
use serde_json::Value;

const TOKEN: &str = "0badc0de0badc0de0badc0de0badc0de";

/// A wire that writes down what is sent and answers from a list.
#[derive(Default)]
struct Desk {
    asked: Mutex<Vec<Request<Bytes>>>,
    answers: Mutex<VecDeque<Result<Response<Bytes>, WireError>>>,
}

impl Wire for Desk {
    fn call(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Response<Bytes>, WireError>> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).push(request);
        let answer = self.answers.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        async move { answer.unwrap_or_else(|| Err(WireError::NotSent("nobody answers".to_owned()))) }.boxed()
    }
}

impl Desk {
    fn answering(status: u16, headers: &[(&str, &str)], body: impl ToString) -> Arc<Self> {
        let mut answer = Response::builder().status(status);
        for (name, value) in headers {
            answer = answer.header(*name, *value);
        }
        let answer = answer.body(Bytes::from(body.to_string())).expect("an answer");
        let desk = Self::default();
        desk.answers.lock().expect("lock").push_back(Ok(answer));
        Arc::new(desk)
    }

    fn broken(error: WireError) -> Arc<Self> {
        let desk = Self::default();
        desk.answers.lock().expect("lock").push_back(Err(error));
        Arc::new(desk)
    }

    /// Method and address of the only request.
    fn line(&self) -> String {
        self.only(|request| format!("{} {}", request.method(), request.uri()))
    }

    fn body(&self) -> Value {
        self.only(|request| match request.body().len() {
            0 => Value::Null,
            _ => serde_json::from_slice(request.body()).expect("a JSON body"),
        })
    }

    fn header(&self, name: &str) -> Option<String> {
        self.only(|request| request.headers().get(name).map(|value| value.to_str().expect("text").to_owned()))
    }

    fn only<T>(&self, look: impl FnOnce(&Request<Bytes>) -> T) -> T {
        let asked = self.asked.lock().expect("lock");
        assert_eq!(asked.len(), 1, "exactly one request per call");
        look(&asked[0])
    }

    fn count(&self) -> usize {
        self.asked.lock().expect("lock").len()
    }
}

fn token() -> SecretString {
    SecretString::from(TOKEN)
}

fn at(text: &str) -> DateTime<Utc> {
    DateTime::parse_from_rfc3339(text).expect("an instant").to_utc()
}
