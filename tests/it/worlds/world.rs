//! One world from its seed: furnish, play, let the faults stop, compare.

use std::sync::Arc;

use chrono::TimeDelta;
use hourwire::domain::id::Service;
use hourwire::engine::seams::Rules;
use hourwire::simulator::toggl::{COLLEAGUE, OWNER};
use hourwire::simulator::{Access, Options, Simulator, World as Furnishing};
use serde_json::Value;

use super::adapters::{SimWire, ToReceiver};
use super::books::{Hooks, Mappings};
use super::counts::{Counter, Counts};
use super::dice::Dice;
use super::furnish::{Ground, ground, mapping, type_in};
use super::machine::{Blueprint, Machine};
use super::model::{Model, Terms};
use super::net::Net;
use super::office::{Book, Office, Person};
use super::property;
use super::script::Script;
use super::setup::setup;
use super::source::{Body, SourceEntry};
use super::time::{Time, pass};
use super::trace::Trace;

/// How often, and how far apart, a machine that is dark is waited for.
const RETURNS: u32 = 30;
const RETURN_S: f64 = 10.0;
/// The target has to stay right for so long.
const HOLD_S: f64 = 900.0;
/// A person who misses something looks at the subscription after so long: the engine has to do what it can by itself first.
const LOOKS_S: f64 = 3600.0;

/// What a world came to.
#[derive(Debug, PartialEq, Eq)]
pub struct Played {
    /// Events by kind.
    pub counts: Counts,
    /// Every request of the engine, for comparison.
    pub digest: u64,
}

/// Whether reading cannot bring what deliveries spoil in the world of a seed.
pub fn rests_on_deliveries(seed: u64) -> bool {
    Script::draw(&Dice::new(seed, 1)).colleague
}

/// Plays the world of a seed. The error names what did not hold.
pub fn play(seed: u64, rules: Rules, trace: bool) -> Result<Played, String> {
    let outcome = crate::seeds::play(async move {
        let mut world = World::new(seed, rules, trace).await;
        world
            .play()
            .await
            .map(|()| Played { counts: world.counter.total(), digest: property::digest(&world.simulator) })
    });
    outcome.map_err(|error| format!("seed {seed}: {error}\n  (replay: HOURWIRE_SEED={seed} cargo test five_hundred_worlds -- --nocapture)"))
}

/// A world while it is played.
pub struct World {
    pub(super) script: Script,
    pub(super) rules: Rules,
    pub(super) weather: Dice,
    pub(super) time: Time,
    pub(super) trace: Trace,
    pub(super) counter: Counter,
    pub(super) net: Net,
    pub(super) simulator: Simulator,
    pub(super) access: Access,
    pub(super) door: ToReceiver,
    pub(super) mappings: Mappings,
    pub(super) ground: Ground,
    pub(super) model: Model,
    pub(super) office: Office,
    pub(super) machine: Machine,
    pub(super) replans: usize,
    pub(super) was_enabled: bool,
}

impl Book for Model {
    fn alive(&self, user: i64, running: bool) -> Vec<SourceEntry> {
        Self::alive(self, user, running)
    }

    fn observe(&mut self, state: &Value) {
        Self::observe(self, state);
    }

    fn observe_one(&mut self, row: &Value) {
        Self::observe_one(self, row);
    }

    fn observe_gone(&mut self, id: i64) {
        Self::observe_gone(self, id);
    }
}

