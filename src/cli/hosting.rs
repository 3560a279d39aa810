//! The engine that a command talks to: the one that runs, else one that this process hosts, without a receiver, for as
//! long as the command takes.

use std::time::Duration;

use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::exit::{Exit, Failure, Outcome};
use super::host::{self, Hosted};
use super::options::Global;
use super::status::account_trouble;
use super::{ask, attach, print, reach, serve, signals};
use crate::config::Paths;
use crate::config::settings::Settings;
use crate::config::state::HostedBy;
use crate::control::link::ViewerEnd;
use crate::control::snapshot::{AccountLine, CacheWord, Snapshot};
use crate::domain::text::count;
use crate::domain::word::SyncWord;
use crate::telemetry::logs;

/// What a command needs of an engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// What is kept. No service is asked for it.
    Kept,
    /// The services.
    Services,
    /// The services, until what it set off has been sent.
    Sent,
    /// The same, and until what is planned has been read.
    Read,
    /// The services, and that they reach the receiver: only an engine that runs has one.
    Receiver,
}

/// How often a hosted engine is looked at.
const LOOK: Duration = Duration::from_millis(100);
/// How long a cache may take to be rebuilt.
const OPENING: Duration = Duration::from_secs(300);
/// How long the services may take to say whose tokens these are.
const ANSWERING: Duration = Duration::from_secs(30);
/// So long without a change, and what is left waits for something.
const STILL: Duration = Duration::from_secs(60);
/// The same while a service is in trouble.
const OUT_OF_REACH: Duration = Duration::from_secs(10);
/// How often a long wait says how far it is.
const SAY: Duration = Duration::from_secs(5);
/// How long others that attached may take to leave.
const OTHERS: Duration = Duration::from_secs(10);

/// Talks to the running engine, else to one hosted for it. Where nothing was ever kept, there is nothing to talk about
/// (exit 3).
pub async fn with_engine(
    global: &Global,
    need: Need,
    talk: impl AsyncFnOnce(&mut ViewerEnd) -> Outcome,
) -> Outcome {
    let paths = attach::paths(global)?;
    if let Some(mut engine) = running(&paths, need).await? {
        return talk(&mut engine).await;
    }
    let Some(settings) = attach::settings(&paths)? else { return Err(attach::nobody(&paths)) };
    match need {
        Need::Receiver => return Err(calls_back(&paths)),
        Need::Kept if !paths.state_dir.join("ledger").is_dir() => {
            let why = "none ever did, so nothing is known";
            return Err(Failure::unreachable(format!("{}; {why}", attach::nobody(&paths).message)));
        }
        Need::Kept | Need::Services | Need::Sent | Need::Read => {}
    }
    paths.make_state_dir().map_err(Failure::usage)?;
    let _logs = logs::init(&paths.state_dir.join("logs"), global.log_level(settings.log.level.as_str()))
        .map_err(Failure::usage)?;
    let cancel = signals::cancelled_by_signals()?;
    let hosted = match start(&paths, &settings, need, cancel.clone()).await {
        Ok(hosted) => hosted,
        // Another process may have been faster: its engine serves just as well.
        Err(failure) => match running(&paths, need).await? {
            Some(mut engine) => return talk(&mut engine).await,
            None => return Err(failure),
        },
    };
    let outcome = tokio::select! { biased;
        () = cancel.cancelled() => Err(Failure::not_well(
            "stopped; what was accepted is kept, and goes on when an engine runs: `hourwire serve`",
        )),
        outcome = converse(&paths, need, talk) => outcome,
    };
    hosted.alone(OTHERS).await;
    cancel.cancel();
    // What ended the engine is the better news than that it was gone.
    hosted.ended().await?;
    outcome
}

/// The running engine. One that another command hosts knows what is kept, but it asks and sends what that command needs
/// and leaves with it: whoever needs more waits for the turn.
async fn running(paths: &Paths, need: Need) -> Result<Option<ViewerEnd>, Failure> {
    let mut told = false;
    loop {
        match attach::to_owner(paths).await? {
            None => return Ok(None),
            Some((engine, owner)) if owner.hosted_by != HostedBy::Command || need == Need::Kept => {
                return Ok(Some(engine));
            }
            Some(_) if need == Need::Receiver => return Err(calls_back(paths)),
            Some((engine, owner)) => {
                drop(engine);
                if !std::mem::replace(&mut told, true) {
                    print::safe_print(&format!(
                        "another command (pid {}) is at work; waiting for it",
                        owner.pid
                    ));
                }
                sleep(LOOK).await;
            }
        }
    }
}

fn calls_back(paths: &Paths) -> Failure {
    let why = "the service calls our address for this, which takes an engine that receives";
    Failure::unreachable(format!("{}; {why}", attach::nobody(paths).message))
}

