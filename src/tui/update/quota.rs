//! Actions of the Quota pane: background work is paused, what waits is sent from the person's part.

use crate::control::command::Wish;

use super::super::model::Model;
use super::{Effect, act};

/// Pauses the background work, or lets it go on.
pub fn pause(model: &mut Model) -> Vec<Effect> {
    let Some(job) = model.pausable() else { return Vec::new() };
    let made = Wish::Pause { job: job.id.clone(), on: !job.paused };
    act::wish(model, made)
}

/// Asks what sending now takes; a yes does it.
pub fn send_now(model: &mut Model) -> Vec<Effect> {
    let Some(target) = model.waiting_target() else { return Vec::new() };
    let made = |dry| Wish::SendNow { target: target.clone(), dry };
    act::ask(model, made(true), made(false))
}