impl World {
    async fn new(seed: u64, rules: Rules, trace: bool) -> Self {
        let script = Script::draw(&Dice::new(seed, 1));
        let weather = Dice::new(seed, 3);
        let time = Time::new(script.start);
        time.set_skew(script.skew);
        let trace = Trace::new(trace, &time);
        let (counter, net) = (Counter::default(), Net::new());
        let door = ToReceiver::new(net.clone(), Dice::new(seed, 8), counter.clone(), trace.clone());
        let clock = time.clone();
        let simulator = Simulator::new(Options {
            seed,
            plan: script.plans,
            world: if script.colleague { Furnishing::Demo } else { Furnishing::Empty },
            clock: Arc::new(move || clock.now()),
            deliverer: Arc::new(door.clone()),
        });
        let access = simulator.access();
        let ground = ground(&simulator, &script).await;
        let first = mapping(&weather, &script, &ground);
        let zone = chrono_tz::America::New_York;
        let terms = Terms {
            zone,
            sync_from: script.sync_from(),
            on_delete: script.on_delete,
            own: (OWNER, hourwire::simulator::clockify::OWNER_ID.to_owned()),
        };
        let mut people = vec![Person { token: access.toggl_token.clone(), id: OWNER }];
        people.extend(access.toggl_second_token.clone().map(|token| Person { token, id: COLLEAGUE }));
        let office = Office {
            simulator: simulator.clone(),
            dice: Dice::new(seed, 2),
            time: time.clone(),
            trace: trace.clone(),
            counter: counter.clone(),
            people,
            workspace: access.toggl_workspace,
            projects: ground.source.clone(),
            clients: ground.clients.clone(),
            reach_h: 5,
        };
        let (mappings, hooks) = (Mappings::new(first.clone()), Hooks::new(Dice::new(seed, 7)));
        let wire = SimWire {
            simulator: simulator.clone(),
            service: Service::Toggl,
            net: net.clone(),
            dice: Dice::new(seed, 6),
            counter: counter.clone(),
            trace: trace.clone(),
            plug: Arc::new(|_| false),
            alive: Arc::default(),
        };
        let machine = Machine::new(Blueprint {
            dice: Dice::new(seed, 4),
            engine_dice: Dice::new(seed, 5),
            time: time.clone(),
            counter: counter.clone(),
            trace: trace.clone(),
            rules,
            hooks: hooks.clone(),
            net: net.clone(),
            public: script.webhook,
            furnish: setup(&script, &access, wire, &mappings, &hooks),
            cuts: script.cuts.clone(),
            dark_s: script.dark_s,
        });
        door.lead_to(machine.clone());
        let model = Model::new(terms, first);
        Self {
            script,
            rules,
            weather,
            time,
            trace,
            counter,
            net,
            simulator,
            access,
            door,
            mappings,
            ground,
            model,
            office,
            machine,
            replans: 0,
            was_enabled: false,
        }
    }

    async fn play(&mut self) -> Result<(), String> {
        self.trace.say(|| {
            let s = &self.script;
            format!(
                "world: {} skew {} {:?} colleague {} webhook {} {:?} fallback {} remaps {} adopt {} acts {} cuts {:?} faults {:?}",
                s.start, s.skew, s.plans, s.colleague, s.webhook, s.on_delete, s.fallback, s.remaps, s.adopt,
                s.acts, s.cuts, s.faults
            )
        });
        self.model.observe(&self.simulator.state());
        if self.script.adopt {
            self.work_before().await;
        }
        let mut power = tokio::spawn(self.machine.clone().keep_running());
        let story = self.story();
        let outcome = tokio::select! { biased;
            ended = &mut power => Err(format!("the machine does not start: {ended:?}")),
            outcome = story => outcome,
        };
        power.abort();
        self.machine.switch_off();
        self.simulator.stop();
        outcome
    }

    async fn story(&mut self) -> Result<(), String> {
        if self.script.adopt {
            self.converge("before the office opens").await?;
        }
        if self.script.colleague {
            // What a colleague does before deliveries flow nobody would bring.
            for _ in 0..60 {
                self.watch().await;
                if self.was_enabled {
                    break;
                }
                pass(5.0).await;
            }
        }
        self.simulator.set_faults(self.script.faults.clone());
        for _ in 0..self.script.acts {
            self.weather();
            self.office.act(&mut self.model).await;
            pass(self.office.pause()).await;
            self.watch().await;
        }
        self.clear_up().await;
        self.converge("after the faults").await?;
        self.count_losses();
        if self.script.encore > 0 {
            self.model.settle(&self.simulator.state()).map_err(|misfit| property::told(&misfit))?;
            if self.script.remaps {
                self.remap();
            }
            // Copies do no harm, so they go on.
            let mut faults = self.simulator.faults();
            faults.deliveries.duplicate = 0.4;
            self.simulator.set_faults(faults);
            for _ in 0..self.script.encore {
                self.office.act(&mut self.model).await;
                pass(self.office.pause()).await;
            }
            self.converge("after the encore").await?;
        }
        if self.rules.journal_sync {
            // Without a sync nothing is durable, so nothing is handed out again.
            self.machine.cache_follows_ledger()?;
        }
        property::quota_kept(&self.simulator, self.replans)?;
        property::well_formed(&self.simulator)
    }

