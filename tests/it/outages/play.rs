//! One outage: drawn from a seed, played, and what must hold afterwards.

use std::time::Duration;

use chrono::{DateTime, Utc};
use hourwire::domain::id::RemoteId;
use hourwire::simulator::World;
use hourwire::simulator::toggl::Plan;
use http::Method;
use serde_json::{Value, json};

use crate::guardian::stage::{Machine, Office, Running, WORKSPACE, live};
use crate::guardian::way::Trouble;
use crate::worlds::dice::Dice;

/// What is out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    EndpointDown,
    Proxy502,
    ProxyDeliveries,
    Name,
    Certificate,
    Slow,
    Flapping,
    Asleep,
    EngineOff,
    QuotaDry,
    LostAnswers,
}

/// All kinds.
pub const KINDS: [Kind; 11] = [
    Kind::EndpointDown,
    Kind::Proxy502,
    Kind::ProxyDeliveries,
    Kind::Name,
    Kind::Certificate,
    Kind::Slow,
    Kind::Flapping,
    Kind::Asleep,
    Kind::EngineOff,
    Kind::QuotaDry,
    Kind::LostAnswers,
];

impl Kind {
    /// In words.
    pub fn name(self) -> &'static str {
        match self {
            Self::EndpointDown => "endpoint down",
            Self::Proxy502 => "proxy 502",
            Self::ProxyDeliveries => "deliveries only",
            Self::Name => "name",
            Self::Certificate => "certificate",
            Self::Slow => "slow",
            Self::Flapping => "flapping",
            Self::Asleep => "laptop asleep",
            Self::EngineOff => "engine off",
            Self::QuotaDry => "quota dry",
            Self::LostAnswers => "lost answers",
        }
    }

    fn trouble(self, dice: &Dice) -> Option<Trouble> {
        Some(match self {
            Self::EndpointDown | Self::LostAnswers => Trouble::Broken("connection", "connection refused"),
            Self::Proxy502 | Self::QuotaDry => Trouble::Status(502),
            Self::ProxyDeliveries => Trouble::Deliveries(502),
            Self::Name => Trouble::Broken("name", "the name is not known"),
            Self::Certificate => Trouble::Broken("certificate", "the certificate has expired"),
            Self::Slow => Trouble::Slow(dice.int(11, 40).cast_unsigned()),
            Self::Flapping => Trouble::Flapping(dice.int(30, 120)),
            Self::Asleep => Trouble::Asleep,
            Self::EngineOff => return None,
        })
    }
}

/// What an outage showed.
#[derive(Clone, Debug)]
pub struct Told {
    pub kind: Kind,
    /// Seconds from a well endpoint to the end of the last incident.
    pub healed_s: i64,
    /// The most requests of one incident: what its ledger says, or what was asked beside the schedule if more.
    pub requests: u32,
    /// Tries that failed.
    pub failed: u32,
    /// Incidents.
    pub incidents: u32,
    /// Entries that reading recovered.
    pub recovered: u32,
}

/// Another program on the same token spends what is left of the hour.
async fn burn(office: &Office) {
    let path = format!("/api/v9/workspaces/{WORKSPACE}/tags");
    while office.ask(Method::GET, &path, Value::Null, false).await.status() != 402 {
        office.pass(2).await;
    }
}

/// The source's entries as the person sees them, and as the engine has them.
pub async fn difference(office: &Office, running: &Running) -> Option<String> {
    let listed = office.person(Method::GET, "/api/v9/me/time_entries", Value::Null).await;
    let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
    let there: Vec<(String, String)> = listed
        .as_array()
        .into_iter()
        .flatten()
        .map(|e| (e["id"].to_string(), text(&e["description"])))
        .collect();
    let me = office.person(Method::GET, "/api/v9/me", Value::Null).await["id"].clone();
    let here = running.texts_of(Some(&RemoteId::from(me.as_i64().unwrap_or_default())));
    // The list is short: what is older is known here, and is there too as long as nobody removes it.
    let state = office.sim.state();
    let rows = state["toggl"]["time_entries"].as_array().cloned().unwrap_or_default();
    let lives =
        |id: &String| rows.iter().any(|e| e["id"].to_string() == *id && e["server_deleted_at"].is_null());
    let missing: Vec<_> = there.iter().filter(|entry| !here.contains(entry)).collect();
    let beyond: Vec<_> = here.iter().filter(|entry| !there.contains(entry) && !lives(&entry.0)).collect();
    (!missing.is_empty() || !beyond.is_empty())
        .then(|| format!("Toggl has {missing:?}, the engine does not; it has {beyond:?}, Toggl does not"))
}

