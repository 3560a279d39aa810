//! Whoever knows the address and not the secret: what they send is seen, and moves nothing.

use bytes::Bytes;
use hourwire::cache::Store as _;
use hourwire::control::snapshot::SubscriptionLine;
use hourwire::engine::guard_wish::Asked;
use hourwire::receiver::signature;
use hourwire::simulator::toggl::Plan;
use http::{Request, StatusCode};

use super::stage::{Machine, Office, Running, live};

/// An event that somebody else signed, sent to our address.
async fn forge(office: &Office, n: u32) {
    let body = format!(r#"{{"event_id":{n},"payload":{{"id":77}},"subscription_id":20417}}"#);
    let receiver = office.way.receivers.lock().unwrap().values().next().cloned().expect("a receiver");
    let request = Request::post("/hooks/mfrggzdfmztwq2lknnwg23tpob")
        .header(signature::HEADER, signature::sign(b"a guess", body.as_bytes()))
        .body(Bytes::from(body))
        .unwrap();
    assert_eq!(receiver.handle(request).await.status(), StatusCode::UNAUTHORIZED);
}

async fn shown(office: &Office, running: &Running) -> SubscriptionLine {
    // Figures that change by the clock are looked at every five seconds.
    office.pass(6).await;
    running.engine.snapshot().expect("ready").subscriptions[0].clone()
}

#[tokio::test(start_paused = true)]
async fn refused_deliveries_show_as_bad_ones_and_are_written_nowhere() {
    let office = Office::new(Plan::Premium);
    let running = live(&office, &Machine::new("den")).await;
    let line = shown(&office, &running).await;
    assert_eq!((line.failures, line.last_bad_at, line.refused.as_str()), (0, None, ""));
    let before = running.store.applied_seq().unwrap();
    for n in 0..40 {
        forge(&office, n).await;
    }
    assert_eq!(running.store.applied_seq().unwrap(), before, "a stranger fills no ledger");
    let line = shown(&office, &running).await;
    assert_eq!((line.failures, line.refused.as_str()), (40, "wrong signature"));
    assert!(line.last_bad_at.is_some_and(|at| (office.now() - at).num_seconds() < 10));
    let own = running.own().unwrap();
    assert_eq!((own.failures, own.last_bad_at), (0, None), "it is shown, not known");
    office.track("Believed").await;
    office.until("it is here", 10, || running.entries() == 1).await;
    let line = shown(&office, &running).await;
    assert_eq!((line.failures, line.refused.as_str()), (0, ""), "the streak ends");
    assert!(line.last_bad_at.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_stranger_cannot_make_a_persons_decision_look_like_a_failure() {
    let office = Office::new(Plan::Premium);
    let running = live(&office, &Machine::new("den")).await;
    office.pass(90).await;
    for n in 0..10 {
        forge(&office, n).await;
    }
    office.switch(&running.own().unwrap().id, false).await;
    for n in 10..20 {
        forge(&office, n).await;
        office.pass(60).await;
    }
    office.until("it is seen", 400, || running.own().is_some_and(|own| !own.enabled)).await;
    for n in 20..40 {
        forge(&office, n).await;
        office.pass(900).await;
    }
    assert_eq!(office.listed().await[0]["enabled"], false);
    assert_eq!(office.count("PATCH /webhooks"), 0, "{:?}", running.log());
    assert_eq!(running.own().unwrap().cause, "cause unknown");
}

#[tokio::test(start_paused = true)]
async fn an_enabling_that_is_refused_is_no_bad_delivery() {
    let office = Office::new(Plan::Free);
    let running = live(&office, &Machine::new("den")).await;
    running.ask(Asked::Disable).await.unwrap();
    office.subscribe("somebody else's", true).await;
    let reason = running.ask(Asked::Enable).await.unwrap_err();
    assert!(reason.contains("reached the limit"), "{reason}");
    let line = shown(&office, &running).await;
    assert_eq!(
        (line.failures, line.last_bad_at),
        (0, None),
        "nothing was delivered, and nothing went wrong with it"
    );
}
