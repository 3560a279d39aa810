//! What a key on the subscription takes stays within the price that was shown, with colleagues too.

use hourwire::control::command::Reshape;
use hourwire::domain::id::Service;
use hourwire::engine::guard_wish::Asked;
use hourwire::simulator::World;
use hourwire::simulator::toggl::Plan;
use hourwire::tui::keymap::{Action, prices};

use super::stage::{Machine, Office, Running, live};

/// Requests that a wish takes with all that follows from it, without what the schedule asks meanwhile.
async fn taken(office: &Office, running: &Running, what: Asked) -> u64 {
    office.sim.clear_requests();
    running.ask(what).await.unwrap();
    office.pass(10).await;
    let free = |line: &&String| {
        !line.contains("/limits/") && !line.contains("/validate/") && !line.contains("event_filters")
    };
    office.requests().iter().filter(free).count() as u64
}

#[tokio::test(start_paused = true)]
async fn no_key_takes_more_than_its_price() {
    let office = Office::of(Plan::Premium, World::Demo, 7);
    let running = live(&office, &Machine::new("den")).await;
    office.pass(420).await;
    let rename = Reshape::Rename { name: "hourwire den 0f1e".into() };
    for (action, off, what) in [
        (Action::Test, false, Asked::Test),
        (Action::Validate, false, Asked::Validate),
        (Action::RotateSecret, false, Asked::Reshape(Reshape::Rotate)),
        (Action::RestoreOurs, false, Asked::Reshape(Reshape::Restore)),
        (Action::AdoptTheirs, false, Asked::Reshape(Reshape::Adopt)),
        (Action::RenameHook, false, Asked::Reshape(rename)),
        (Action::Disable, false, Asked::Disable),
        (Action::Reenable, true, Asked::Enable),
        (Action::DeleteHook, false, Asked::Reshape(Reshape::Delete)),
        (Action::MakeHook, true, Asked::Reshape(Reshape::Create)),
    ] {
        let took = taken(&office, &running, what).await;
        let most = prices::most(action, Service::Toggl, off);
        assert!((1..=most).contains(&took), "{action:?}: {took} of {most}: {:?}", office.asked());
        office.colleague_tracks("Meanwhile").await;
    }
}
