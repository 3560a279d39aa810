//! Starting and stopping an engine: what must be there before its parts may run, and in which order.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{mpsc, watch};
use tokio::task::{Id, JoinSet};
use tokio_util::sync::CancellationToken;

use crate::cache::{Store, rows};
use crate::control::link::EngineEnd;
use crate::domain::id::Account;
use crate::journal::{InboxWriter, Ledger};

use super::desk::{Desk, DeskError, Desked};
use super::lobby::Lobby;
use super::seams::Seams;
use super::setup::Setup;
use super::state::State;
use super::{
    Engine, Shared, Wakes, dispatcher, errands, guardian, intake, puller, target_guard, upkeep, viewers,
};

/// Parts at work, by name.
#[derive(Default)]
struct Running {
    tasks: JoinSet<Desked<()>>,
    names: HashMap<Id, String>,
}

impl Running {
    fn add(&mut self, name: String, part: impl Future<Output = Desked<()>> + Send + 'static) {
        let id = self.tasks.spawn(part).id();
        self.names.insert(id, name);
    }

    /// Waits for the first part that ends. None of them may while the engine runs: what it did would be left undone,
    /// and nobody would see it.
    async fn first_end(&mut self) -> DeskError {
        let (id, why) = match self.tasks.join_next_with_id().await {
            None => return DeskError::Ended("every part".into(), "there is nothing to do".into()),
            Some(Ok((_, Err(e)))) if !matches!(e, DeskError::NotReady) => return e,
            Some(Ok((id, Err(e)))) => (id, e.to_string()),
            Some(Ok((id, Ok(())))) => (id, "it found nothing to do".into()),
            Some(Err(e)) => (e.id(), "it panicked; the log says where".into()),
        };
        DeskError::Ended(self.names.get(&id).cloned().unwrap_or_default(), why)
    }
}

/// What an engine is made of.
pub struct Parts {
    /// Accounts, policy, books.
    pub setup: Setup,
    /// Time, randomness, probe.
    pub seams: Seams,
    /// The ledger; the engine is its only writer.
    pub ledger: Arc<Mutex<Ledger>>,
    /// The cache over it.
    pub store: Arc<dyn Store>,
    /// The inbox that the receiver appends to.
    pub inbox: InboxWriter,
}

impl Engine {
    /// An engine that does not run yet.
    pub fn new(parts: Parts) -> Arc<Self> {
        let Parts { setup, seams, ledger, store, inbox } = parts;
        let lanes = setup.sources.iter().map(|s| (s.account.clone(), tokio::sync::Mutex::new(()))).collect();
        let guard_wishes = super::guard_wish::Lines::new(setup.accounts().map(|(a, ..)| a));
        let desk = Desk::new(ledger, store, seams.clone());
        let lobby = Lobby::new(seams.now());
        let mut state = State::new(desk, setup);
        state.counts.applied_through = inbox.last_seq();
        Arc::new(Self {
            state: Mutex::new(state),
            seams,
            inbox,
            black_box: super::black_box::BlackBox::default(),
            wakes: Wakes::default(),
            changed: watch::Sender::new(0),
            ready: watch::Sender::new(false),
            stop: CancellationToken::new(),
            rests: AtomicBool::new(false),
            lanes,
            guard_wishes,
            lobby,
        })
    }

    /// Lets [`Engine::run`] ask no service: what arrived is applied, what is kept can be read, and what a person decides
    /// is kept for the next engine.
    pub fn rest(&self) {
        self.rests.store(true, Ordering::Relaxed);
    }

    /// Ends [`Engine::run`].
    pub fn stop(&self) {
        self.stop.cancel();
    }

