//! What the engine knows in memory: accounts, catalogue, mapping, meters. Everything here can be read again from the
//! cache or asked again at a service.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use crate::cache::rows;
use crate::control::snapshot::{Alert, HoldLine};
use crate::domain::catalogue::{Item, Kind};
use crate::domain::id::{Account, Key, RemoteId, Service};
use crate::domain::knock::Knock;
use crate::domain::mapping::Mapping;
use crate::domain::pace::{Breaker, Pace};
use crate::domain::policy::Policy;
use crate::domain::quota::Cause;
use crate::services::http::Failure;

use super::budget::Meters;
use super::desk::{Desk, Desked, Draft};
use super::disk::Disk;
use super::requests::Requests;
use super::setup::{Setup, Unread};
use super::snapshot::Board;
use super::steady::{Steady, apart};

/// The reason of a hold that the guardian sets at a start, until it has looked whether another engine is at work.
pub const LOOKING: &str = "looking for another instance";

/// Who a token is, kept so that a start spends nothing. Pinned: another user or workspace stops the account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// The token's own user.
    pub user: RemoteId,
    /// Their name.
    pub name: String,
    /// The workspace in use.
    pub workspace: RemoteId,
    /// Toggl: the organization whose bucket is charged.
    pub organization: RemoteId,
    /// The plan's name.
    pub plan: String,
    /// Clockify Free, or Toggl Free.
    pub free: bool,
    /// Sees everybody's entries.
    pub admin: bool,
    /// The profile's zone.
    pub zone: Option<String>,
    /// When it was read.
    pub read_at: DateTime<Utc>,
}

/// One account while running.
#[derive(Clone, Debug, Default)]
pub struct Running {
    /// Who the token is, once known.
    pub profile: Option<Profile>,
    /// The token was refused or answers as another user: nothing is sent until it is renewed.
    pub refused: Option<String>,
    /// When a refused token is tried again.
    pub knock: Knock,
    /// When the token in force took the place of another; `None`: at the start.
    pub token_since: Option<DateTime<Utc>>,
    /// A new token is being checked: nobody knows yet whose calls it makes.
    pub unproven: bool,
    /// The settings name another account than what is known here: a person's calls are stopped too.
    pub barred: bool,
    /// Users for whom the plan does not let this token write, since when, and what the service said.
    pub lacking: BTreeMap<RemoteId, (DateTime<Utc>, String)>,
    /// A refusal said that the plan lacks something: what is known of the plan may be old.
    pub plan_doubted: Option<DateTime<Utc>>,
    /// Not reachable: since when, and the newest reason.
    pub offline: Option<(DateTime<Utc>, String)>,
    /// Failures in a row.
    pub breaker: Breaker,
    /// Calls a second.
    pub pace: Option<Pace>,
    /// Key presses that wait for their turn; nobody else goes meanwhile.
    pub persons: u32,
    /// The first read of everything is through.
    pub caught_up: bool,
    /// When the next regular read is made, as far as it is known.
    pub read_due: Option<DateTime<Utc>>,
}

/// Projects, clients, tags and users of all accounts.
pub type Catalogue = BTreeMap<(Account, Kind, RemoteId), Item>;

/// The state in memory.
pub struct State {
    /// Ledger and cache.
    pub desk: Desk,
    /// What it was started with.
    pub setup: Setup,
    /// Accounts by name.
    pub running: BTreeMap<Account, Running>,
    /// The catalogue.
    pub catalogue: Catalogue,
    /// The mapping in force.
    pub mapping: Mapping,
    /// Its version.
    pub mapping_version: String,
    /// Its file cannot be followed.
    pub mapping_alert: Option<Unread>,
    /// The mapping was to be read again, or bonds to follow something, while the cache was not ready.
    pub follow_due: bool,
    /// The meters.
    pub meters: Meters,
    /// The newest requests of each.
    pub requests: Requests,
    /// Sending that is held.
    pub holds: Vec<HoldLine>,
    /// The disk under the logs.
    pub disk: Disk,
    /// Alerts by id that a part raised (and takes back).
    pub alerts: BTreeMap<String, Alert>,
    /// Background work that a person paused, by the id of its line.
    pub paused: BTreeSet<String>,
    /// Waiting changes that a person sends now, per target: they may take from the reserve.
    pub urgent: BTreeMap<Account, u32>,
    /// Bonds that a task of this process is working on.
    pub busy: BTreeSet<(Account, Key)>,
    /// The first day synced, per target.
    pub sync_from: BTreeMap<Account, NaiveDate>,
    /// Counts for the header and `/metrics`.
    pub counts: Counts,
    /// Entries that reading brought and the guardian has not looked at.
    pub found: BTreeMap<Account, Vec<Key>>,
    /// Projects of targets that bonds lead to, and that no catalogue shows.
    pub sought: BTreeSet<(Account, RemoteId)>,
    /// Targets that refuse to list their projects.
    pub unlisted: BTreeSet<Account>,
    /// Reads that somebody waits for.
    pub reading: BTreeMap<Account, ReadWish>,
    /// The last change in words.
    pub last: Option<(DateTime<Utc>, String)>,
    /// Why the engine ended, if not by a person.
    pub ended: Option<String>,
    /// What was shown last, so that it is not made twice.
    pub board: Board,
    /// What the clocks showed last.
    steady: Option<Steady>,
}

