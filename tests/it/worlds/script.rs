//! What a seed decides before a world begins: plans, terms, mapping habits, faults and cuts.

use chrono::{DateTime, NaiveDate, TimeDelta, TimeZone, Utc};
use chrono_tz::America::New_York;
use hourwire::domain::id::Service;
use hourwire::domain::policy::{OnDelete, Reenable};
use hourwire::simulator::faults::{Act, AnswerRule, Deliveries};
use hourwire::simulator::toggl::{DeletedPayload, Plan};
use hourwire::simulator::{Faults, Plans};

use super::dice::Dice;
use super::machine::Cut;

/// The named places at which the power is cut: writes of the engine, the journal between them, and the wire.
pub const POINTS: [&str; 17] = [
    "intake",
    "ledger",
    "cache",
    "spend",
    "told",
    "intent",
    "outcome",
    "lookup",
    "orphans",
    "read",
    "survey",
    "profile",
    "items",
    "rebind",
    "mapping",
    "guard",
    "answer under way",
];

/// The script of one world.
#[derive(Clone)]
pub struct Script {
    pub start: DateTime<Utc>,
    pub skew: TimeDelta,
    pub plans: Plans,
    /// Two people at the source; only in worlds in which no delivery is lost.
    pub colleague: bool,
    /// Deliveries come; else all is read.
    pub webhook: bool,
    pub on_delete: OnDelete,
    pub reenable: Reenable,
    pub fallback: bool,
    pub private_rule: bool,
    pub remaps: bool,
    /// Part of today is in the target before the engine comes.
    pub adopt: bool,
    /// Days before today that are synced too.
    pub back_days: i64,
    pub acts: i64,
    pub faults: Faults,
    pub cuts: Vec<Cut>,
    /// Chance of a cut, of a network gone, of a closed tunnel and of a change of plan before each act.
    pub power: f64,
    pub gone: f64,
    pub tunnel: f64,
    pub replan: f64,
    pub dark_s: f64,
    /// Acts after the first settling.
    pub encore: i64,
}

impl Script {
    /// The first day synced.
    pub fn sync_from(&self) -> NaiveDate {
        self.start.with_timezone(&New_York).date_naive() - TimeDelta::days(self.back_days)
    }

    /// The script of a seed.
    pub fn draw(dice: &Dice) -> Self {
        let day = dice.int(2, 28) as u32;
        let colleague = dice.chance(0.04);
        // The history of a furnished world begins at eight; what a colleague did before the start nobody would deliver.
        let hour = if colleague { 6 } else { dice.int(6, 22) as u32 };
        let (minute, second) = (dice.int(0, 60) as u32, dice.int(0, 60) as u32);
        let start = New_York.with_ymd_and_hms(2026, 3, day, hour, minute, second).earliest();
        let start = start.map(|at| at.to_utc()).unwrap_or_default();
        let start = start + TimeDelta::milliseconds(dice.int(0, 1000));
        let webhook = colleague || dice.chance(0.9);
        let toggl = if colleague || dice.chance(0.8) { Plan::Premium } else { Plan::Free };
        let clockify_free = !colleague && dice.chance(0.12);
        let acts = if clockify_free { dice.int(6, 14) } else { dice.int(20, 50) };
        let calm = dice.chance(0.05);
        let adopt = !colleague && dice.chance(0.15);
        Self {
            start,
            skew: TimeDelta::milliseconds(if dice.chance(0.5) { 0 } else { dice.int(-90_000, 90_000) }),
            plans: Plans { toggl, clockify_free },
            colleague,
            webhook,
            on_delete: *dice.pick(&[OnDelete::Retire, OnDelete::Retire, OnDelete::Delete, OnDelete::Keep]),
            reenable: *dice.pick(&[Reenable::Evidence, Reenable::Evidence, Reenable::Always]),
            fallback: dice.chance(0.8),
            private_rule: dice.chance(0.6),
            remaps: dice.chance(0.35),
            adopt,
            back_days: if adopt && dice.chance(0.5) { dice.int(1, 4) } else { 0 },
            acts,
            faults: if calm { Faults::default() } else { faults(dice, colleague) },
            cuts: if calm { Vec::new() } else { cuts(dice) },
            power: if calm { 0.0 } else { *dice.pick(&[0.0, 0.02, 0.06]) },
            gone: if calm { 0.0 } else { *dice.pick(&[0.0, 0.0, 0.02]) },
            tunnel: if calm || colleague { 0.0 } else { *dice.pick(&[0.0, 0.0, 0.03]) },
            replan: if colleague { 0.0 } else { *dice.pick(&[0.0, 0.0, 0.01]) },
            dark_s: if colleague { 4.0 } else { 120.0 },
            encore: if dice.chance(0.5) { dice.int(4, 12) } else { 0 },
        }
    }
}

