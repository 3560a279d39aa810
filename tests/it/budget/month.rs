//! Days of a normal working life, played with the engine, and the same life with a client that polls every minute.

use std::fmt;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use hourwire::control::command::Wish;
use hourwire::domain::id::Service;
use hourwire::simulator::Faults;
use hourwire::simulator::faults::{Act as Fault, AnswerRule, Deliveries};
use hourwire::simulator::toggl::Plan;
use http::{Method, StatusCode};
use serde_json::json;

use super::book::{Book, Lag, Version, percentile, text};
use super::life::{Act, day};
use super::poller::Poller;
use super::shop::{Shop, Terms, monday};
use crate::worlds::dice::Dice;
use crate::worlds::time::pass;

/// Deliveries that get lost without a trace.
const LOST: f64 = 0.04;
/// Working days of history before the program comes, and entries a day.
const HISTORY: (i64, i64) = (65, 10);

/// Who keeps the target in step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// The engine.
    Engine,
    /// A client that polls every minute.
    Polling,
}

/// What a life came to.
#[derive(Debug)]
pub struct Figures {
    pub name: String,
    pub requests: usize,
    pub refused_for_us: usize,
    pub refused_for_others: usize,
    /// The other program was refused so often.
    pub other_refused: usize,
    pub entries: usize,
    pub delivered: Vec<TimeDelta>,
    pub undelivered: Vec<TimeDelta>,
    pub never: Vec<Lag>,
    /// The longest lags, for a look.
    pub worst: Vec<Lag>,
    pub person: Vec<(DateTime<Utc>, TimeDelta)>,
    pub backfilled: usize,
}

impl Figures {
    /// Requests per synced entry.
    pub fn price(&self) -> f64 {
        self.requests as f64 / self.entries.max(1) as f64
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let longest = |list: &[TimeDelta]| list.iter().max().copied().unwrap_or_default().num_seconds();
        let middle = |list: &[TimeDelta]| percentile(&mut list.to_vec(), 0.5).num_milliseconds() as f64 / 1e3;
        let person = self.person.iter().map(|(_, wait)| wait.num_milliseconds()).max().unwrap_or(0);
        write!(
            f,
            "{:<22}{:>9}{:>9}{:>9}{:>8}{:>8.1}{:>7}{:>11.1}{:>9}{:>7}{:>9}{:>11}",
            self.name,
            self.requests,
            self.refused_for_us,
            self.refused_for_others + self.other_refused,
            self.entries,
            self.price(),
            self.delivered.len(),
            middle(&self.delivered),
            longest(&self.delivered),
            self.undelivered.len(),
            longest(&self.undelivered),
            person,
        )
    }
}

/// The head of the table.
pub const HEAD: &str = "                       requests  refused   others entries  per e. deliv.  median s  longest  undel.  longest  person ms";

/// Plays a life of so many days.
pub async fn live(by: By, plan: Plan, days: i64, seed: u64) -> Figures {
    let mut shop = Shop::new(Terms { seed, plan, webhook: true, start: monday() }).await;
    let mut book = Book::default();
    let power = match by {
        By::Engine => {
            history(&shop).await;
            shop.simulator.set_faults(faults(true));
            Some(tokio::spawn(shop.machine.clone().keep_running()))
        }
        By::Polling => None,
    };
    let mut poller = Poller::new(&shop);
    let (dice, mut number) = (Dice::new(seed, 2), 0);
    let (mut other_refused, mut asked) = (0, Vec::new());
    for index in 0..days {
        let midnight = monday() + TimeDelta::days(index);
        for (at, act) in day(&dice, midnight, index, &mut number) {
            if by == By::Polling {
                poller.until(&mut shop, at).await;
            } else {
                pass((at - shop.time.now()).num_milliseconds().max(0) as f64 / 1e3).await;
            }
            do_act(&mut shop, &mut book, by, act, &mut other_refused, &mut asked).await;
        }
    }
    let end = monday() + TimeDelta::days(days) + TimeDelta::hours(2);
    if by == By::Polling {
        poller.until(&mut shop, end).await;
    } else {
        pass((end - shop.time.now()).num_seconds() as f64).await;
    }
    if let Some(power) = power {
        power.abort();
        shop.machine.switch_off();
    }
    shop.simulator.stop();
    figures(&shop, &book, (by, plan), other_refused, &asked)
}

/// What was tracked before, by hand, for a backfill to find.
async fn history(shop: &Shop) {
    for back in 1..=HISTORY.0 {
        for place in 0..HISTORY.1 {
            let start = monday() - TimeDelta::days(back * 7 / 5) + TimeDelta::minutes(540 + place * 50);
            shop.track(&format!("Earlier {back}.{place}"), start, 40).await;
        }
    }
}

fn faults(target: bool) -> Faults {
    let down = AnswerRule {
        service: Some(Service::Clockify),
        method: None,
        path: None,
        share: None,
        act: Fault::Status(503),
        times: None,
    };
    Faults {
        deliveries: Deliveries { drop: LOST, ..Deliveries::default() },
        answers: if target { Vec::new() } else { vec![down] },
        ..Faults::default()
    }
}

