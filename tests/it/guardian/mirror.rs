//! A target beside the source of a machine: its mapping leads everything to one project, and its webhooks' places and
//! tokens are kept as a file would keep them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use hourwire::domain::id::{Account, RemoteId, Service};
use hourwire::domain::mapping::{Mapping, Named};
use hourwire::domain::policy::OnDelete;
use hourwire::engine::setup::{EventHook, MappingBook, TargetSetup, event_label};
use hourwire::receiver::{self, Hooks};
use hourwire::services::http::{Wire, WireError};
use hourwire::simulator::Simulator;
use http::{Method, Request, Response};
use secrecy::SecretString;
use serde_json::{Value, json};

use super::stage::Office;
use super::way::Way;
use crate::books::Fixed;

/// The target's name.
pub const MIRROR: &str = "mirror";

/// What a machine knows of its target.
#[derive(Clone)]
pub struct Mirror {
    project: RemoteId,
    pub places: Arc<Places>,
}

impl Mirror {
    /// A project there for everything.
    pub async fn new(office: &Office) -> Self {
        let made = office.clockify(Method::POST, "/projects", json!({"name": "Harbor site"})).await;
        let project = RemoteId::from(made["id"].as_str().expect("an id"));
        Self { project, places: Arc::default() }
    }

    /// The same, with a copy of the file of places.
    pub fn copied(&self) -> Self {
        let places = self.places.0.lock().unwrap().clone();
        Self { project: self.project.clone(), places: Arc::new(Places(Mutex::new(places))) }
    }

    pub fn setup(&self, office: &Office) -> TargetSetup {
        let access = office.sim.access();
        TargetSetup {
            account: MIRROR.into(),
            tag: "CL".into(),
            base_url: "https://clockify.test/api/v1".into(),
            token: access.clockify_token.into(),
            workspace: access.clockify_workspace.as_str().into(),
            managed: true,
            on_delete: OnDelete::Retire,
            sync_from: Some("2026-01-01".parse().unwrap()),
            wire: Arc::new(Line(office.sim.clone(), office.way.clone())),
        }
    }

    pub fn mapping(&self) -> Arc<dyn MappingBook> {
        let to = Named { id: self.project.clone(), name: "Harbor site".into() };
        Arc::new(Fixed(Mapping { fallback: BTreeMap::from([(MIRROR.into(), to)]), ..Mapping::default() }))
    }
}

struct Line(Simulator, Arc<Way>);

impl Wire for Line {
    fn call(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Response<Bytes>, WireError>> {
        Box::pin(async move {
            self.1.waking().await;
            let answer = self.0.call(Service::Clockify, request).await;
            answer.map_err(|e| WireError::Unknown(e.to_string()))
        })
    }
}

/// The places of the webhooks, by event.
#[derive(Default)]
pub struct Places(Mutex<BTreeMap<String, EventHook>>);

impl Places {
    /// Tells the receiver.
    pub fn publish(&self, hooks: &Hooks) {
        for place in self.0.lock().unwrap().values() {
            let Some((_, token)) = &place.made else { continue };
            let known = receiver::Hook {
                service: Service::Clockify,
                label: event_label(&MIRROR.into(), &place.event),
                secret: token.clone(),
                previous: None,
                event: Some(place.event.clone()),
            };
            hooks.set(place.path.clone(), known);
        }
    }

    pub fn place(&self, event: &str) -> EventHook {
        let mut places = self.0.lock().unwrap();
        let path = format!("place-{}", places.len());
        let new = || EventHook { event: event.to_owned(), path, made: None };
        places.entry(event.to_owned()).or_insert_with(new).clone()
    }

    pub fn all(&self) -> Vec<EventHook> {
        self.0.lock().unwrap().values().cloned().collect()
    }

    pub fn rename(&self, from: &str, to: &str) {
        let mut places = self.0.lock().unwrap();
        let place = places.remove(from).expect("a place comes first");
        places.insert(to.to_owned(), EventHook { event: to.to_owned(), ..place });
    }

    pub fn keep(&self, event: &str, path: Option<&str>, made: (&RemoteId, SecretString)) {
        let mut places = self.0.lock().unwrap();
        let place = places.get_mut(event).expect("a place comes first");
        if let Some(path) = path {
            path.clone_into(&mut place.path);
        }
        place.made = Some((made.0.clone(), made.1));
    }
}

impl Office {
    /// A person at work in Clockify's web page.
    pub async fn clockify(&self, method: Method, path: &str, body: Value) -> Value {
        let access = self.sim.access();
        let request = Request::builder()
            .method(method)
            .uri(format!("https://clockify.test/api/v1/workspaces/{}{path}", access.clockify_workspace))
            .header("x-api-key", access.clockify_token)
            .header("content-type", "application/json")
            .header("x-simulator-person", "1");
        let body = Bytes::from(if body.is_null() { String::new() } else { body.to_string() });
        let answer = self.sim.call(Service::Clockify, request.body(body).unwrap()).await.expect("an answer");
        assert!(answer.status().is_success(), "{path}: {:?}", answer.body());
        serde_json::from_slice(answer.body()).unwrap_or(Value::Null)
    }

    /// An entry of Clockify by its description.
    pub fn there(&self, description: &str) -> Option<Value> {
        let state = self.sim.state();
        let entries = state["clockify"]["entries"].as_array().cloned().unwrap_or_default();
        entries.into_iter().find(|entry| entry["description"] == description)
    }

    /// A person edits an entry of Clockify in its web page: another description.
    pub async fn edit_there(&self, old: &str, new: &str) {
        let entry = self.there(old).expect("the entry");
        let id = entry["id"].as_str().expect("an id");
        let body = json!({
            "start": entry["timeInterval"]["start"], "end": entry["timeInterval"]["end"], "description": new,
            "projectId": entry["projectId"], "billable": entry["billable"], "tagIds": entry["tagIds"],
        });
        self.clockify(Method::PUT, &format!("/time-entries/{id}"), body).await;
    }

    /// Webhooks of Clockify.
    pub fn hooks_there(&self) -> Vec<Value> {
        self.sim.state()["clockify"]["webhooks"].as_array().cloned().unwrap_or_default()
    }
}

/// The account.
pub fn mirror() -> Account {
    MIRROR.into()
}