/// How often a point is chosen, and its n-th time at most: rarely reached ones more often and at once.
fn habit(point: &str) -> (u32, i64) {
    match point {
        "orphans" => (60, 2),
        "rebind" | "lookup" => (42, 3),
        "read" | "guard" => (20, 6),
        "profile" | "items" | "survey" => (22, 3),
        "mapping" => (30, 2),
        _ => (20, 8),
    }
}

fn cuts(dice: &Dice) -> Vec<Cut> {
    let count = dice.weighted(&[10, 30, 35, 25]);
    let weights: Vec<u32> = POINTS.iter().map(|point| habit(point).0).collect();
    let mut cuts = Vec::new();
    for _ in 0..count {
        let point = POINTS[dice.weighted(&weights)];
        if point == "orphans" {
            // Only a write that was under way makes an orphan.
            cuts.push(Cut { point: "answer under way", nth: dice.int(8, 20) as u32 });
        }
        cuts.push(Cut { point, nth: dice.int(1, habit(point).1) as u32 });
    }
    cuts
}

fn faults(dice: &Dice, safe: bool) -> Faults {
    let share = |chance: f64, most: f64| if dice.chance(chance) { dice.float(0.02, most) } else { 0.0 };
    let delay = share(0.4, 1.0) * 8.0;
    let mut deliveries = Deliveries {
        drop: share(0.5, 0.4),
        duplicate: share(0.6, 0.5),
        reorder: share(0.6, 0.5),
        delay_s: [0.0, delay],
        bad_signature: share(0.1, 0.1),
        fail: share(0.15, 0.3),
        deleted_payload: *dice.pick(&[DeletedPayload::Full, DeletedPayload::Id, DeletedPayload::Null]),
        history: dice.chance(0.5),
        ..Deliveries::default()
    };
    if safe {
        deliveries.drop = 0.0;
        deliveries.disable_after = 0;
        deliveries.retry_s = vec![5.0, 20.0, 60.0, 60.0, 60.0, 60.0, 60.0, 60.0];
    }
    let answers = (0..dice.int(0, 6)).map(|_| answer(dice)).collect();
    Faults { deliveries, answers, plain_errors: share(0.2, 1.0), ..Faults::default() }
}

fn answer(dice: &Dice) -> AnswerRule {
    let (service, method, path) = *dice.pick(&[
        (Service::Clockify, "POST", "/time-entries"),
        (Service::Clockify, "POST", "/time-entries"),
        (Service::Clockify, "PUT", "/time-entries"),
        (Service::Clockify, "PUT", "/time-entries"),
        (Service::Clockify, "DELETE", "/time-entries"),
        (Service::Clockify, "DELETE", "/time-entries"),
        (Service::Clockify, "GET", "/time-entries"),
        (Service::Clockify, "GET", "/"),
        (Service::Clockify, "POST", "/tags"),
        (Service::Toggl, "GET", "/me"),
        (Service::Toggl, "GET", "/"),
        (Service::Toggl, "POST", "/"),
    ]);
    let act = match dice.weighted(&[25, 25, 15, 12, 10, 14, 8]) {
        0 => Act::Lost,
        1 => Act::Done(500),
        2 => Act::Status(503),
        3 => Act::Reset,
        4 => Act::Status(429),
        5 if service == Service::Toggl => Act::Status(402),
        5 => Act::Status(429),
        _ => Act::Delay(dice.float(5.0, 60.0)),
    };
    let times = Some(dice.int(1, 12) as u32);
    let share = Some(dice.float(0.1, 0.9));
    AnswerRule {
        service: Some(service),
        method: Some(method.into()),
        path: Some(path.into()),
        share,
        act,
        times,
    }
}
