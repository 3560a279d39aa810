//! What people change in Clockify, told by its webhooks: over the simulator in one process, in paused time.

mod conflicts;
mod drift;
mod keeping;
mod proofs;
mod replays;

use hourwire::simulator::toggl::Plan;

use crate::guardian::stage::{Machine, Office, Running, live};

/// An office whose machine has all webhooks that the plan has room for, with one entry in both services.
async fn ready(plan: Plan) -> (Office, Machine, Running) {
    let office = Office::new(plan);
    let machine = Machine::with_mirror("den", &office).await;
    let running = live(&office, &machine).await;
    let count = if plan == Plan::Free { 3 } else { 7 };
    office.until("all webhooks", 300, || running.hooks().len() == count).await;
    office.track("Wireframes").await;
    office.until("synced", 300, || running.count("synced") == 1).await;
    office.pass(10).await;
    (office, machine, running)
}
