//! The machine that the engine runs on: its disks, its incarnations, and the plug.
//!
//! A cut takes the disks as they are found afterwards, silences the wires of the incarnation, aborts its tasks and
//! starts the next one later. Whatever an aborted task still does reaches nothing.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use hourwire::cache::{Memory, Store, rows};
use hourwire::control::link::{EngineEnd, ViewerEnd, pair};
use hourwire::domain::delivery::Delivered;
use hourwire::engine::seams::{Plug, Probe, ProbeFailure, Rules, Seams};
use hourwire::engine::setup::Setup;
use hourwire::engine::{Engine, Parts, catch_up};
use hourwire::journal::{Inbox, InboxOptions, InboxWriter, Ledger, LedgerOptions, SimDisk, Sizes};
use hourwire::receiver::{self, Receiver};
use http::{Method, Request, Response, StatusCode};
use serde_json::Value;
use tokio::sync::{Notify, mpsc};
use tokio::task::AbortHandle;

use super::books::Hooks;
use super::counts::{Counter, restart_at};
use super::dice::Dice;
use super::net::Net;
use super::time::{Time, pass};
use super::trace::Trace;

/// Makes the setup of an incarnation: its wires die with `alive` and may pull the plug.
pub type Furnish = Arc<dyn Fn(Arc<AtomicBool>, Plug) -> Setup + Send + Sync>;

/// A planned cut: the n-th time that a named write is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut {
    pub point: &'static str,
    pub nth: u32,
}

/// What the machine is made of.
pub struct Blueprint {
    pub dice: Dice,
    pub engine_dice: Dice,
    pub time: Time,
    pub counter: Counter,
    pub trace: Trace,
    pub rules: Rules,
    pub hooks: Hooks,
    pub net: Net,
    /// Deliveries are expected at a public address.
    pub public: bool,
    pub furnish: Furnish,
    /// Planned cuts.
    pub cuts: Vec<Cut>,
    /// Longest time without power, in seconds.
    pub dark_s: f64,
}

/// The machine; clones share it.
#[derive(Clone)]
pub struct Machine {
    shared: Arc<Shared>,
}

struct Shared {
    plan: Blueprint,
    inner: Mutex<Inner>,
    down: Notify,
}

struct Inner {
    inbox: SimDisk,
    ledger: SimDisk,
    life: Option<Life>,
    cuts: Vec<Cut>,
    calm: bool,
}

struct Life {
    engine: Arc<Engine>,
    run: AbortHandle,
    alive: Arc<AtomicBool>,
    inbox: InboxWriter,
    receiver: Arc<Receiver>,
    store: Arc<Memory>,
    ledger: Arc<Mutex<Ledger>>,
    /// What was applied of the inbox when it began.
    applied: u64,
    /// Where viewers come in.
    door: mpsc::Sender<EngineEnd>,
}

