//! A refused token is tried again, ever more seldom; a web page in between is no refusal. What is old is read again.

use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use bytes::Bytes;
use chrono::TimeDelta;
use hourwire::domain::catalogue::Kind;
use hourwire::domain::id::{RemoteId, Service};
use hourwire::simulator::World;
use hourwire::simulator::toggl::Plan;
use http::{Response, StatusCode};
use serde_json::{Value, json};

use super::stage::{Folder, Services, WORKSPACE, pass};

const HOUR: u64 = 3_600;

fn refused(service: Service) -> Response<Bytes> {
    let (status, body) = match service {
        Service::Toggl => (StatusCode::FORBIDDEN, "\"Incorrect username and/or password\""),
        Service::Clockify => {
            (StatusCode::UNAUTHORIZED, r#"{"message":"Api key does not exist","code":4003}"#)
        }
    };
    Response::builder().status(status).body(Bytes::from_static(body.as_bytes())).unwrap()
}

async fn refused_for_a_while(which: Service) {
    let services = Services::new("2026-05-12T08:00:00Z", Plan::Premium, World::Empty);
    let folder = Folder::new(&services);
    folder.book.fall_back(&services.clockify_project("Unsorted").await);
    let running = folder.start(&services);
    pass(60).await;
    services.bend(move |service, _, answer| if service == which { refused(service) } else { answer });
    let key = services.track("waits", services.now() - TimeDelta::minutes(30), &[]).await;
    pass(400).await;
    assert!(running.alerts().iter().any(|say| say.contains("token is refused")), "{:?}", running.alerts());
    let known = services.count(which, "");
    pass(20 * 60).await;
    assert_eq!(services.count(which, ""), known + 1, "after a quarter of an hour");
    pass(HOUR).await;
    assert_eq!(services.count(which, ""), known + 2, "after an hour more");
    pass(9 * HOUR).await;
    let last = services.count(which, "");
    assert_eq!(last, known + 4, "after two and four hours: {:?}", services.sent(which, ""));
    assert_ne!(running.word(&key), "synced");
    services.straight();
    pass(5 * HOUR).await;
    assert_eq!(running.word(&key), "synced", "{:?}", running.alerts());
    assert_eq!(running.alerts(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_refused_toggl_token_is_tried_again() {
    refused_for_a_while(Service::Toggl).await;
}

#[tokio::test(start_paused = true)]
async fn a_refused_clockify_key_is_tried_again() {
    refused_for_a_while(Service::Clockify).await;
}

#[tokio::test(start_paused = true)]
async fn a_token_that_is_refused_from_the_first_call_on_is_tried_again() {
    let services = Services::new("2026-05-12T08:00:00Z", Plan::Premium, World::Empty);
    let folder = Folder::new(&services);
    folder.book.fall_back(&services.clockify_project("Unsorted").await);
    services.bend(|service, _, _| refused(service));
    let running = folder.start(&services);
    pass(10 * 60).await;
    assert_eq!((services.count(Service::Toggl, ""), services.count(Service::Clockify, "")), (1, 1));
    services.straight();
    pass(10 * 60).await;
    let key = services.track("works", services.now() - TimeDelta::minutes(15), &[]).await;
    pass(400).await;
    assert_eq!(running.word(&key), "synced");
}

#[tokio::test(start_paused = true)]
async fn a_late_refusal_of_the_old_token_does_not_stop_the_new_one() {
    for (service, call) in [(Service::Clockify, "/time-entries"), (Service::Toggl, "since=")] {
        let services = Services::new("2026-05-12T08:00:00Z", Plan::Premium, World::Empty);
        let folder = Folder::new(&services);
        folder.book.fall_back(&services.clockify_project("Unsorted").await);
        let running = folder.start(&services);
        pass(60).await;
        // The first call of this kind is refused, and its answer is long on the way.
        let first = std::sync::atomic::AtomicBool::new(true);
        services.bend(move |of, line, answer| {
            let hit = of == service && line.contains(call);
            if hit && first.swap(false, SeqCst) { refused(service) } else { answer }
        });
        services.lag(call, Duration::from_secs(20));
        let known = services.count(service, call);
        let key = services.track("waits", services.now() - TimeDelta::minutes(30), &[]).await;
        while services.count(service, call) == known {
            pass(1).await;
        }
        // One is new and good, the other a slip of the person: then the one before stands again.
        let (account, token) = if service == Service::Toggl {
            let line = "POST /api/v9/me/reset_token";
            ("main", services.person(service, line, Value::Null).await.as_str().unwrap().to_owned())
        } else {
            ("mirror", "no-key-at-all".to_owned())
        };
        assert!(running.engine.renew(&account.into(), token.into(), None, false));
        // Too early for a refused token to be tried again.
        pass(700).await;
        assert_eq!(running.word(&key), "synced", "{service}: {:?}", running.alerts());
        assert_eq!(running.alerts(), Vec::<String>::new(), "{service}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_answers_to_somebody_elses_token_count_for_nobody_here() {
    let services = Services::new("2026-05-12T08:00:00Z", Plan::Free, World::Demo);
    let folder = Folder::new(&services);
    let running = folder.start(&services);
    // Between two regular reads, which come every five minutes.
    pass(1_100).await;
    let meter = || {
        let meters = running.engine.snapshot().unwrap().meters.clone();
        assert!(meters.iter().all(|m| m.bucket != "user"), "{meters:?}");
        meters.into_iter().find(|m| m.bucket.starts_with("user:")).expect("the own user's")
    };
    let before = meter();
    let asked = services.count(Service::Toggl, "/me?");
    for token in [services.sim.access().toggl_second_token.unwrap(), "nobody-knows-this-one".into()] {
        assert!(running.engine.renew(&"main".into(), token.into(), None, false));
        pass(5).await;
        let after = meter();
        assert_eq!((after.remaining, after.resets_at), (before.remaining, before.resets_at));
        assert_eq!((after.spent, after.day), (before.spent.clone(), before.day.clone()));
    }
    assert_eq!(services.count(Service::Toggl, "/me?"), asked + 2);

    // The own user's new token is one more call of the same user, and what was spent counts on.
    let line = "POST /api/v9/me/reset_token";
    let token = services.person(Service::Toggl, line, Value::Null).await.as_str().unwrap().to_owned();
    assert!(running.engine.renew(&"main".into(), token.into(), None, false));
    pass(5).await;
    let after = meter();
    let calls = |meter: &hourwire::control::snapshot::Meter| meter.spent.iter().map(|(_, n)| n).sum::<u32>();
    assert!(calls(&after) > calls(&before), "{before:?} {after:?}");
    assert!(after.remaining < before.remaining, "{before:?} {after:?}");
    let moved = after.resets_at.zip(before.resets_at).map(|(after, before)| (after - before).abs());
    assert!(moved.is_some_and(|moved| moved <= TimeDelta::seconds(1)), "{before:?} {after:?}");
}

#[tokio::test(start_paused = true)]
async fn a_web_page_in_between_is_no_refused_token() {
    let services = Services::new("2026-05-12T08:00:00Z", Plan::Premium, World::Empty);
    let folder = Folder::new(&services);
    folder.book.fall_back(&services.clockify_project("Unsorted").await);
    let running = folder.start(&services);
    pass(60).await;
    services.bend(|_, _, _| {
        let page = Bytes::from_static(b"<html><title>403 Forbidden</title></html>");
        Response::builder().status(StatusCode::FORBIDDEN).body(page).unwrap()
    });
    let key = services.track("waits", services.now() - TimeDelta::minutes(30), &[]).await;
    pass(900).await;
    assert!(running.alerts().iter().all(|say| !say.contains("token")), "{:?}", running.alerts());
    services.straight();
    pass(1_500).await;
    assert_eq!(running.word(&key), "synced");
}

#[tokio::test(start_paused = true)]
async fn a_days_old_catalogue_is_read_again_and_forgets_what_is_gone() {
    let services = Services::new("2026-05-12T08:00:00Z", Plan::Premium, World::Empty);
    let projects = format!("/api/v9/workspaces/{WORKSPACE}/projects");
    let make = |name: &str| {
        let (services, line, body) =
            (services.clone(), format!("POST {projects}"), json!({"name": name, "active": true}));
        async move { services.person(Service::Toggl, &line, body).await["id"].as_i64().unwrap() }
    };
    let (old, kept) = (make("Old").await, make("Kept").await);
    let (gone, there) = (services.clockify_project("Gone").await, services.clockify_project("There").await);
    let running = Folder::new(&services).start(&services);
    pass(60).await;
    services.person(Service::Toggl, &format!("DELETE {projects}/{old}"), Value::Null).await;
    let fresh = make("Fresh").await;
    let path = format!("/api/v1/workspaces/{}/projects/{gone}", services.sim.access().clockify_workspace);
    services
        .person(Service::Clockify, &format!("PUT {path}"), json!({"name": "Gone", "archived": true}))
        .await;
    services.person(Service::Clockify, &format!("DELETE {path}"), Value::Null).await;
    pass(23 * HOUR).await;
    assert_eq!(services.count(Service::Toggl, "/me?"), 1);
    pass(2 * HOUR).await;
    assert_eq!(services.count(Service::Toggl, "/me?"), 2, "{:?}", services.sent(Service::Toggl, "/me?"));
    let deleted = |account: &str, id: RemoteId| running.item(account, Kind::Project, &id).map(|i| i.deleted);
    assert_eq!(deleted("main", old.into()), Some(true));
    assert_eq!((deleted("main", kept.into()), deleted("main", fresh.into())), (Some(false), Some(false)));
    assert_eq!(deleted("mirror", gone.as_str().into()), Some(true));
    assert_eq!(deleted("mirror", there.as_str().into()), Some(false));
}