async fn start(
    paths: &Paths,
    settings: &Settings,
    need: Need,
    cancel: CancellationToken,
) -> Result<Hosted, Failure> {
    let mut spec = serve::spec(paths, settings, HostedBy::Command).await?;
    spec.asks = need != Need::Kept;
    host::start(spec, cancel).await
}

async fn converse(paths: &Paths, need: Need, talk: impl AsyncFnOnce(&mut ViewerEnd) -> Outcome) -> Outcome {
    let Some((mut engine, _)) = attach::to_owner(paths).await? else { return Err(attach::nobody(paths)) };
    until(&mut engine, OPENING, |snapshot| snapshot.cache == CacheWord::Ready).await?;
    if need == Need::Kept {
        print::safe_print("no engine runs; this is what was known when the last one ended");
    } else {
        until(&mut engine, ANSWERING, |snapshot| {
            let known = |account: &AccountLine| {
                account.user.is_some()
                    || account.trouble.is_some()
                    || reach::dry_until(snapshot, &account.name).is_some()
            };
            snapshot.accounts.iter().all(known)
        })
        .await?;
    }
    let outcome = talk(&mut engine).await?;
    if !matches!(need, Need::Sent | Need::Read) || outcome != Exit::Good {
        return Ok(outcome);
    }
    let Some(left) = settle(&mut engine, need).await? else { return Ok(outcome) };
    if left.is_still() && left.troubles.is_empty() {
        let person = match left.person {
            0 => String::new(),
            1 => "; 1 entry needs a person: `hourwire sync status`".to_owned(),
            n => format!("; {n} entries need a person: `hourwire sync status`"),
        };
        print::safe_print(&format!("done, nothing is left to read or to send{person}"));
        return Ok(outcome);
    }
    let cure = if left.troubles.is_empty() { "" } else { "once that is mended it " };
    print::safe_print(&format!(
        "{left}; it is kept, and {cure}goes on when an engine runs: `hourwire serve`"
    ));
    Ok(Exit::NotWell)
}

/// Waits until a snapshot is as wished, or for the ceiling: the command itself says what is missing then.
async fn until(
    engine: &mut ViewerEnd,
    ceiling: Duration,
    is_so: impl Fn(&Snapshot) -> bool,
) -> Result<(), Failure> {
    let end = Instant::now() + ceiling;
    while !is_so(&ask::snapshot(engine).await?) && Instant::now() < end {
        sleep(LOOK).await;
    }
    Ok(())
}

/// Waits while what is planned and due goes on, and says how it does; answers what is left of it, or nothing where
/// there was nothing to do.
async fn settle(engine: &mut ViewerEnd, need: Need) -> Result<Option<Left>, Failure> {
    let mut last = Left::of(&ask::snapshot(engine).await?, need);
    if last.is_still() {
        return Ok(None);
    }
    let (mut moved, mut said) = (Instant::now(), Instant::now());
    let mut patience = STILL;
    while !last.is_still() && moved.elapsed() < patience {
        sleep(LOOK).await;
        let snapshot = ask::snapshot(engine).await?;
        let now = Left::of(&snapshot, need);
        patience = if now.troubles.is_empty() { STILL } else { OUT_OF_REACH };
        if now != last {
            (last, moved) = (now, Instant::now());
            if !last.is_still() && said.elapsed() > SAY {
                said = Instant::now();
                print::safe_print(&last.to_string());
            }
        }
    }
    Ok(Some(last))
}

/// What an engine still means to do.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Left {
    /// Background work: name, how far, and why it does not go on.
    jobs: Vec<(String, u32, String)>,
    /// Entries on their way to targets.
    entries: u32,
    /// Entries that a person has to decide about.
    person: u32,
    /// What is the matter with an account.
    troubles: Vec<String>,
}

impl Left {
    fn of(snapshot: &Snapshot, need: Need) -> Self {
        Self {
            jobs: snapshot
                .jobs
                .iter()
                .filter(|job| !job.paused && need == Need::Read)
                .map(|job| (job.name.clone(), job.done, job.state.clone()))
                .collect(),
            entries: snapshot.counted(&SyncWord::ON_THE_WAY),
            person: snapshot.counted(&SyncWord::FOR_A_PERSON),
            troubles: snapshot.accounts.iter().filter_map(account_trouble).collect(),
        }
    }

    fn is_still(&self) -> bool {
        self.jobs.is_empty() && self.entries == 0
    }
}

impl std::fmt::Display for Left {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let jobs = self.jobs.iter().map(|(name, _, state)| format!("{name} ({state})"));
        let why: Vec<String> = self.troubles.iter().cloned().chain(jobs).collect();
        match self.entries {
            0 => f.write_str("not done yet")?,
            n => f.write_str(&count(n, "entry is not sent yet", "entries are not sent yet"))?,
        }
        if why.is_empty() { Ok(()) } else { write!(f, ": {}", why.join(", ")) }
    }
}