    /// Hours of today (and some days before) from before the engine: half of them are in the target already, by hand.
    async fn work_before(&mut self) {
        let person = self.office.people[0].clone();
        let reach = std::mem::replace(&mut self.office.reach_h, 5 + 24 * self.script.back_days);
        for _ in 0..self.weather.int(4, 10) {
            self.office.add(&person, 1, &mut self.model).await;
        }
        self.office.reach_h = reach;
        let wants = self.model.wants();
        let mut adopted = Vec::new();
        for want in &wants {
            let body = &want.bodies[0];
            let alike = |other: &&super::matching::Want| {
                let other = &other.bodies[0];
                (other.start, other.end, &other.description) == (body.start, body.end, &body.description)
            };
            if want.must && wants.iter().filter(alike).count() == 1 && self.weather.chance(0.5) {
                type_in(&self.simulator, &self.access, body).await;
                adopted.push(want.entry);
            }
        }
        let mut strangers = Vec::new();
        for _ in 0..self.weather.int(0, 3) {
            let start = self.script.start - TimeDelta::minutes(self.weather.int(10, 200));
            let body = Body {
                user: hourwire::simulator::clockify::OWNER_ID.to_owned(),
                project: Some(self.weather.pick(&self.ground.target).clone()),
                start: start - TimeDelta::nanoseconds(i64::from(start.timestamp_subsec_nanos())),
                end: start - TimeDelta::nanoseconds(i64::from(start.timestamp_subsec_nanos()))
                    + TimeDelta::minutes(5),
                description: "typed by hand".into(),
                tags: Vec::new(),
                billable: false,
            };
            type_in(&self.simulator, &self.access, &body).await;
            strangers.push(body);
        }
        self.model.found_before(&adopted, strangers);
    }

    /// Waits until the target is right, and sees that it stays so.
    async fn converge(&mut self, when: &str) -> Result<(), String> {
        let hours = if self.script.plans.clockify_free { 12 } else { 3 };
        let (mut waited, mut step, mut right) = (0.0, 10.0, false);
        loop {
            let state = self.simulator.state();
            self.model.observe(&state);
            let hold = match self.model.compare(&state) {
                Ok(()) if right => break,
                Ok(()) => HOLD_S,
                Err(misfit) if waited >= f64::from(hours) * 3600.0 => {
                    let after = if right { "right once, but not" } else { "not equal" };
                    return Err(format!("{when}: {after} after {hours} hours: {}", property::told(&misfit)));
                }
                Err(_) if waited >= LOOKS_S => {
                    self.attend().await;
                    0.0
                }
                Err(_) => 0.0,
            };
            right = hold > 0.0;
            step = f64::min(step * 1.3, 240.0);
            let wait = f64::max(step, hold);
            pass(wait).await;
            waited += wait;
        }
        self.trace.say(|| format!("right {when}"));
        // The machine may be dark at this moment, or have come back only now.
        for _ in 0..RETURNS {
            if self.machine.inbox_is_applied().is_ok() {
                break;
            }
            pass(RETURN_S).await;
        }
        self.machine.inbox_is_applied().map_err(|error| format!("{when}: {error}"))
    }

    /// Changes that no delivery brought.
    fn count_losses(&self) {
        if !self.script.webhook {
            return;
        }
        let brought = self.door.brought();
        for row in super::source::entries(&self.simulator.state()) {
            let second = if row.deleted { None } else { Some(row.at) };
            if !brought.contains(&(row.id, second)) {
                self.counter.note("lost change");
            }
        }
    }
}
