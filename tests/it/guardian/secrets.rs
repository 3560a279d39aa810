//! Secrets that change: made anew here, or set by somebody in the service's web page. Looked at is the receiver, with
//! the old secret and the new one, within the overlap and after it, and after a kill at every step.

use std::sync::atomic::Ordering::SeqCst;

use bytes::Bytes;
use hourwire::control::command::Reshape;
use hourwire::domain::health::SubState;
use hourwire::receiver::signature;
use hourwire::simulator::toggl::Plan;
use http::{Request, StatusCode};
use serde_json::json;

use super::stage::{Machine, Office, live};

const DAY: u64 = 24 * 3_600;
const FIRST: &str = "own-test-secret-01";
const THEIRS: &str = "set-in-the-web-page";

/// Whether the receiver takes what is signed with a secret.
async fn takes(office: &Office, secret: &str) -> bool {
    // A PING, which changes nothing.
    let body = format!(
        r#"{{"event_id":0,"created_at":"{0}","creator_id":1,"metadata":{{}},"payload":"ping","subscription_id":1,"timestamp":"{0}"}}"#,
        office.now().to_rfc3339()
    );
    let receiver = office.way.receivers.lock().unwrap().values().next().cloned().expect("a receiver");
    let request = Request::post("/hooks/mfrggzdfmztwq2lknnwg23tpob")
        .header(signature::HEADER, signature::sign(secret.as_bytes(), body.as_bytes()))
        .body(Bytes::from(body))
        .unwrap();
    receiver.handle(request).await.status() == StatusCode::OK
}

/// Somebody sets another secret; the service does not call the address for that.
fn set_theirs(office: &Office) {
    office.sim.change_hooks(|hooks| {
        for row in hooks.subscriptions.values_mut() {
            row.secret = THEIRS.into();
        }
    });
}

/// What the service signs with.
async fn listed(office: &Office) -> String {
    office.listed().await[0]["secret"].as_str().expect("a secret").to_owned()
}

#[tokio::test(start_paused = true)]
async fn either_secret_can_win_and_the_other_one_is_taken_for_a_day_when_it_was_in_force() {
    for adopt in [true, false] {
        let office = Office::new(Plan::Premium);
        let machine = Machine::new("den");
        let running = live(&office, &machine).await;
        office.faults(json!({"deliveries": {"disable_after": 0}}));
        set_theirs(&office);
        office.until("it is told", 400, || running.drift() == ["secret"]).await;
        assert_eq!(running.own().map(|own| own.state(office.now())), Some(SubState::Drifted));
        assert!(!takes(&office, THEIRS).await && takes(&office, FIRST).await, "nobody's key, nobody's word");
        office.track("Refused here").await;
        office.pass(60).await;
        running.reshape(if adopt { Reshape::Adopt } else { Reshape::Restore }).await.unwrap();
        assert_eq!(listed(&office).await == THEIRS, adopt);
        assert_eq!(running.drift(), Vec::<String>::new());
        office.until("what was refused is read", 60, || running.entries() == 1).await;
        office.track("Signed anew").await;
        office.until("it is delivered", 10, || running.entries() == 2).await;
        // Theirs was never in force here before; ours was.
        let both = [takes(&office, FIRST).await, takes(&office, THEIRS).await];
        assert_eq!(both, [true, adopt], "within the overlap");
        running.kill(&office).await;
        let running = machine.start(&office);
        let both = [takes(&office, FIRST).await, takes(&office, THEIRS).await];
        assert_eq!(both, [true, adopt], "within the overlap, after a kill");
        office.pass(DAY + 60).await;
        let both = [takes(&office, FIRST).await, takes(&office, THEIRS).await];
        assert_eq!(both, [!adopt, adopt], "after it");
        assert!(running.drift().is_empty() && running.incidents().is_empty(), "{:?}", running.log());
    }
}

#[tokio::test(start_paused = true)]
async fn one_that_was_disabled_over_it_waits_for_a_word_and_is_healed_then() {
    let office = Office::new(Plan::Premium);
    let running = live(&office, &Machine::new("den")).await;
    office.pass(90).await;
    set_theirs(&office);
    office.track("Refused here").await;
    office.until("the service gave up", 200, || office.sim.receiving() == 0).await;
    let told = || running.own().is_some_and(|own| own.cause.starts_with("signature: its secret was changed"));
    office.until("the cause is told", 400, told).await;
    office.pass(6 * 3_600).await;
    assert_eq!(
        office.count("PATCH /webhooks"),
        0,
        "each try would fail at our own door: {:?}",
        running.log()
    );
    assert_eq!(running.drift(), ["secret"]);
    running.reshape(Reshape::Adopt).await.unwrap();
    office.until("healed", 60, || running.is_well() && running.incidents()[0].closed_at.is_some()).await;
    assert_eq!((running.entries(), running.incidents().len()), (1, 1), "{:?}", running.log());
    assert!(running.incidents()[0].requests <= 6, "{:?}", running.incidents());
    office.track("Signed anew").await;
    office.until("it is delivered", 10, || running.entries() == 2).await;
}

#[tokio::test(start_paused = true)]
async fn a_kill_at_any_step_of_a_change_loses_no_delivery() {
    for change in [Reshape::Rotate, Reshape::Adopt] {
        let mut cuts = 0;
        for cut in 0..20 {
            let office = Office::new(Plan::Premium);
            let machine = Machine::new("den");
            let running = live(&office, &machine).await;
            if change == Reshape::Adopt {
                office.faults(json!({"deliveries": {"disable_after": 0}}));
                set_theirs(&office);
                office.until("it is told", 400, || running.drift() == ["secret"]).await;
            }
            machine.plug.store(cut, SeqCst);
            if cut == 0 && change == Reshape::Rotate {
                // Written down, and killed before the service heard of it.
                machine.book.rotate_and_die(&"main".into(), office.now().timestamp() + DAY.cast_signed());
            } else {
                // Whoever asked may hear nothing any more.
                let asked = running.reshape(change.clone());
                let _ = tokio::time::timeout(std::time::Duration::from_secs(60), asked).await;
            }
            let reached = cut == 0 || machine.plug.swap(0, SeqCst) == 0;
            running.kill(&office).await;
            let running = machine.start(&office);
            let signs = listed(&office).await;
            assert!(takes(&office, &signs).await || change == Reshape::Adopt, "{change:?} cut {cut}");
            office.until("it is looked at", 400, || office.sim.requests().len() > 3).await;
            office.pass(360).await;
            if running.drift() == ["secret"] {
                // The change was cut off before it began: a person asks again.
                assert_eq!(change, Reshape::Adopt, "cut {cut}: a rotation of ours is no drift");
                let _ = running.reshape(change.clone()).await;
            }
            office.faults(json!({}));
            let signs = listed(&office).await;
            for after in [0, DAY + 60] {
                office.pass(after).await;
                assert!(takes(&office, &signs).await, "{change:?} cut {cut}, {after} s later");
            }
            assert!(takes(&office, FIRST).await == (signs == FIRST), "{change:?} cut {cut}: not for ever");
            let before = running.entries();
            office.track("At the end").await;
            office.until("it is delivered", 10, || running.entries() == before + 1).await;
            let said = running.incidents();
            assert!(said.is_empty() && running.drift().is_empty(), "{change:?} cut {cut}: {said:?}");
            if !reached {
                break;
            }
            cuts += 1;
        }
        assert!((2..20).contains(&cuts), "{change:?}: {cuts} steps were cut");
    }
}
