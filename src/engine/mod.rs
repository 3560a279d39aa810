//! The single writer and its parts. Thin: load rows, call `domain`, write, send.
//!
//! The parts are woken, not fed: they read open work from the desk and answer with facts. Nothing here holds a lock
//! across an await, and nothing waits for a part.

mod absence;
mod apply;
mod black_box;
mod brake;
mod budget;
mod call;
mod commands;
mod desk;
mod disk;
mod dispatcher;
mod doubts;
mod errands;
mod first_day;
mod guard_page;
pub mod guard_wish;
mod guardian;
mod heard;
mod history;
mod hitch;
mod host;
mod incident_told;
mod intake;
mod jobs;
mod labels;
mod lobby;
mod lookup;
mod mapper;
mod names;
mod places;
mod plan;
mod profile;
mod puller;
mod rebind;
mod renew;
mod replay;
mod requests;
pub mod seams;
mod send;
pub mod setup;
mod snapshot;
mod state;
mod steady;
mod survey;
mod target_guard;
mod target_plan;
mod turn;
mod upkeep;
mod viewers;
mod views;
mod warm;
mod words;

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

use crate::journal::InboxWriter;

pub use desk::{DeskError, changes_of};
pub use host::{Parts, catch_up};
pub use lobby::{CacheFacts, Facts, Refused};
pub use renew::TokenBook;
use seams::Seams;
use state::State;

/// Wakes of the parts.
#[derive(Default)]
struct Wakes {
    dispatch: Notify,
    pull: Notify,
    guard: Notify,
    map: Notify,
    upkeep: Notify,
}

/// The engine. Clones of the `Arc` are handed to its parts.
pub struct Engine {
    state: Mutex<State>,
    seams: Seams,
    inbox: InboxWriter,
    /// The index of the deliveries kept raw.
    black_box: black_box::BlackBox,
    wakes: Wakes,
    /// Grows with every change that a viewer may see.
    changed: watch::Sender<u64>,
    /// True once intake may start.
    ready: watch::Sender<bool>,
    stop: CancellationToken,
    /// No service is asked: see [`Engine::rest`].
    rests: AtomicBool,
    lanes: call::Lanes,
    /// What people want of subscriptions.
    guard_wishes: guard_wish::Lines,
    /// Where viewers and their commands meet.
    lobby: lobby::Lobby,
}

impl Engine {
    /// The state; never held across an await.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells viewers and parts that something changed.
    fn touch(&self) {
        self.changed.send_modify(|rev| *rev += 1);
    }

    /// Wakes the dispatcher too.
    fn touch_work(&self) {
        self.touch();
        self.wakes.dispatch.notify_waiters();
    }
}

/// A shared engine.
type Shared = Arc<Engine>;