    /// A token that is cancelled when the engine stops.
    pub fn stopping(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// Runs until stopped. The receiver may run before it; viewers that arrive are attended from the first moment on,
    /// also while the cache opens.
    ///
    /// # Errors
    /// [`DeskError`] when the ledger can no longer be written or a part ended; nothing was lost, a restart goes on from
    /// there.
    pub async fn run(self: Arc<Self>, arrivals: mpsc::Receiver<EngineEnd>) -> Result<(), DeskError> {
        let attending = tokio::spawn(viewers::run(self.clone(), arrivals));
        let outcome = self.clone().work().await;
        if let Err(e) = &outcome {
            tracing::error!(error = %e, "the engine stops");
            self.state().ended = Some(format!("engine stopped: {e}"));
        }
        self.stop.cancel();
        if attending.await.is_err() {
            tracing::error!("attending to viewers ended in a panic");
        }
        outcome
    }

    async fn work(self: Arc<Self>) -> Result<(), DeskError> {
        self.await_cache().await?;
        let mut parts = Running::default();
        let (sources, targets) =
            if self.rests.load(Ordering::Relaxed) { Default::default() } else { self.accounts() };
        parts.add("the intake".into(), intake::run(self.clone()));
        parts.add("the black box".into(), super::black_box::run(self.clone()));
        parts.add("the mapper".into(), errands::run(self.clone()));
        for account in sources {
            parts.add(format!("the guardian of {account}"), guardian::run(self.clone(), account.clone()));
            parts.add(format!("the upkeep of {account}"), upkeep::keep_source(self.clone(), account.clone()));
            parts.add(format!("the puller of {account}"), puller::run(self.clone(), account));
        }
        for account in targets {
            parts.add(format!("the upkeep of {account}"), upkeep::keep_target(self.clone(), account.clone()));
            parts.add(
                format!("the guard of the webhooks of {account}"),
                target_guard::run(self.clone(), account.clone()),
            );
            parts.add(format!("the dispatcher of {account}"), dispatcher::run(self.clone(), account));
        }
        let dying = self.state().desk.dying();
        let outcome = tokio::select! { biased;
            () = self.stop.cancelled() => Ok(()),
            () = dying.cancelled() => Ok(()),
            why = parts.first_end() => Err(why),
        };
        parts.tasks.shutdown().await;
        let dead = self.state().desk.dead().cloned();
        dead.map_or(outcome, Err)
    }

    fn accounts(&self) -> (Vec<Account>, Vec<Account>) {
        let state = self.state();
        let sources = state.setup.sources.iter().map(|s| s.account.clone()).collect();
        let targets = state.setup.targets.iter().map(|t| t.account.clone()).collect();
        (sources, targets)
    }

    /// Waits until the cache has reached the ledger's end, then reads what is kept in memory.
    async fn await_cache(self: &Shared) -> Result<(), DeskError> {
        loop {
            match self.warm() {
                Ok(()) => break,
                Err(DeskError::NotReady) => {}
                Err(e) => return Err(e),
            }
            tokio::select! { biased;
                () = self.stop.cancelled() => return Ok(()),
                () = tokio::time::sleep(std::time::Duration::from_millis(20)) => {}
            }
        }
        self.ready.send_replace(true);
        self.touch();
        Ok(())
    }
}

impl Engine {
    /// Rewrites the ledger when it is worth it, on another thread, and lets old deliveries go.
    pub async fn tidy(self: &Arc<Self>) {
        let plan = self.state().desk.plan_tidy();
        let done = match plan {
            Ok(Some(compaction)) => match tokio::task::spawn_blocking(move || compaction.run()).await {
                Ok(Ok(compacted)) => self.state().desk.install(compacted).map_err(|e| e.to_string()),
                Ok(Err(e)) => Err(e.to_string()),
                Err(e) => Err(e.to_string()),
            },
            Ok(None) => Ok(()),
            Err(e) => Err(e.to_string()),
        };
        if let Err(e) = done {
            tracing::warn!(error = %e, "the ledger was not compacted; it goes on as it is");
        }
        let cursor: u64 = self.state().desk.get(&rows::meta("cursor")).ok().flatten().unwrap_or(0);
        let now_ns = self.seams.now().timestamp_nanos_opt().unwrap_or(i64::MAX);
        match self.inbox.reader().retain(now_ns, cursor) {
            Ok(0) => {}
            Ok(_) => {
                super::black_box::forget(self);
                self.touch();
            }
            Err(e) => tracing::warn!(error = %e, "old deliveries were not removed"),
        }
    }
}

/// Brings a cache to the ledger's end by replaying frames after its own sequence: for caches in memory.
pub fn catch_up(ledger: &Mutex<Ledger>, store: &dyn Store) -> Result<(), DeskError> {
    let ledger = ledger.lock().unwrap_or_else(PoisonError::into_inner);
    let mut failed = None;
    let after = store.applied_seq()?;
    let mut each =
        |seq: u64, frame: crate::journal::Frame| match store.apply(seq, &super::desk::changes_of(frame)) {
            Ok(()) => std::ops::ControlFlow::Continue(()),
            Err(e) => {
                failed = Some(e);
                std::ops::ControlFlow::Break(())
            }
        };
    match after.filter(|a| *a > 0) {
        Some(after) => ledger.replay(after, &mut each)?,
        None => ledger.replay_all(&mut each)?,
    }
    failed.map_or(Ok(()), |e| Err(e.into()))
}
