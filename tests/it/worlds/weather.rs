//! What goes wrong around the office while it works, and what changes: power, network, plans, clocks, the mapping.

use chrono::TimeDelta;
use hourwire::control::snapshot::SubscriptionLine;
use hourwire::domain::health::SubState;
use hourwire::domain::mapping::MappingEdit;
use hourwire::engine::guard_wish::Asked;
use hourwire::simulator::toggl::Plan;
use hourwire::simulator::{Faults, PlanChange};
use http::Method;
use serde_json::Value;

use super::furnish::{named, source_ref};
use super::model::TARGET;
use super::source::rows;
use super::time::pass;
use super::world::World;

impl World {
    /// What may go wrong before the next act.
    pub(super) fn weather(&mut self) {
        if self.weather.chance(self.script.power) {
            self.machine.cut();
        }
        if self.weather.chance(self.script.gone) && self.net.out() {
            self.counter.note("network gone");
            self.net.set_out(false);
            let (net, seconds) = (self.net.clone(), self.weather.float(2.0, 150.0));
            self.trace.say(|| format!("network: gone for {seconds:.0} s"));
            tokio::spawn(async move {
                pass(seconds).await;
                net.set_out(true);
            });
        }
        if self.weather.chance(self.script.tunnel) && self.net.tunnel() {
            self.net.set_tunnel(false);
            let (net, seconds) = (self.net.clone(), self.weather.float(10.0, 300.0));
            self.trace.say(|| format!("tunnel: closed for {seconds:.0} s"));
            tokio::spawn(async move {
                pass(seconds).await;
                net.set_tunnel(true);
            });
        }
        if self.weather.chance(self.script.replan) {
            let free = self.simulator.plan().toggl == Some(Plan::Free);
            let toggl = Some(if free { Plan::Premium } else { Plan::Free });
            self.simulator.set_plan(PlanChange { toggl, clockify: None });
            self.replans += 1;
            self.counter.note("plan change");
            self.trace.say(|| format!("plan: {toggl:?}"));
        }
        if !self.script.skew.is_zero() && self.weather.chance(0.02) {
            let skew = TimeDelta::milliseconds(self.weather.int(-90_000, 90_000));
            self.trace.say(|| format!("clock: the engine's is off by {skew}"));
            self.counter.note("clock set");
            self.time.set_skew(skew);
        }
        if self.script.remaps && self.weather.chance(0.06) {
            self.remap();
        }
    }

    /// A person links a project elsewhere.
    pub(super) fn remap(&mut self) {
        let edit = MappingEdit::LinkProject {
            source: source_ref(*self.weather.pick(&self.ground.source)),
            target: TARGET.into(),
            to: named(self.weather.pick(&self.ground.target).as_str()),
            from: None,
        };
        self.trace.say(|| format!("remap: {edit:?}"));
        self.counter.note("remap");
        self.model.remap(self.mappings.change(&edit));
        if let Some(engine) = self.machine.engine() {
            // An engine that dies over it reads the file at its next start.
            let _ = engine.reload_mapping();
        }
    }

    /// Sees whether Toggl has disabled the subscription.
    pub(super) async fn watch(&mut self) {
        if !self.script.webhook {
            return;
        }
        let path = format!("/subscriptions/{}", self.access.toggl_workspace);
        let token = &self.access.toggl_token;
        let (_, list) =
            super::office::webhooks(&self.simulator, token, Method::GET, &path, &Value::Null).await;
        let enabled = rows(&list).iter().any(|row| row["enabled"] == true && !row["validated_at"].is_null());
        if self.was_enabled && !enabled {
            self.counter.note("disabled");
            self.trace.say(|| "subscription: disabled".into());
        }
        self.was_enabled = enabled;
    }

    /// Where nothing proves who disabled the subscription, the engine leaves it to a person: one key enables it.
    pub(super) async fn attend(&self) {
        let Some(engine) = self.machine.engine() else { return };
        let Some(snapshot) = engine.snapshot() else { return };
        let unknown =
            |line: &&SubscriptionLine| line.state == SubState::Disabled && line.cause == "cause unknown";
        if let Some(line) = snapshot.subscriptions.iter().find(unknown) {
            let said = engine.ask_guardian(line.at.clone(), Asked::Enable).await;
            self.counter.note("enabled by a person");
            self.trace.say(|| format!("a person enables the subscription: {said:?}"));
        }
    }

    /// The faults stop; habits of the service stay.
    pub(super) async fn clear_up(&mut self) {
        let mut calm = Faults::default();
        calm.deliveries.deleted_payload = self.script.faults.deliveries.deleted_payload;
        calm.deliveries.history = self.script.faults.deliveries.history;
        self.simulator.set_faults(calm);
        self.simulator.set_plan(PlanChange { toggl: Some(self.script.plans.toggl), clockify: None });
        self.machine.calm();
        // What is under way may still end badly.
        pass(1.0).await;
        self.net.set_out(true);
        self.net.set_tunnel(true);
        self.trace.say(|| "calm".into());
    }
}
