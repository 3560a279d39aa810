//! The snapshot: everything that fits on a header and four panes, made from tallies, indexes and what is in memory.
//!
//! Nothing here scans all entries; it is made once for all viewers and only when something changed.

mod address;
pub mod alerts;
mod hook_alerts;
mod meters;
mod plan_alert;
pub mod subscriptions;
mod target_hooks;
mod today;

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;

use crate::cache::rows;
use crate::control::command::SubscriptionRef;
use crate::control::snapshot::{
    AccountLine, CacheWord, DaySummary, Deliveries, HoldLine, IncidentLine, MappingSummary, OFFLINE,
    Snapshot, TargetLine,
};
use crate::control::view::LinkWord;
use crate::domain::id::{Account, Service};
use crate::domain::incident::Incident;
use crate::domain::word::{Class, SyncWord};

use super::Engine;
use super::desk::Desked;
use super::disk;
use super::guard_page;
use super::jobs;
use super::lobby::Refused;
use super::puller;
use super::state::{LOOKING, State};
use super::views::{self, mapping};
use super::words::Standing;

/// Incidents shown.
const INCIDENTS: usize = 50;
/// Lists of parts are cut to this, so that a snapshot stays small.
const MANY: usize = 100;
/// What changes by the clock alone is looked at again after this.
const AGES: TimeDelta = TimeDelta::seconds(5);

/// What was shown last.
#[derive(Default)]
pub struct Board {
    snapshot: Option<(u64, Arc<Snapshot>)>,
}

impl Engine {
    /// The snapshot of this moment; `None` before the cache is ready.
    pub fn snapshot(&self) -> Option<Arc<Snapshot>> {
        self.ready.borrow().then(|| self.show())
    }

    /// The snapshot of this moment, whatever is known of it.
    pub(super) fn show(&self) -> Arc<Snapshot> {
        let rev = *self.changed.borrow();
        let now = self.seams.now();
        let mut state = self.state();
        if let Some((of, snapshot)) = &state.board.snapshot
            && *of == rev
            && (snapshot.now - now).abs() < AGES
        {
            return snapshot.clone();
        }
        let snapshot = Arc::new(self.make_snapshot(&mut state, rev, now));
        state.board.snapshot = Some((rev, snapshot.clone()));
        snapshot
    }

    /// The zone whose days are shown: the first source's.
    pub(super) fn shown_zone(state: &State) -> Tz {
        state.setup.sources.first().map_or(chrono_tz::UTC, |s| state.zone(&s.account))
    }

    fn make_snapshot(&self, state: &mut State, rev: u64, now: DateTime<Utc>) -> Snapshot {
        state.keep_time(now);
        let zone = Self::shown_zone(state);
        let ready = *self.ready.borrow();
        let (cache, percent) = match (&self.lobby.facts().cache, ready) {
            (Some(facts), _) => facts(),
            (None, true) => (CacheWord::Ready, 100),
            (None, false) => (CacheWord::Opening, 0),
        };
        // A cache that is ready before the engine has read it is still opening for those who look.
        let cache = if !ready && cache == CacheWord::Ready { CacheWord::Opening } else { cache };
        let cache_why = self.lobby.facts().cache_trouble.and_then(|facts| facts());
        self.look_at_disk(state);
        let standings = state.standings(now);
        let mut snapshot = Snapshot {
            rev,
            now,
            version: env!("CARGO_PKG_VERSION").into(),
            started_at: self.lobby.started_at,
            hosted_by: state.setup.hosted_by.clone(),
            cache,
            percent,
            cache_why: cache_why.filter(|_| cache != CacheWord::Ready),
            disk: self.disk_line(state),
            zone: zone.name().to_owned(),
            accounts: accounts(state, zone),
            today: DaySummary::default(),
            timers: Vec::new(),
            subscriptions: Vec::new(),
            public_address: state.setup.public_url.is_some(),
            listens: self.lobby.facts().listens,
            unreached: None,
            reading: reading(state),
            meters: meters::lines(state, now),
            strains: meters::strains(state, now),
            targets: targets(state, &standings, zone),
            on_the_way_since: None,
            incidents: Vec::new(),
            jobs: Vec::new(),
            alerts: Vec::new(),
            holds: holds(state),
            deliveries: self.deliveries(state),
            mapping: summary(state, ready),
            last: state.last.clone(),
        };
        let refused = self.lobby.facts().refused.map(|facts| facts()).unwrap_or_default();
        if ready && let Err(e) = fill(state, &mut snapshot, &refused, (zone, now)) {
            // The cache is being rebuilt under us: what is in memory is shown meanwhile.
            tracing::debug!(error = %e, "a snapshot without rows");
        }
        let full = disk::alert(&snapshot.disk, snapshot.deliveries.unavailable);
        snapshot.alerts.splice(0..0, full);
        snapshot
    }