/// A read that somebody waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadWish {
    /// Not before this.
    pub not_before: DateTime<Utc>,
    /// Who asks.
    pub cause: Cause,
    /// Back to this moment of the service's clock, if it is before the last complete read.
    pub since: Option<DateTime<Utc>>,
}

/// Counts since the start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Deliveries applied.
    pub applied: u64,
    /// Deliveries known already, by event or by content.
    pub duplicates: u64,
    /// Dead letters now.
    pub dead: u64,
    /// Deliveries of targets that told of our own writes, or of nothing new.
    pub echoes: u64,
    /// Deliveries of targets about what no entry here is linked to.
    pub unlinked: u64,
    /// The place in the inbox up to which deliveries are applied. Until the cache tells, only what came since the start
    /// is known to wait.
    pub applied_through: u64,
    /// Entries that were there already and are linked.
    pub adopted: u64,
    /// Writes confirmed.
    pub confirmed: u64,
    /// Times that the answer of a write was unknown.
    pub uncertain: u64,
    /// Requests by service, cause and outcome (`ok`, or the kind of the failure).
    pub requests: BTreeMap<(Service, Cause, &'static str), u64>,
}

impl State {
    /// A cold state; [`State::warm`] fills it once the cache is ready.
    pub fn new(desk: Desk, setup: Setup) -> Self {
        let running = setup.accounts().map(|(a, ..)| (a.clone(), Running::default())).collect();
        Self {
            desk,
            setup,
            running,
            catalogue: Catalogue::new(),
            mapping: Mapping::default(),
            mapping_version: String::new(),
            mapping_alert: None,
            follow_due: false,
            meters: Meters::default(),
            requests: Requests::default(),
            holds: Vec::new(),
            disk: Disk::default(),
            alerts: BTreeMap::new(),
            paused: BTreeSet::new(),
            urgent: BTreeMap::new(),
            busy: BTreeSet::new(),
            sync_from: BTreeMap::new(),
            counts: Counts::default(),
            found: BTreeMap::new(),
            sought: BTreeSet::new(),
            unlisted: BTreeSet::new(),
            reading: BTreeMap::new(),
            last: None,
            ended: None,
            board: Board::default(),
            steady: None,
        }
    }

    /// Reads what is kept in memory from the cache.
    pub fn warm(&mut self) -> Desked<()> {
        self.desk.warm()?;
        let mut catalogue = Catalogue::new();
        self.desk.scan(rows::items(), usize::MAX, &mut |key, value| {
            if let (Some(account), Ok(item)) = (rows::item_account(key), rows::decode::<Item>(value)) {
                catalogue.insert((account, item.kind, item.id.clone()), item);
            }
            ControlFlow::Continue(())
        })?;
        self.catalogue = catalogue;
        for (account, running) in &mut self.running {
            running.profile = self.desk.get(&rows::meta(&format!("profile:{account}")))?;
        }
        self.holds = self.desk.get(&rows::meta("holds"))?.unwrap_or_default();
        self.paused = self.desk.get(&rows::meta("paused"))?.unwrap_or_default();
        self.sync_from = self.desk.get(&rows::meta("sync_from"))?.unwrap_or_default();
        if let Some((mapping, version)) = self.desk.get::<(Mapping, String)>(&rows::meta("mapping"))? {
            self.mapping = mapping;
            self.mapping_version = version;
        }
        self.meters.warm(&self.desk)?;
        let mut dead = 0;
        self.desk.scan(rows::deads(), usize::MAX, &mut |_, _| {
            dead += 1;
            ControlFlow::Continue(())
        })?;
        self.counts.dead = dead;
        Ok(())
    }

    /// The policy.
    pub fn policy(&self) -> &Policy {
        &self.setup.policy
    }

    /// The zone of a source account's days.
    pub fn zone(&self, account: &Account) -> Tz {
        let set = self.setup.sources.iter().find(|s| &s.account == account).and_then(|s| s.zone);
        set.or_else(|| self.profile(account)?.zone.as_deref()?.parse().ok()).unwrap_or(chrono_tz::UTC)
    }

    /// Who an account's token is.
    pub fn profile(&self, account: &Account) -> Option<&Profile> {
        self.running.get(account)?.profile.as_ref()
    }

