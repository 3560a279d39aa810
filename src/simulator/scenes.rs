//! What may happen to a webhook in a night, as scenarios (reference/user-journeys.md, journey 4 and its variants).
//!
//! A scene is a list of acts, each so many seconds after the subscription of the program under test became healthy.

use serde_json::json;

use super::faults::Faults;
use super::options::{ClockifyPlan, PlanChange};
use super::seam::Simulator;
use super::toggl::Plan;

/// Something that happens.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Act {
    /// The way to the address is bad, or good again.
    Way(bool),
    /// Only PINGs arrive, or everything again.
    OnlyPings(bool),
    /// The service has lost the proof of the address.
    ForgetValidation,
    /// The creator is an administrator, or is none.
    Admin(bool),
    /// Somebody else's subscription, older than ours, with this name.
    Older(&'static str),
    /// The organization's plan.
    Plan(Plan),
    /// The next enabling is answered 402.
    Dry,
    /// Deliveries take so many seconds.
    Late(f64),
    /// Somebody edits name and events of our subscription in the web page.
    Edit,
    /// Somebody switches our subscription off in the web page.
    SwitchOff,
    /// Two webhooks of another program in Clockify, older than ours.
    ClockifyOlder,
    /// Clockify's plan.
    ClockifyPlan(ClockifyPlan),
    /// Clockify's deliveries fail on their way, or arrive again.
    ClockifyWay(bool),
    /// Somebody works in Clockify for a moment: an entry made, reworded and deleted, a timer started.
    ClockifyWork,
    /// Somebody changes our webhooks in Clockify's web page: an address, an event and a name, a token.
    ClockifyDrift,
    /// Somebody rewords an entry in Clockify.
    ClockifyEdit,
    /// Somebody switches our webhooks off in Clockify's web page.
    ClockifyOff,
}

/// A scene by its name.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scene {
    /// The name for `--scenario`.
    pub name: &'static str,
    /// What happens, in order, each with its second.
    pub acts: &'static [(f64, Act)],
}

/// All scenes: the journey, then its variants in their order, then what a person does, then Clockify's side.
pub const SCENES: [Scene; 13] = [
    Scene { name: "webhook-502", acts: &[(20.0, Act::Way(true)), (80.0, Act::Way(false))] },
    Scene { name: "webhook-unvalidated", acts: &[(20.0, Act::ForgetValidation)] },
    Scene { name: "webhook-silent", acts: &[(20.0, Act::OnlyPings(true)), (1_500.0, Act::OnlyPings(false))] },
    Scene { name: "webhook-rights", acts: &[(20.0, Act::Admin(false))] },
    Scene { name: "webhook-plan", acts: &[(15.0, Act::Older("crm-old")), (20.0, Act::Plan(Plan::Free))] },
    Scene {
        name: "webhook-quota",
        acts: &[(15.0, Act::Dry), (20.0, Act::Way(true)), (80.0, Act::Way(false))],
    },
    Scene { name: "webhook-name", acts: &[(15.0, Act::Older("hours"))] },
    Scene { name: "webhook-secret", acts: &[(15.0, Act::Late(8.0))] },
    Scene { name: "webhook-drift", acts: &[(20.0, Act::Edit)] },
    Scene {
        name: "webhook-downgrade",
        acts: &[
            (15.0, Act::ClockifyOlder),
            (20.0, Act::ClockifyPlan(ClockifyPlan::Free)),
            (240.0, Act::ClockifyPlan(ClockifyPlan::Paid)),
            (250.0, Act::ClockifyWork),
        ],
    },
    Scene {
        name: "webhook-clockify-502",
        acts: &[(20.0, Act::ClockifyWay(true)), (400.0, Act::ClockifyWay(false))],
    },
    Scene { name: "webhook-clockify-drift", acts: &[(20.0, Act::ClockifyDrift)] },
    Scene { name: "clockify-edit", acts: &[(20.0, Act::ClockifyEdit)] },
];

impl Scene {
    /// The scene of a name.
    pub fn named(name: &str) -> Option<Self> {
        SCENES.into_iter().find(|scene| scene.name == name)
    }
}

/// Lets an act happen; the way is the caller's.
pub fn happen(simulator: &Simulator, act: Act) {
    let faults = |value| simulator.set_faults(serde_json::from_value::<Faults>(value).unwrap_or_default());
    match act {
        Act::Way(_) => {}
        Act::OnlyPings(on) => faults(json!({"deliveries": {"only_pings": on}})),
        Act::ForgetValidation => simulator.change_hooks(|hooks| {
            for row in hooks.subscriptions.values_mut() {
                row.validated = None;
            }
        }),
        Act::Admin(is) => simulator.set_owner_admin(is),
        Act::ClockifyOlder => simulator.plant_clockify_hooks(),
        Act::ClockifyPlan(plan) => simulator.set_plan(PlanChange { toggl: None, clockify: Some(plan) }),
        Act::ClockifyWay(bad) => {
            let fail = if bad { 1.0 } else { 0.0 };
            faults(json!({"deliveries": {"service": "clockify", "fail": fail}}));
        }
        Act::ClockifyWork => simulator.work_in_clockify(),
        Act::ClockifyDrift => simulator.drift_in_clockify(),
        Act::ClockifyEdit => {
            let _ = simulator.edit_in_clockify("Reworded by the client");
        }
        Act::ClockifyOff => simulator.change_clockify_hooks(|hooks| {
            for row in hooks.rows.values_mut().filter(|row| !row.name.starts_with("crm ")) {
                row.enabled = false;
            }
        }),
        Act::Older(name) => simulator.plant_subscription(name),
        Act::Plan(plan) => simulator.set_plan(PlanChange { toggl: Some(plan), clockify: None }),
        Act::Dry => {
            faults(json!({"answers": [{"service": "toggl", "method": "PATCH", "path": "/subscriptions/",
                "do": "402", "times": 1}]}));
        }
        Act::Late(seconds) => faults(json!({"deliveries": {"delay_s": [seconds, seconds]}})),
        Act::Edit => simulator.change_hooks(|hooks| {
            if let Some(row) = hooks.subscriptions.values_mut().next() {
                row.description = "the office's".into();
                row.filters = vec![("time_entry".into(), "*".into())];
            }
        }),
        Act::SwitchOff => {
            let now = simulator.now();
            simulator.change_hooks(|hooks| {
                if let Some(row) = hooks.subscriptions.values_mut().next() {
                    (row.enabled, row.updated) = (false, now);
                }
            });
        }
    }
}