impl Machine {
    /// A machine with empty disks, switched off.
    pub fn new(plan: Blueprint) -> Self {
        let (inbox, ledger) = (SimDisk::new(plan.dice.seed()), SimDisk::new(plan.dice.seed()));
        let cuts = plan.cuts.clone();
        let inner = Mutex::new(Inner { inbox, ledger, life: None, cuts, calm: false });
        Self { shared: Arc::new(Shared { plan, inner, down: Notify::new() }) }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.shared.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Switches on, and on again after every cut, until the task is dropped.
    pub async fn keep_running(self) -> Result<(), String> {
        loop {
            self.boot()?;
            loop {
                let down = self.shared.down.notified();
                if self.inner().life.is_none() {
                    break;
                }
                down.await;
            }
            let plan = &self.shared.plan;
            let dark = if plan.dice.chance(0.4) { 0.0 } else { plan.dice.float(0.0, plan.dark_s) };
            plan.trace.say(|| format!("machine: dark for {dark:.1} s"));
            pass(dark).await;
        }
    }

    fn boot(&self) -> Result<(), String> {
        let plan = &self.shared.plan;
        let (inbox, ledger) = {
            let inner = self.inner();
            (inner.inbox.clone(), inner.ledger.clone())
        };
        let time = plan.time.clone();
        let options = InboxOptions { sizes: Sizes::small(), ..InboxOptions::default() };
        let (inbox, found) =
            Inbox::open(Arc::new(inbox), options).map_err(|error| format!("inbox: {error}"))?;
        lossless("inbox", &found.damage)?;
        let clock = Arc::new(move || time.engine().timestamp_nanos_opt().unwrap_or_default());
        let inbox = InboxWriter::inline(Arc::new(Mutex::new(inbox)), clock.clone());
        let table = Arc::new(receiver::Hooks::new(clock.clone()));
        plan.hooks.open(Arc::clone(&table));
        let receiver = Arc::new(Receiver::new(table, inbox.clone(), clock));
        let options = LedgerOptions { sizes: Sizes::small(), compact_bytes: 128 << 10 };
        let (ledger, found) =
            Ledger::open(Arc::new(ledger), options).map_err(|error| format!("ledger: {error}"))?;
        lossless("ledger", &found.damage)?;
        let ledger = Arc::new(Mutex::new(ledger));
        let store = Arc::new(Memory::new(rows::index));
        catch_up(&ledger, store.as_ref()).map_err(|error| format!("cache: {error}"))?;
        let alive = Arc::new(AtomicBool::new(true));
        let plug = self.plug(&alive);
        let time = plan.time.clone();
        let seams = Seams {
            clock: Arc::new(move || time.engine()),
            random: plan.engine_dice.shared(),
            probe: plan.public.then(|| self.probe(&receiver)),
            plug: plug.clone(),
            rules: plan.rules,
        };
        let setup = (plan.furnish)(Arc::clone(&alive), plug);
        let engine = Engine::new(Parts {
            setup,
            seams,
            ledger: Arc::clone(&ledger),
            store: Arc::clone(&store) as Arc<dyn Store>,
            inbox: inbox.clone(),
        });
        plan.trace.say(|| "machine: on".into());
        let (running, machine, mine) = (Arc::clone(&engine), self.clone(), Arc::clone(&alive));
        let (door, arrivals) = mpsc::channel(1);
        let applied = cursor(&store);
        let mut inner = self.inner();
        let task = tokio::spawn(async move {
            let outcome = running.run(arrivals).await;
            // An engine that ends by itself lost its ledger; whoever hosts it starts it again.
            machine.shared.plan.trace.say(|| format!("machine: the engine ended: {outcome:?}"));
            machine.cut_if(&mine, "its own end");
        });
        inner.life = Some(Life {
            engine,
            run: task.abort_handle(),
            alive,
            inbox,
            receiver,
            store,
            ledger,
            applied,
            door,
        });
        Ok(())
    }

    fn plug(&self, alive: &Arc<AtomicBool>) -> Plug {
        let (machine, alive) = (self.clone(), Arc::clone(alive));
        Arc::new(move |point| {
            if !alive.load(Ordering::Relaxed) {
                return true;
            }
            // The guardian names each of its steps.
            let point = if point.starts_with("guard") { "guard" } else { point };
            machine.reached(point) && machine.cut_if(&alive, point)
        })
    }

    /// Whether the armed cut is due at this point.
    fn reached(&self, point: &str) -> bool {
        let mut inner = self.inner();
        if inner.calm {
            return false;
        }
        for cut in inner.cuts.iter_mut().filter(|cut| cut.point == point) {
            cut.nth = cut.nth.saturating_sub(1);
        }
        let due = inner.cuts.iter().any(|cut| cut.nth == 0);
        inner.cuts.retain(|cut| cut.nth > 0);
        due
    }

    /// Cuts the power of the incarnation with this sign of life; false if it has none.
    fn cut_if(&self, alive: &Arc<AtomicBool>, point: &str) -> bool {
        let plan = &self.shared.plan;
        let mut inner = self.inner();
        let Some(life) = inner.life.take_if(|life| Arc::ptr_eq(&life.alive, alive)) else { return false };
        plan.trace.say(|| format!("machine: power cut at `{point}`"));
        plan.counter.note("restart");
        plan.counter.note(&restart_at(point));
        life.alive.store(false, Ordering::Relaxed);
        inner.inbox = inner.inbox.crash(plan.dice.seed());
        inner.ledger = inner.ledger.crash(plan.dice.seed());
        life.engine.stop();
        life.run.abort();
        drop(inner);
        self.shared.down.notify_waiters();
        true
    }

    /// Cuts the power now.
    pub fn cut(&self) {
        let alive = self.inner().life.as_ref().map(|life| Arc::clone(&life.alive));
        if let Some(alive) = alive {
            self.cut_if(&alive, "a random moment");
        }
    }

    /// No cut any more.
    pub fn calm(&self) {
        self.inner().calm = true;
    }

    /// A request comes through the tunnel.
    pub async fn receive(&self, request: Request<Bytes>) -> Result<Response<Bytes>, String> {
        let (receiver, alive) = {
            let inner = self.inner();
            let life = inner.life.as_ref().ok_or("connection refused")?;
            (Arc::clone(&life.receiver), Arc::clone(&life.alive))
        };
        let answer = receiver.handle(request).await;
        if alive.load(Ordering::Relaxed) { Ok(answer) } else { Err("connection reset".into()) }
    }

    /// The engine's look at its own public address.
    fn probe(&self, receiver: &Arc<Receiver>) -> Probe {
        let (machine, receiver) = (self.clone(), Arc::clone(receiver));
        Arc::new(move || {
            let (machine, receiver) = (machine.clone(), Arc::clone(&receiver));
            Box::pin(async move {
                pass(0.03).await;
                let failure = |kind, say: &str| Err(ProbeFailure { kind, say: say.into() });
                if !machine.shared.plan.net.tunnel() {
                    return failure("status", "HTTP 502");
                }
                let asked = receiver.probe().ask();
                let request = Request::builder().method(Method::GET).uri(&asked.path).body(Bytes::new());
                let Ok(request) = request else { return failure("stranger", "no address") };
                match machine.receive(request).await {
                    Ok(answer) if asked.is_answered_by(answer.body()) => Ok(()),
                    Ok(answer) if answer.status() == StatusCode::OK => failure("stranger", "another process"),
                    Ok(answer) => failure("status", answer.status().as_str()),
                    Err(error) => failure("connection", &error),
                }
            })
        })
    }

    /// The engine that runs, if one does.
    pub fn engine(&self) -> Option<Arc<Engine>> {
        self.inner().life.as_ref().map(|life| Arc::clone(&life.engine))
    }

    /// Enters as a viewer, if an engine runs.
    pub async fn enter(&self) -> Option<ViewerEnd> {
        let door = self.inner().life.as_ref().map(|life| life.door.clone())?;
        let (viewer, engine) = pair();
        door.send(engine).await.ok()?;
        Some(viewer)
    }

    /// Whether every durable delivery was applied once, and its copies counted.
    pub fn inbox_is_applied(&self) -> Result<(), String> {
        let inner = self.inner();
        let Some(life) = &inner.life else { return Err("the machine is off".into()) };
        let (stored, applied) = (life.inbox.last_seq(), cursor(&life.store));
        if stored != applied {
            return Err(format!("{stored} deliveries are durable, {applied} are applied"));
        }
        let told = life.engine.snapshot().ok_or("the engine is not ready")?.deliveries.clone();
        let all = life.inbox.read_from(1, usize::MAX).map_err(|error| error.to_string())?;
        let (mut seen, mut copies) = (BTreeSet::new(), 0);
        for one in all {
            let event: Option<Value> =
                Delivered::decode(&one.payload).and_then(|it| serde_json::from_slice(&it.body).ok());
            let event = event.ok_or("a stored delivery cannot be read")?;
            let name = (event["subscription_id"].as_i64(), event["event_id"].as_i64());
            // A PING has the number 0, a delivery of Clockify none.
            if name.1.is_some_and(|id| id != 0) && !seen.insert(name) && one.seq > life.applied {
                copies += 1;
            }
        }
        if told.dead > 0 || told.duplicates < copies {
            return Err(format!("{copies} copies by event were applied; the engine tells {told:?}"));
        }
        Ok(())
    }

    /// Whether a cache made anew from the ledger is the cache that grew with it.
    pub fn cache_follows_ledger(&self) -> Result<(), String> {
        let inner = self.inner();
        let Some(life) = &inner.life else { return Err("the machine is off".into()) };
        let fresh = Memory::new(rows::index);
        catch_up(&life.ledger, &fresh).map_err(|error| error.to_string())?;
        let (one, other) = (fresh.dump(), life.store.dump());
        match (one, other) {
            (Ok(one), Ok(other)) if one == other => Ok(()),
            (Ok(one), Ok(other)) => {
                Err(format!("rebuilt from the ledger the cache has {} rows, not {}", one.len(), other.len()))
            }
            (Err(error), _) | (_, Err(error)) => Err(error.to_string()),
        }
    }

    /// Ends everything.
    pub fn switch_off(&self) {
        let mut inner = self.inner();
        if let Some(life) = inner.life.take() {
            life.alive.store(false, Ordering::Relaxed);
            life.engine.stop();
            life.run.abort();
        }
    }
}

fn cursor(store: &Memory) -> u64 {
    let row = store.get(&rows::meta("cursor")).ok().flatten();
    row.and_then(|bytes| rows::decode::<u64>(&bytes).ok()).unwrap_or(0)
}

/// A power cut must never look like damage: what was synced is whole, what was not is cut off.
fn lossless(log: &str, damage: &[hourwire::journal::Damage]) -> Result<(), String> {
    if damage.is_empty() { Ok(()) } else { Err(format!("{log}: a power cut left damage: {damage:?}")) }
}