    /// An item of the catalogue.
    pub fn item(&self, account: &Account, kind: Kind, id: &RemoteId) -> Option<&Item> {
        self.catalogue.get(&(account.clone(), kind, id.clone()))
    }

    /// All items of a kind of an account.
    pub fn items(&self, account: &Account, kind: Kind) -> impl Iterator<Item = &Item> {
        let from = (account.clone(), kind, RemoteId::default());
        self.catalogue
            .range(from..)
            .take_while(move |((a, k, _), _)| a == account && *k == kind)
            .map(|(_, item)| item)
    }

    /// The client of a source project.
    pub fn client_of(&self, account: &Account, project: Option<&RemoteId>) -> Option<RemoteId> {
        self.item(account, Kind::Project, project?)?.client.clone()
    }

    /// Whether sending to a target is held by hand or by another instance.
    pub fn is_held(&self, target: &Account) -> bool {
        self.holds.iter().any(|h| !h.id.starts_with("mass") && h.target.as_ref().is_none_or(|t| t == target))
    }

    /// Sending waits only for the look whether another engine is at work.
    pub fn only_looks(&self) -> bool {
        self.holds.iter().filter(|h| !h.id.starts_with("mass")).all(|h| h.reason == LOOKING)
    }

    /// Counts a request of an account.
    pub fn count_request(&mut self, account: &Account, cause: Cause, failure: Option<&Failure>) {
        let is_source = self.setup.sources.iter().any(|s| &s.account == account);
        let service = if is_source { Service::Toggl } else { Service::Clockify };
        let outcome = failure.map_or("ok", Failure::kind);
        *self.counts.requests.entry((service, cause, outcome)).or_default() += 1;
    }

    /// Keeps the holds durably.
    pub fn put_holds(holds: &Vec<HoldLine>, draft: &mut Draft<'_>) -> Desked<()> {
        draft.put(rows::meta("holds"), holds)
    }

    /// Asks the puller for a read; of several wishes the soonest, most urgent and furthest reaching counts.
    pub fn ask_read(&mut self, account: &Account, wish: ReadWish) {
        let kept = self.reading.entry(account.clone()).or_insert_with(|| wish.clone());
        kept.not_before = kept.not_before.min(wish.not_before);
        kept.cause = kept.cause.min(wish.cause);
        kept.since = [kept.since, wish.since].into_iter().flatten().min();
    }

    /// Notes changes that a read brought and no delivery had announced.
    pub fn unannounced(&mut self, account: &Account, changed: &[Key]) {
        if !changed.is_empty() {
            let found = self.found.entry(account.clone()).or_default();
            found.extend(changed.iter().cloned());
        }
    }

    /// Moves what is remembered with a clock that was set. Comes before anything is decided by time.
    pub fn keep_time(&mut self, now: DateTime<Utc>) {
        let steady = self.steady.get_or_insert_with(|| Steady::new(now));
        let Some(by) = steady.set_by(now) else { return };
        tracing::warn!(seconds = by.num_seconds(), "the clock was set; quota windows and waits move with it");
        self.meters.shift(by);
        self.requests.shift(by);
        for running in self.running.values_mut() {
            running.breaker.shift(by);
            running.pace.iter_mut().for_each(|pace| pace.shift(by));
        }
        self.reading.values_mut().for_each(|wish| wish.not_before += by);
    }

    /// Says when this machine's clock is not that of a service, and when it is again.
    pub fn compare_clocks(&mut self, account: &Account, ours: DateTime<Utc>, theirs: DateTime<Utc>) {
        let id = format!("clock:{account}");
        match apart(ours, theirs, account.as_str()) {
            Some(say) => self.alert(&id, ours, 7, say),
            None => self.calm(&id),
        }
    }

    /// Raises an alert; the time of the first raise stays.
    pub fn alert(&mut self, id: &str, now: DateTime<Utc>, pane: u8, say: String) {
        let since = self.alerts.get(id).map_or(now, |a| a.since);
        self.alerts.insert(id.to_owned(), Alert { id: id.to_owned(), since, say, pane });
    }

    /// Takes an alert back.
    pub fn calm(&mut self, id: &str) {
        self.alerts.remove(id);
    }
}

impl State {
    /// Writes one frame from a draft that may read the whole state. See [`Desk::write`].
    pub fn write<T>(
        &mut self,
        point: &'static str,
        fill: impl FnOnce(&Self, &mut Draft<'_>) -> Desked<T>,
    ) -> Desked<T> {
        let staged = {
            let mut draft = self.desk.draft();
            let out = fill(self, &mut draft)?;
            (out, draft.finish())
        };
        self.desk.commit(point, staged.1)?;
        Ok(staged.0)
    }
}