    fn deliveries(&self, state: &State) -> Deliveries {
        let counts = &state.counts;
        let (received, duplicates, rejected) =
            self.lobby.facts().receiver.map(|facts| facts()).unwrap_or_default();
        Deliveries {
            received,
            duplicates: duplicates + counts.duplicates,
            rejected,
            unavailable: self.lobby.facts().unavailable.map(|facts| facts()).unwrap_or_default(),
            dead: counts.dead,
            // Counted here and now: while the cache is rebuilt nobody applies, and deliveries go on coming.
            unapplied: self.inbox.last_seq().saturating_sub(counts.applied_through),
            echoes: counts.echoes,
            unlinked: counts.unlinked,
        }
    }
}

/// The parts that need the cache.
fn fill(
    state: &State,
    snapshot: &mut Snapshot,
    refused: &BTreeMap<String, Refused>,
    (zone, now): (Tz, DateTime<Utc>),
) -> Desked<()> {
    snapshot.today = today::summary(state, zone, now)?;
    snapshot.timers = today::timers(state)?;
    snapshot.subscriptions = subscriptions::lines(state, refused, zone, now)?;
    snapshot.subscriptions.extend(target_hooks::lines(state, refused, zone, now)?);
    snapshot.subscriptions.sort_by_key(|line| !line.ours);
    snapshot.unreached = address::unreached(state)?;
    let incidents = guard_page::incidents(&state.desk, INCIDENTS)?;
    snapshot.incidents = incidents.into_iter().map(incident_line).collect();
    snapshot.on_the_way_since = on_the_way_since(state)?;
    snapshot.jobs = jobs::lines(state, zone, now)?;
    snapshot.alerts = alerts::lines(state, snapshot)?;
    if snapshot.last.is_none() {
        // Nothing since this start: what happened before it is in the log.
        snapshot.last = views::log::newest(state)?.map(|line| (line.at, line.say));
    }
    Ok(())
}

fn accounts(state: &State, zone: Tz) -> Vec<AccountLine> {
    let line = |(name, tag, service): (&Account, &str, Service)| {
        let running = state.running.get(name);
        let profile = running.and_then(|r| r.profile.as_ref());
        let trouble = running.and_then(|r| {
            let refused = r.refused.as_ref().map(|why| {
                // The status code is for the alert; the header has room for the words.
                why.split_once(" (HTTP").map_or_else(|| why.clone(), |(word, _)| word.to_owned())
            });
            let offline =
                || Some(format!("{OFFLINE} {}", r.offline.as_ref()?.0.with_timezone(&zone).format("%H:%M")));
            refused.or_else(offline)
        });
        AccountLine {
            name: name.clone(),
            tag: tag.to_owned(),
            service,
            user: profile.map(|p| p.name.clone()),
            plan: profile.map(|p| p.plan.clone()).filter(|p| !p.is_empty()),
            trouble,
            why: running.and_then(|r| r.offline.as_ref()).map(|(_, why)| why.clone()),
        }
    };
    state.setup.accounts().map(line).collect()
}

