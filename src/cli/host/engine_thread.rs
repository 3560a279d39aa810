//! The engine's own thread: one runtime that never waits for anybody else's work.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::settings::{Follower, TokensOnDisk};
use super::{Spec, incident_watch, quota_watch, wiring};
use crate::cache::{CacheError, GuardConfig, Guarded, LedgerEnd, Replayer, SledConfig, rows};
use crate::cli::exit::Failure;
use crate::config::watch::{Changed, ConfigWatch};
use crate::control::link::EngineEnd;
use crate::engine::seams::Seams;
use crate::engine::{Engine, Parts, TokenBook, changes_of};
use crate::journal::{Disk, InboxWriter, JournalError, Ledger, LedgerOptions, RealDisk};
use crate::receiver::{Receiver, Refusals};
use crate::telemetry::metrics::Metrics;

/// How often the logs are looked at: compaction, retention, figures.
const TIDY_EVERY: Duration = Duration::from_secs(300);

/// How long the cache may take to close; the ledger has everything.
const CLOSING: Duration = Duration::from_secs(3);

/// The HTTP side, as far as the engine asks it.
pub struct Receiving {
    /// Takes deliveries.
    pub receiver: Arc<Receiver>,
    /// Counts those that it does not believe.
    pub refusals: Arc<Refusals>,
    /// Where it listens.
    pub address: Option<SocketAddr>,
}

/// Starts the thread. A ledger that cannot be opened is known before this returns.
pub fn start(
    spec: Spec,
    inbox: InboxWriter,
    receiving: Receiving,
    metrics: Metrics,
    arrivals: mpsc::Receiver<EngineEnd>,
    cancel: CancellationToken,
    ending: oneshot::Sender<Result<(), String>>,
) -> Result<(), Failure> {
    let disk: Arc<dyn Disk> =
        Arc::new(RealDisk::open(spec.state_dir.join("ledger")).map_err(Failure::usage)?);
    let (ledger, recovered) = Ledger::open(disk, LedgerOptions::default()).map_err(Failure::usage)?;
    tracing::info!(?recovered, "ledger open");
    let ledger = Arc::new(Mutex::new(ledger));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|e| Failure::not_well(format!("can't start the engine: {e}")))?;
    std::thread::Builder::new()
        .name("engine".into())
        .spawn(move || {
            // A panic of this thread ends the process too: without an engine it would only look alive.
            let _ends = cancel.clone().drop_guard();
            let outcome =
                runtime.block_on(run(spec, ledger, inbox, receiving, metrics, arrivals, cancel.clone()));
            // Nobody may be waiting any more.
            let _ = ending.send(outcome);
        })
        .map_err(|e| Failure::not_well(format!("can't start the engine: {e}")))?;
    Ok(())
}

async fn run(
    spec: Spec,
    ledger: Arc<Mutex<Ledger>>,
    inbox: InboxWriter,
    receiving: Receiving,
    metrics: Metrics,
    arrivals: mpsc::Receiver<EngineEnd>,
    cancel: CancellationToken,
) -> Result<(), String> {
    let Receiving { receiver, refusals, address } = receiving;
    let cache = Arc::new(guarded(&spec, &ledger).map_err(|e| e.to_string())?);
    let probe = spec.setup.public_url.as_deref().and_then(|url| wiring::probe(url, receiver.clone()));
    let engine = Engine::new(Parts {
        setup: spec.setup.clone(),
        seams: Seams { clock: Arc::new(spec.clock), ..Seams::real(probe) },
        ledger,
        store: cache.clone(),
        inbox,
    });
    if !spec.asks {
        engine.rest();
    }
    let settings = spec.settings.clone().zip(spec.config_dir.clone());
    let tokens = settings.as_ref().map(|(_, dir)| {
        let book: Arc<dyn TokenBook> = Arc::new(TokensOnDisk { config_dir: dir.clone() });
        book
    });
    let follower = settings.map(|(known, dir)| Follower::new(dir, known));
    engine.know(wiring::facts(receiver, refusals, cache.clone(), tokens, (&spec.state_dir, address)));
    let stopping = engine.clone();
    let watched = cancel.clone();
    tokio::spawn(async move {
        watched.cancelled().await;
        stopping.stop();
    });
    if let Some(dir) = &spec.config_dir
        && let Ok(watch) = ConfigWatch::start(dir)
    {
        tokio::spawn(follow(engine.clone(), watch, follower, cancel.clone()));
    }
    tokio::spawn(tidy(engine.clone(), cancel.clone()));
    tokio::spawn(wiring::publish(engine.clone(), cache.clone(), metrics, cancel.clone()));
    tokio::spawn(incident_watch::watch(engine.clone(), spec.commands.clone(), cancel.clone()));
    tokio::spawn(quota_watch::watch(engine.clone(), spec.commands.clone(), cancel.clone()));
    let outcome = engine.run(arrivals).await.map_err(|e| e.to_string());
    cache.close(CLOSING);
    outcome
}

fn guarded(spec: &Spec, ledger: &Arc<Mutex<Ledger>>) -> Result<Guarded, CacheError> {
    let reading = ledger.clone();
    let replay: Replayer = Arc::new(move |after, apply| {
        let ledger = reading.lock().unwrap_or_else(PoisonError::into_inner);
        let mut failed = None;
        let mut each = |seq, frame| match apply(seq, changes_of(frame)) {
            Ok(()) => std::ops::ControlFlow::Continue(()),
            Err(e) => {
                failed = Some(e);
                std::ops::ControlFlow::Break(())
            }
        };
        let done = match after {
            Some(after) => ledger.replay(after, &mut each),
            None => ledger.replay_all(&mut each),
        };
        match (done, failed) {
            (_, Some(e)) => Err(e),
            (Err(JournalError::Compacted { .. }), None) => {
                Err(CacheError::LedgerStartsLater { after: after.unwrap_or_default() })
            }
            (Err(e), None) => Err(CacheError::Replay(e.to_string())),
            (Ok(()), None) => Ok(()),
        }
    });
    let end = ledger.clone();
    let ledger_end: LedgerEnd = Arc::new(move || {
        let last = end.lock().unwrap_or_else(PoisonError::into_inner).last_seq();
        (last > 0).then_some(last)
    });
    let sled = SledConfig::new(spec.state_dir.join("cache"), rows::SCHEMA, rows::index);
    Guarded::start(GuardConfig::new(sled, replay, ledger_end))
}

async fn follow(
    engine: Arc<Engine>,
    mut watch: ConfigWatch,
    mut follower: Option<Follower>,
    cancel: CancellationToken,
) {
    loop {
        let changed = tokio::select! { biased;
            () = cancel.cancelled() => return,
            changed = watch.next() => changed,
        };
        match changed {
            Some(Changed::Mapping) => {
                if let Err(e) = engine.reload_mapping() {
                    tracing::warn!(error = %e, "the mapping was not taken; it is when the cache is ready");
                }
            }
            Some(Changed::Settings) => {
                if let Some(follower) = &mut follower {
                    follower.changed(&engine).await;
                }
            }
            Some(Changed::Theme(_)) => {}
            None => return,
        }
    }
}

async fn tidy(engine: Arc<Engine>, cancel: CancellationToken) {
    loop {
        tokio::select! { biased;
            () = cancel.cancelled() => return,
            () = tokio::time::sleep(TIDY_EVERY) => engine.tidy().await,
        }
    }
}