/// Waits for a condition, looking every second.
pub async fn wait(office: &Office, ceiling_s: i64, mut is_so: impl FnMut() -> bool) -> bool {
    let begin = office.now();
    while (office.now() - begin).num_seconds() < ceiling_s {
        if is_so() {
            return true;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    is_so()
}

/// Changes of all kinds: new entries, and edits and removals of old ones.
pub async fn change(office: &Office, dice: &Dice, n: usize) {
    let mut old = ids(office).await;
    change_one_of(office, dice, n, &mut old).await;
}

/// The entries that there are.
async fn ids(office: &Office) -> Vec<i64> {
    let listed = office.person(Method::GET, "/api/v9/me/time_entries", Value::Null).await;
    listed.as_array().into_iter().flatten().filter_map(|e| e["id"].as_i64()).collect()
}

/// A new entry, or an edit or removal of one of these, which is then none of them any more.
async fn change_one_of(office: &Office, dice: &Dice, n: usize, old: &mut Vec<i64>) {
    let path = |id: i64| format!("/api/v9/workspaces/{WORKSPACE}/time_entries/{id}");
    match dice.weighted(&[6, 3, 1]) {
        1 if !old.is_empty() => {
            let body = json!({"description": format!("Edited {n}"), "workspace_id": WORKSPACE});
            office.person(Method::PUT, &path(pull(dice, old)), body).await;
        }
        2 if !old.is_empty() => {
            office.person(Method::DELETE, &path(pull(dice, old)), Value::Null).await;
        }
        _ => office.track(&format!("Entry {n}")).await,
    }
}

fn pull(dice: &Dice, old: &mut Vec<i64>) -> i64 {
    old.swap_remove(dice.int(0, old.len() as i64) as usize)
}

/// A third of the seeds is played in an office with colleagues, whose part of a gap only Reports bring.
pub fn has_colleagues(seed: u64) -> bool {
    seed / KINDS.len() as u64 % 3 == 2
}

/// Draws an outage and plays it.
pub async fn outage(seed: u64) -> Result<Told, String> {
    let dice = Dice::new(seed, 31);
    let kind = KINDS[(seed % KINDS.len() as u64) as usize];
    let plan = match kind {
        Kind::QuotaDry => Plan::Free,
        _ => *dice.pick(&[Plan::Free, Plan::Starter, Plan::Premium]),
    };
    let colleagues = has_colleagues(seed);
    let world = if colleagues { World::Demo } else { World::Empty };
    let office = Office::of(plan, world, seed);
    let machine = Machine::new("den");
    let mut running = live(&office, &machine).await;
    if colleagues
        && !wait(&office, 7_200, || running.engine.snapshot().is_some_and(|s| s.jobs.is_empty())).await
    {
        return Err("the history was not read".into());
    }
    office.faults(json!({"deliveries": {"history": dice.chance(0.5)}}));
    for n in 0..dice.int(0, 4) {
        change(&office, &dice, n as usize).await;
        office.pass(dice.int(1, 60).cast_unsigned()).await;
    }
    office.pass(dice.int(20, 1_500).cast_unsigned()).await;
    let told = strike(&office, &machine, &mut running, kind, (colleagues, &dice)).await;
    let told =
        told.map_err(|why| format!("{} on {plan:?}: {why}\n  {}", kind.name(), running.log().join("\n  ")));
    if super::number("HOURWIRE_SEED").is_some() {
        println!("{}\n{:#?}", running.log().join("\n"), running.incidents());
        println!("{}", office.asked().join("\n"));
    }
    told
}

async fn strike(
    office: &Office,
    machine: &Machine,
    running: &mut Running,
    kind: Kind,
    (colleagues, dice): (bool, &Dice),
) -> Result<Told, String> {
    let id = running.own().ok_or("no subscription")?.id;
    let off = || async { !office.listed().await.iter().any(|s| s["enabled"] == true) };
    if kind == Kind::EngineOff {
        running.stop(office).await;
    }
    office.trouble(kind.trouble(dice));
    office.pass(dice.int(0, 15).cast_unsigned()).await;
    // What is changed twice, before and after the service gives up, proves nothing without a history.
    let mut old = ids(office).await;
    let mut theirs = Vec::new();
    for n in 0..60 {
        change_one_of(office, dice, 100 + n, &mut old).await;
        if colleagues && n < 4 {
            theirs.push(office.colleague_tracks(&format!("Of a colleague {n}")).await);
        }
        office.pass(dice.int(1, 40).cast_unsigned()).await;
        if n + 1 >= dice.int(1, 7) as usize && off().await {
            break;
        }
    }
    if !wait_off(office).await {
        return Err("the service never gave up".into());
    }
    office.pass(dice.int(0, 1_200).cast_unsigned()).await;
    if kind == Kind::QuotaDry {
        burn(office).await;
    }
    if kind == Kind::LostAnswers {
        let act = *dice.pick(&["lost", "reset", "done:500", "status:500", "429"]);
        let part = *dice.pick(&["/subscriptions/", "/me/time_entries"]);
        office.faults(json!({"answers": [{"service": "toggl", "path": part, "do": act, "times": 1}]}));
    }
    office.trouble(None);
    if kind == Kind::EngineOff {
        *running = machine.start(office);
    }
    let well_at = office.now();
    let over = |r: &Running| {
        let incidents = r.incidents();
        r.is_well() && !incidents.is_empty() && incidents.iter().all(|i| i.closed_at.is_some())
    };
    if !wait(office, 2 * 86_400, || over(running)).await {
        return Err(format!("not healed in two days: {:?}", running.incidents()));
    }
    let closed = running.incidents().iter().filter_map(|i| i.closed_at).max().unwrap_or(well_at);
    if let Some(said) = difference(office, running).await {
        return Err(format!("the gap is not filled: {said}"));
    }
    if let Some(id) = theirs.iter().find(|id| !running.knows(**id)) {
        return Err(format!("a colleague's {id} is missing: {:#?}", running.incidents()));
    }
    aftermath(office, running, dice).await?;
    let incidents = running.incidents();
    if incidents.iter().any(|i| i.subscription.as_ref().is_none_or(|(_, s)| *s != id)) {
        return Err(format!("an incident of something else: {incidents:?}"));
    }
    let listed = incidents.iter().map(|i| i.requests).max().unwrap_or_default();
    // Each from the list that found it. A list at each turn of the address to good is a regular check.
    let asked = incidents.iter().map(|i| {
        let found = i.opened_at - chrono::TimeDelta::seconds(3);
        beside_schedule(office, found, i.closed_at.unwrap_or(closed))
    });
    let asked = asked.max().unwrap_or_default();
    Ok(Told {
        kind,
        healed_s: (closed - well_at).num_seconds().max(0),
        requests: listed.max(asked),
        failed: incidents.iter().flat_map(|i| &i.steps).filter(|s| s.what == "failed").count() as u32,
        incidents: incidents.len() as u32,
        recovered: incidents.iter().map(|i| i.recovered).sum(),
    })
}

async fn wait_off(office: &Office) -> bool {
    for _ in 0..120 {
        if !office.listed().await.iter().any(|s| s["enabled"] == true) {
            return true;
        }
        office.pass(1).await;
    }
    false
}

/// Requests that no schedule explains: enabling, PINGs, histories, and lists and reads beyond one of each in five
/// minutes.
fn beside_schedule(office: &Office, from: DateTime<Utc>, to: DateTime<Utc>) -> u32 {
    let rows = office.sim.requests();
    // What the service charges nothing for is no request of anybody's hour.
    let free = |path: &str| path.contains("/limits/") || path.contains("/validate/");
    let within = rows
        .iter()
        .filter(|r| r.time >= from && r.time <= to && !r.path.ends_with("/tags") && !free(&r.path));
    let (mut mending, mut lists, mut reads) = (0, Vec::new(), Vec::new());
    for row in within {
        let regular = match (row.method.as_str(), row.path.contains("/subscriptions/")) {
            ("GET", true) if !row.path.ends_with("/events") => &mut lists,
            ("GET", false) if row.path.contains("time_entries") => &mut reads,
            _ => {
                mending += 1;
                continue;
            }
        };
        regular.push(row.time);
    }
    let extra = |times: Vec<DateTime<Utc>>| {
        let mut last: Option<DateTime<Utc>> = None;
        let mut count = 0;
        for time in times {
            match last {
                Some(at) if (time - at).num_seconds() < 290 => count += 1,
                _ => last = Some(time),
            }
        }
        count
    };
    mending + extra(lists) + extra(reads)
}

/// Deliveries come again, nothing goes on about it, and nothing is enabled in circles.
async fn aftermath(office: &Office, running: &Running, dice: &Dice) -> Result<(), String> {
    office.faults(json!({}));
    office.pass(dice.int(5, 60).cast_unsigned()).await;
    let before = office.count("PATCH /webhooks");
    let incidents = running.incidents().len();
    let asked = office.requests().len();
    office.track("Afterwards").await;
    if !wait(office, 10, || running.texts().iter().any(|(_, text)| text == "Afterwards")).await {
        return Err("deliveries do not come again".into());
    }
    if office.requests()[asked..].iter().any(|r| r.contains("time_entries")) {
        return Err("it was read, not delivered".into());
    }
    office.pass(3 * 3_600).await;
    if office.count("PATCH /webhooks") != before || running.incidents().len() != incidents {
        return Err(format!("it goes on: {:?}", running.incidents()));
    }
    match difference(office, running).await {
        Some(said) => Err(format!("later: {said}")),
        None => Ok(()),
    }
}