/// Seconds between reads where no webhook announces changes.
fn reading(state: &State) -> Option<u32> {
    let alone = state.setup.sources.iter().find(|s| !s.managed || state.setup.public_url.is_none())?;
    u32::try_from(puller::interval(state, &alone.account).num_seconds()).ok()
}

fn targets(state: &State, standings: &[Standing], zone: Tz) -> Vec<TargetLine> {
    let line = |standing: &Standing| {
        let tally = state.desk.tally.get(&standing.account).copied().unwrap_or_default();
        let count = |word: &str| {
            let classes = Class::ALL.iter().filter(|class| match class {
                Class::Ready => standing.ready_name() == word,
                class => class.name() == word,
            });
            u32::try_from(classes.map(|c| tally[*c as usize]).sum::<i64>()).unwrap_or(0)
        };
        TargetLine {
            service: Service::Clockify,
            account: standing.account.clone(),
            counts: SyncWord::NAMES.iter().map(|word| ((*word).to_owned(), count(word))).collect(),
            trouble: standing.trouble(zone),
        }
    };
    standings.iter().map(line).collect()
}

/// Since when the oldest change is on its way. In each class the longest waiting stands first.
fn on_the_way_since(state: &State) -> Desked<Option<DateTime<Utc>>> {
    let mut oldest: Option<DateTime<Utc>> = None;
    for target in &state.setup.targets {
        for class in [Class::Open, Class::Ready, Class::Doubtful] {
            for key in state.desk.named(rows::by_class(&target.account, class), 1)? {
                let since = state.desk.link(&target.account, &key)?.map(|link| link.since);
                oldest = oldest.into_iter().chain(since).min();
            }
        }
    }
    Ok(oldest)
}

/// The holds; those by hand with the number of entries that wait behind them. The look at a start for another
/// instance is over in a moment, and nobody can decide anything: it is none to those who look.
fn holds(state: &State) -> Vec<HoldLine> {
    let line = |hold: &HoldLine| {
        if hold.id.starts_with("mass") {
            return hold.clone();
        }
        let targets = state.desk.tally.iter().filter(|(t, _)| hold.target.as_ref().is_none_or(|h| h == *t));
        let entries = targets.map(|(_, tally)| tally[Class::Ready as usize]).sum::<i64>();
        HoldLine { entries: u32::try_from(entries).unwrap_or(0), ..hold.clone() }
    };
    state.holds.iter().filter(|h| h.reason != LOOKING).take(MANY).map(line).collect()
}

fn incident_line(incident: Incident) -> IncidentLine {
    IncidentLine {
        id: incident.id,
        kind: incident.kind,
        subscription: incident.subscription.map(|(account, id)| SubscriptionRef { account, id }),
        opened_at: incident.opened_at,
        began_at: incident.began_at,
        closed_at: incident.closed_at,
        cause: incident.cause,
        recovered: incident.recovered,
        requests: incident.requests,
        timeline: incident.steps,
    }
}

fn summary(state: &State, ready: bool) -> MappingSummary {
    let mut summary = MappingSummary {
        version: state.mapping_version.clone(),
        alert: state.mapping_alert.as_ref().map(ToString::to_string),
        ..MappingSummary::default()
    };
    if !ready || state.setup.targets.is_empty() {
        return summary;
    }
    let links = mapping::Links::new(state);
    for (account, project) in mapping::source_projects(state).filter(|(_, p)| !p.archived && !p.deleted) {
        let words = links.of(state, account, project);
        if words.iter().any(|w| matches!(w, LinkWord::Unmapped | LinkWord::Gone(_))) {
            summary.unmapped += 1;
        } else if words.contains(&LinkWord::Skipped) {
            summary.left_out += 1;
        } else {
            summary.linked += 1;
        }
    }
    summary
}