async fn do_act(
    shop: &mut Shop,
    book: &mut Book,
    by: By,
    act: Act,
    other_refused: &mut usize,
    asked: &mut Vec<(DateTime<Utc>, &'static str)>,
) {
    let now = shop.time.now();
    match act {
        Act::Start(number) => {
            let body = json!({
                "created_with": "web", "workspace_id": shop.access.toggl_workspace,
                "description": text(number, 0), "project_id": shop.project, "duration": -1,
                "start": now.to_rfc3339_opts(SecondsFormat::Secs, true),
            });
            let made = shop.person(Method::POST, "", &body).await;
            book.entries.entry(number).or_default().id = made["id"].as_i64().unwrap_or_default();
        }
        Act::Stop(number) => {
            let id = book.entries[&number].id;
            let row = shop.person(Method::PATCH, &format!("/{id}/stop"), &json!(null)).await;
            note(book, number, now, &row);
        }
        Act::Add(number, minutes) => {
            let row = shop.track(&text(number, 0), now - TimeDelta::minutes(minutes), minutes).await;
            book.entries.entry(number).or_default().id = row["id"].as_i64().unwrap_or_default();
            note(book, number, now, &row);
        }
        Act::Edit(number, longer) => {
            let (id, edits) = (book.entries[&number].id, book.entries[&number].versions.len());
            let Some(last) = book.entries[&number].versions.last() else { return };
            let mut body = json!({"description": text(number, edits)});
            if longer {
                let stop = last.stop - TimeDelta::minutes(1);
                body["stop"] = json!(stop.max(last.start).to_rfc3339_opts(SecondsFormat::Secs, true));
            }
            let row = shop.person(Method::PUT, &format!("/{id}"), &body).await;
            note(book, number, now, &row);
        }
        Act::OtherUser | Act::OtherOrg => {
            let home = format!("/workspaces/{}/projects", shop.access.toggl_workspace);
            let path = if act == Act::OtherUser { "/me/time_entries/current" } else { &home };
            *other_refused += usize::from(shop.other(path).await == StatusCode::PAYMENT_REQUIRED);
        }
        Act::Net(open) => {
            shop.net.set_out(open);
            outage(book, now, open);
        }
        Act::Tunnel(open) => {
            shop.net.set_tunnel(open);
            outage(book, now, open);
        }
        Act::Target(works) => {
            shop.simulator.set_faults(faults(works));
            outage(book, now, works);
        }
        Act::Power | Act::ReadNow | Act::Ping | Act::Backfill if by == By::Polling => {}
        Act::Power => {
            shop.machine.cut();
            book.outages.push((now, now + TimeDelta::seconds(60)));
        }
        Act::ReadNow => {
            shop.command(Wish::ReadNow).await;
            asked.push((now, "/me/time_entries"));
        }
        Act::Ping => {
            let own = shop.snapshot().subscriptions.iter().find(|s| s.ours).map(|s| s.at.clone());
            if let Some(subscription) = own {
                shop.command(Wish::Test { subscription }).await;
                asked.push((now, "/ping/"));
            }
        }
        Act::Backfill => {
            let (from, to) = (shop.back(95), shop.back(1));
            shop.command(Wish::Backfill { from, to, dry: false }).await;
        }
    }
}

fn outage(book: &mut Book, now: DateTime<Utc>, over: bool) {
    if over {
        if let Some(last) = book.outages.last_mut() {
            last.1 = now;
        }
    } else {
        book.outages.push((now, now + TimeDelta::days(1)));
    }
}

fn note(book: &mut Book, number: u32, now: DateTime<Utc>, row: &serde_json::Value) {
    let time = |key: &str| row[key].as_str().and_then(|t| t.parse::<DateTime<Utc>>().ok());
    let (Some(start), Some(stop)) = (time("start"), time("stop")) else { panic!("no stopped entry: {row}") };
    let version =
        Version { at: now, text: row["description"].as_str().unwrap_or_default().to_owned(), start, stop };
    book.entries.entry(number).or_default().versions.push(version);
}

fn figures(
    shop: &Shop,
    book: &Book,
    (by, plan): (By, Plan),
    other_refused: usize,
    asked: &[(DateTime<Utc>, &'static str)],
) -> Figures {
    let (sent, written) = (shop.log.sent(), shop.log.written());
    let brought = shop.door.brought();
    let lags = book.lags(&written, |id, second| brought.contains(&(id, Some(second))));
    let took = |delivered: bool| -> Vec<TimeDelta> {
        lags.iter().filter(|lag| lag.delivered == delivered).filter_map(|lag| lag.took).collect()
    };
    let calm = |at: &DateTime<Utc>| {
        let near = TimeDelta::minutes(10);
        !book.outages.iter().any(|(from, to)| *from - near < *at && *at < *to + near)
    };
    let wait = |(at, end): &(DateTime<Utc>, &'static str)| {
        let left = shop.log.first_after(*at, end);
        (*at, left.map_or(TimeDelta::hours(99), |left| left - *at))
    };
    let mut texts: Vec<&str> = written.iter().map(|w| w.text.split(" again").next().unwrap_or("")).collect();
    texts.sort_unstable();
    texts.dedup();
    let mut worst: Vec<Lag> = lags.iter().filter(|lag| lag.took.is_some()).cloned().collect();
    worst.sort_by_key(|lag| std::cmp::Reverse(lag.took));
    worst.truncate(5);
    Figures {
        name: format!("{}, {}", plan.title(), if by == By::Engine { "hourwire" } else { "polling" }),
        requests: sent.len(),
        refused_for_us: sent.iter().filter(|one| one.is_refused() && !one.by_others).count(),
        refused_for_others: sent.iter().filter(|one| one.is_refused() && one.by_others).count(),
        other_refused,
        entries: texts.len(),
        delivered: took(true),
        undelivered: took(false),
        never: lags.iter().filter(|lag| lag.took.is_none()).cloned().collect(),
        worst,
        person: asked.iter().filter(|(at, _)| calm(at)).map(wait).collect(),
        backfilled: texts.iter().filter(|text| text.starts_with("Earlier")).count(),
    }
}
