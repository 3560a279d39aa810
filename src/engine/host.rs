//! Starting and stopping an engine: what must be there before its parts may run, and in which order.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::NaiveDate;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::cache::{Store, rows};
use crate::control::link::EngineEnd;
use crate::domain::id::{Account, Service};
use crate::journal::{InboxWriter, Ledger};

use super::desk::{Desk, DeskError, Desked};
use super::lobby::Lobby;
use super::seams::Seams;
use super::setup::Setup;
use super::state::State;
use super::{Engine, Shared, Wakes, call, dispatcher, intake, mapper, puller, viewers};

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
        let guard_wishes = super::guard_wish::Lines::new(setup.sources.iter().map(|s| &s.account));
        let desk = Desk::new(ledger, store, seams.clone());
        let lobby = Lobby::new(seams.now());
        Arc::new(Self {
            state: Mutex::new(State::new(desk, setup)),
            seams,
            inbox,
            black_box: super::black_box::BlackBox::default(),
            wakes: Wakes::default(),
            changed: watch::Sender::new(0),
            ready: watch::Sender::new(false),
            stop: CancellationToken::new(),
            lanes,
            guard_wishes,
            lobby,
        })
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
    /// [`DeskError`] when the ledger can no longer be written; nothing was lost, a restart goes on from there.
    pub async fn run(self: Arc<Self>, arrivals: mpsc::Receiver<EngineEnd>) -> Result<(), DeskError> {
        let attending = tokio::spawn(viewers::run(self.clone(), arrivals));
        let outcome = self.clone().work().await;
        self.stop.cancel();
        if attending.await.is_err() {
            tracing::error!("attending to viewers ended in a panic");
        }
        outcome
    }

    async fn work(self: Arc<Self>) -> Result<(), DeskError> {
        self.await_cache().await?;
        let mut parts = JoinSet::new();
        let (sources, targets) = self.accounts();
        parts.spawn(intake::run(self.clone()));
        parts.spawn(super::black_box::run(self.clone()));
        parts.spawn(mapper::run(self.clone()));
        for account in sources {
            parts.spawn(super::guardian::run(self.clone(), account.clone()));
            parts.spawn(puller::run(self.clone(), account));
        }
        for account in targets {
            parts.spawn(puller::keep_target(self.clone(), account.clone()));
            parts.spawn(dispatcher::run(self.clone(), account));
        }
        self.stop.cancelled().await;
        parts.shutdown().await;
        let dead = self.state().desk.dead().cloned();
        dead.map_or(Ok(()), Err)
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

    fn warm(self: &Shared) -> Desked<()> {
        let mut state = self.state();
        state.warm()?;
        let sources: Vec<Account> = state.setup.sources.iter().map(|s| s.account.clone()).collect();
        let targets: Vec<Account> = state.setup.targets.iter().map(|t| t.account.clone()).collect();
        for (account, service) in
            sources.iter().map(|a| (a, Service::Toggl)).chain(targets.iter().map(|a| (a, Service::Clockify)))
        {
            call::set_limits(&mut state, account, service);
            let pace = call::pace(service, state.profile(account));
            if let Some(running) = state.running.get_mut(account) {
                running.pace.get_or_insert(pace);
            }
        }
        self.fix_cursor(&mut state)?;
        self.fix_sync_from(&mut state)?;
        self.load_mapping(&mut state)?;
        drop(state);
        for target in &targets {
            dispatcher::orphan_all(self, target)?;
        }
        Ok(())
    }

    /// A cursor beyond the inbox belongs to one that is gone: without this, new deliveries would be skipped.
    fn fix_cursor(&self, state: &mut State) -> Desked<()> {
        let cursor: u64 = state.desk.get(&rows::meta("cursor"))?.unwrap_or(0);
        let last = self.inbox.last_seq();
        if cursor > last {
            tracing::warn!(cursor, last, "the inbox is another one than before; going on at its end");
            state.desk.write("cursor", |draft| draft.put(rows::meta("cursor"), &last))?;
        }
        Ok(())
    }

    /// The first day synced: from the settings, else the day of the first start, kept from then on.
    fn fix_sync_from(&self, state: &mut State) -> Desked<()> {
        let now = self.seams.now();
        let mut days = state.sync_from.clone();
        let zone = state.setup.sources.first().map_or(chrono_tz::UTC, |s| state.zone(&s.account));
        let today: NaiveDate = now.with_timezone(&zone).date_naive();
        for target in &state.setup.targets {
            match target.sync_from {
                Some(day) => {
                    days.insert(target.account.clone(), day);
                }
                None => {
                    days.entry(target.account.clone()).or_insert(today);
                }
            }
        }
        if days != state.sync_from {
            state.desk.write("sync_from", |draft| draft.put(rows::meta("sync_from"), &days))?;
            state.sync_from = days;
        }
        Ok(())
    }

    /// Reads the mapping; where its file is broken, the last good version holds, with an alert.
    pub(super) fn load_mapping(&self, state: &mut State) -> Desked<()> {
        let now = self.seams.now();
        match state.setup.mapping.load() {
            Ok((mapping, version)) => {
                state.mapping_alert = None;
                state.calm("mapping");
                if version != state.mapping_version {
                    state.desk.write("mapping", |draft| mapper::keep(draft, &mapping, &version))?;
                    state.mapping = mapping;
                    state.mapping_version = version;
                }
            }
            Err(say) => {
                state.alert("mapping", now, 2, format!("{say}; the last good version holds"));
                state.mapping_alert = Some(say);
            }
        }
        Ok(())
    }

    /// Reads the mapping again and lets what waits follow it.
    pub fn reload_mapping(self: &Arc<Self>) -> Result<usize, DeskError> {
        let mut state = self.state();
        self.load_mapping(&mut state)?;
        let targets: Vec<Account> = state.setup.targets.iter().map(|t| t.account.clone()).collect();
        let mut changed = 0;
        for target in &targets {
            let keys = super::rebind::waiting(&state, target)?;
            changed += super::rebind::rebind(&mut state, target, &keys)?;
        }
        drop(state);
        self.touch_work();
        Ok(changed)
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
        if let Err(e) = self.inbox.reader().retain(now_ns, cursor) {
            tracing::warn!(error = %e, "old deliveries were not removed");
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
