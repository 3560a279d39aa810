//! Clients and simulator in one process: two independent readings of the references must understand each other.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use hourwire::domain::announced::{About, Action};
use hourwire::domain::entry::TargetEntry;
use hourwire::domain::id::RemoteId;
use hourwire::services::clockify::Clockify;
use hourwire::services::http::{Failure, Wire, WireError};
use hourwire::services::toggl::{Draft, Filter, Toggl, Wanted, delivery};
use hourwire::simulator::call::{Call, Reply};
use hourwire::simulator::{clockify as clockify_world, toggl as toggl_world};
use http::{Request, Response};
use secrecy::SecretString;
use serde_json::json;

use super::{TOKEN, at};

/// A simulated service whose clock goes on two seconds with each call.
struct Stage<S> {
    service: Mutex<(S, DateTime<Utc>)>,
    answer: fn(&mut S, &str, &mut Call) -> Reply,
}

impl<S: Send> Wire for Stage<S> {
    fn call(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Response<Bytes>, WireError>> {
        let mut held = self.service.lock().expect("lock");
        held.1 += TimeDelta::seconds(2);
        let url: reqwest::Url = request.uri().to_string().parse().expect("an address");
        let text = |value: &http::HeaderValue| value.to_str().expect("text").to_owned();
        let mut call = Call {
            method: request.method().clone(),
            path: String::new(),
            query: url.query_pairs().map(|(name, value)| (name.into(), value.into())).collect(),
            headers: request.headers().iter().map(|(name, value)| (name.to_string(), text(value))).collect(),
            body: request.body().clone(),
            person: false,
            now: held.1,
        };
        let reply = (self.answer)(&mut held.0, url.path(), &mut call);
        let mut response = Response::builder().status(reply.status);
        for (name, value) in &reply.headers {
            response = response.header(name, value);
        }
        let response = response.body(reply.body).expect("an answer");
        async move { Ok(response) }.boxed()
    }
}

fn toggl_answers(service: &mut toggl_world::Toggl, path: &str, call: &mut Call) -> Reply {
    let found = toggl_world::Api::ALL.into_iter().find_map(|api| Some((api, path.strip_prefix(api.base())?)));
    let (api, rest) = found.expect("a path of an API");
    call.path = rest.to_owned();
    match service.handle(api, call).step {
        toggl_world::Step::Done(reply) => reply,
        toggl_world::Step::Ask(ask) => {
            let ping = delivery::parse(&ask.ping.body).expect("a PING that is understood");
            let About::Ping { code } = ping.about else { panic!("{ping:?}") };
            let echo = json!({ "validation_code": code }).to_string().into_bytes();
            service.asked(*ask, Ok((http::StatusCode::OK, echo)), call.now)
        }
    }
}

fn clockify_answers(service: &mut clockify_world::Clockify, path: &str, call: &mut Call) -> Reply {
    call.path = path.strip_prefix("/api/v1").expect("a path of the API").to_owned();
    service.handle(call)
}

fn toggl_stage() -> Arc<Stage<toggl_world::Toggl>> {
    let now = at("2026-03-02T09:00:00Z");
    let mut book = toggl_world::Book::default();
    let owner = toggl_world::User {
        id: toggl_world::OWNER,
        name: "Ida Kern".to_owned(),
        email: "ida@example.test".to_owned(),
        password: String::new(),
        token: TOKEN.to_owned(),
        zone: chrono_tz::Europe::Berlin,
        admin: true,
        at: now,
    };
    book.users.insert(owner.id, owner);
    let workspace = toggl_world::Workspace {
        id: toggl_world::WORKSPACE,
        organization: toggl_world::ORGANIZATION,
        name: "Kern".to_owned(),
        at: now,
    };
    book.workspaces.insert(workspace.id, workspace);
    let service = toggl_world::Toggl::new(1, toggl_world::Plan::Premium, book);
    Arc::new(Stage { service: Mutex::new((service, now)), answer: toggl_answers })
}

#[tokio::test]
async fn a_toggl_entry_lives_and_dies() {
    let stage = toggl_stage();
    let toggl = Toggl::new(stage.clone(), "http://127.0.0.1", SecretString::from(TOKEN));
    let workspace = RemoteId::from(toggl_world::WORKSPACE);
    let me = toggl.me(true).await;
    assert_eq!(me.told.remaining, Some(29));
    let me = me.result.expect("a profile").only(&workspace);
    assert_eq!((me.user.name.as_str(), me.workspaces.len()), ("Ida Kern", 1));
    assert_eq!(me.workspaces[0].organization, Some(RemoteId::from(toggl_world::ORGANIZATION)));
    let wanted = Wanted {
        description: "hourwire host 0f1e".to_owned(),
        filters: vec![Filter::new("time_entry", "*"), Filter::new("project", "*")],
        url: "https://hooks.example.com/hooks/x".to_owned(),
        secret: SecretString::from("own-test-secret-01"),
        enabled: true,
    };
    let made = toggl.create_subscription(&workspace, &wanted).await.result.expect("a subscription");
    assert!(made.validated_at.is_some() && made.has_secret());
    let again = toggl.create_subscription(&workspace, &wanted).await.result.expect_err("the name is taken");
    assert!(matches!(again, Failure::Refused { status: 400, .. }), "{again}");
    assert!(!toggl.set_enabled(&workspace, &made.id, false).await.result.expect("off").enabled);
    assert!(toggl.set_enabled(&workspace, &made.id, true).await.result.expect("on").enabled);
    toggl.ping(&workspace, &made.id).await.result.expect("a PING");
    assert_eq!(toggl.limits(&workspace).await.result.expect("limits").filters, 12);
    assert!(toggl.event_filters().await.result.expect("filters").contains_key("time_entry"));
    let draft = Draft {
        start: at("2026-03-02T08:00:00Z"),
        stop: None,
        description: "Wireframes".to_owned(),
        project: None,
        tags: vec!["design".to_owned()],
        billable: None,
    };
    let started = toggl.create_entry(&workspace, &draft).await.result.expect("a timer");
    assert!(started.entry.as_ref().expect("entry").is_running());
    let current = toggl.current().await.result.expect("an answer").expect("it runs");
    assert_eq!(current, started);
    let stopped = toggl.stop_entry(&workspace, &started.id).await.result.expect("stopped");
    assert_eq!(stopped.entry.as_ref().expect("entry").tags, ["design"]);
    assert_eq!(toggl.current().await.result, Ok(None));
    let twice = toggl.stop_entry(&workspace, &started.id).await.result;
    assert!(matches!(twice, Err(Failure::Refused { status: 409, .. })), "{twice:?}");
    assert_eq!(toggl.entry(&started.id).await.result, Ok(stopped.clone()));
    toggl.delete_entry(&workspace, &started.id).await.result.expect("deleted");
    let since = toggl.entries_since(at("2026-03-02T09:00:00Z").timestamp()).await.result.expect("reads");
    assert_eq!((since.len(), since[0].deleted_at.is_some(), &since[0].entry), (1, true, &stopped.entry));
    assert!(matches!(toggl.entry(&started.id).await.result, Err(Failure::Missing(_))));
    let mut held = stage.service.lock().expect("lock");
    let now = held.1;
    let said: Vec<_> = held
        .0
        .take_fresh()
        .into_iter()
        .filter_map(|ticket| held.0.attempt(ticket, now))
        .map(|outgoing| delivery::parse(&outgoing.body).expect("a delivery that is understood"))
        .collect();
    let actions: Vec<_> = said.iter().filter_map(|announced| announced.action).collect();
    assert_eq!(actions, [Action::Created, Action::Updated, Action::Deleted]);
    let reads: Vec<_> = said
        .into_iter()
        .filter_map(|announced| match announced.about {
            About::Entry { read, .. } => read,
            _ => None,
        })
        .collect();
    assert_eq!((&reads[0], &reads[1]), (&started, &stopped), "a delivery and a read of one state are equal");
    assert_eq!(reads[2], since[0]);
}

#[tokio::test]
async fn a_clockify_entry_lives_and_dies() {
    let options =
        clockify_world::ClockifyOptions::new(1, clockify_world::Plan::Paid, at("2026-03-02T16:00:00Z"));
    let service = clockify_world::Clockify::new(options);
    let token = SecretString::from(service.token());
    let stage =
        Stage { service: Mutex::new((service, at("2026-03-02T16:00:00Z"))), answer: clockify_answers };
    let workspace = RemoteId::from(clockify_world::WORKSPACE_ID);
    let clockify = Clockify::new(Arc::new(stage), "http://127.0.0.1/api/v1", token, workspace.clone());
    let profile = clockify.user().await.result.expect("a profile");
    assert_eq!(
        (profile.zone.as_deref(), profile.active_workspace),
        (Some("America/New_York"), Some(workspace))
    );
    assert!(!clockify.workspace().await.result.expect("a workspace").is_free());
    assert_eq!(clockify.users(1).await.result.expect("users").rows, std::slice::from_ref(&profile.user));
    let client = clockify.create_client("Harbor Co").await.result.expect("a client");
    let project =
        clockify.create_project("Harbor site", Some(&client.id), true, None).await.result.expect("one");
    assert_eq!(clockify.projects(1).await.result.expect("projects").rows, std::slice::from_ref(&project));
    assert_eq!(clockify.clients(1).await.result.expect("clients").rows, [client]);
    let tag = clockify.create_tag("design").await.result.expect("a tag");
    let taken = clockify.create_tag("design").await.result;
    assert!(matches!(taken, Err(Failure::Refused { status: 400, .. })), "{taken:?}");
    assert_eq!(clockify.tags_by_name("design", true).await.result.expect("tags"), std::slice::from_ref(&tag));
    assert!(clockify.tags(1).await.result.expect("tags").last);
    let mut entry = TargetEntry {
        user: profile.user.id.clone(),
        project: Some(project.id),
        start: at("2026-03-02T14:00:00Z"),
        stop: at("2026-03-02T15:30:00Z"),
        description: "Landing page copy".to_owned(),
        tags: vec!["design".to_owned()],
        billable: true,
    };
    let made =
        clockify.create_entry(&entry, true, std::slice::from_ref(&tag.id)).await.result.expect("an entry");
    assert_eq!((made.start, made.stop, &made.tags), (entry.start, Some(entry.stop), &vec![tag.id]));
    let widened = TimeDelta::hours(26);
    let (from, to) = (entry.start - widened, entry.stop + widened);
    let page = clockify.list_entries(&profile.user.id, from, to, 1, 50).await.result.expect("a page");
    assert_eq!((page.rows.len(), &page.rows[0].id, page.last), (1, &made.id, true));
    entry.project = None;
    let changed = clockify.update_entry(&made.id, &made, &entry, &[]).await.result.expect("changed");
    assert_eq!((&changed.project, changed.tags.len()), (&None, 0), "a replacement clears what it leaves out");
    let read = clockify.entry(&made.id).await.result.expect("an entry");
    assert_eq!((&read.project, &read.description), (&None, &entry.description));
    clockify.delete_entry(&made.id).await.result.expect("deleted");
    let repeated = clockify.delete_entry(&made.id).await.result;
    assert!(matches!(repeated, Err(Failure::Missing(_))), "{repeated:?}");
    assert!(matches!(clockify.entry(&made.id).await.result, Err(Failure::Missing(_))));
    assert!(matches!(
        clockify.update_entry(&made.id, &made, &entry, &[]).await.result,
        Err(Failure::Missing(_))
    ));
}
