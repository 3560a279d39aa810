//! What every viewer always has: header, subscriptions, meters, counts, timers, incidents, alerts.

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use crate::domain::brake::Weight;
use crate::domain::clockify_hook::Flags;
use crate::domain::drift::Drift;
use crate::domain::health::{SubState, Wanted};
use crate::domain::id::{Account, Key, Service};
use crate::domain::quota::Source;
use crate::domain::strain::Strained;

use super::command::SubscriptionRef;
pub use super::deliveries::Deliveries;
pub use super::disk::{DISK, DiskLine};
pub use super::incidents::IncidentLine;
pub use crate::domain::incident::Step as IncidentStep;

/// The whole state that fits on a header and four panes; at most 256 KiB as JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    /// Grows with every change.
    pub rev: u64,
    /// The engine's wall clock when this was made.
    pub now: DateTime<Utc>,
    /// The engine's version.
    pub version: String,
    /// When the engine started.
    pub started_at: DateTime<Utc>,
    /// `serve`, `detached`, `demo` or `command`.
    pub hosted_by: String,
    /// The state of the cache.
    pub cache: CacheWord,
    /// How far the cache is, 0 to 100.
    pub percent: u8,
    /// Why the cache is not ready, where something failed.
    #[serde(default)]
    pub cache_why: Option<String>,
    /// The disk under the engine's own files.
    #[serde(default)]
    pub disk: DiskLine,
    /// IANA zone of the day shown (the first source account's).
    pub zone: String,
    /// Accounts with their trouble.
    pub accounts: Vec<AccountLine>,
    /// Today in figures.
    pub today: DaySummary,
    /// Running timers, own first.
    pub timers: Vec<Timer>,
    /// Subscriptions.
    pub subscriptions: Vec<SubscriptionLine>,
    /// A public address is set, at which a subscription delivers or will.
    #[serde(default)]
    pub public_address: bool,
    /// Where deliveries are taken on this machine, `127.0.0.1:8787`: what a proxy or tunnel forwards to.
    #[serde(default)]
    pub listens: Option<String>,
    /// Since when that address does not reach this engine, and why; nothing is known of the subscriptions by that.
    #[serde(default)]
    pub unreached: Option<(DateTime<Utc>, String)>,
    /// Set when an account is read instead of announced: seconds between reads.
    pub reading: Option<u32>,
    /// Quota meters, tightest first.
    pub meters: Vec<Meter>,
    /// Services that take no calls for another reason than quota.
    #[serde(default)]
    pub strains: Vec<StrainLine>,
    /// Counts per target.
    pub targets: Vec<TargetLine>,
    /// Since when the oldest of what is on its way to a target is queued or being sent.
    #[serde(default)]
    pub on_the_way_since: Option<DateTime<Utc>>,
    /// Incidents, newest first, at most 50.
    pub incidents: Vec<IncidentLine>,
    /// Long work in progress.
    pub jobs: Vec<JobLine>,
    /// What needs a person, oldest first.
    pub alerts: Vec<Alert>,
    /// Sending that is held.
    pub holds: Vec<HoldLine>,
    /// Delivery counts since the start.
    pub deliveries: Deliveries,
    /// Mapping in figures.
    pub mapping: MappingSummary,
    /// The last change, one sentence with its time.
    pub last: Option<(DateTime<Utc>, String)>,
}

/// The cache's state word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CacheWord {
    /// Being opened.
    Opening,
    /// Being rebuilt from the ledger.
    Rebuilding,
    /// In step with the ledger.
    Ready,
}

/// Who spends a bucket beside us, in the place of a cause.
pub const OTHERS: &str = "others";

/// How the trouble of an account begins whose service does not answer.
pub const OFFLINE: &str = "offline";

/// An account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountLine {
    /// The person's name of it.
    pub name: Account,
    /// Short tag in rows.
    pub tag: String,
    /// The service.
    pub service: Service,
    /// Whose token it is, once known.
    pub user: Option<String>,
    /// The plan, once known.
    pub plan: Option<String>,
    /// `token refused`, `offline 10:24`, `answers as another user` …
    pub trouble: Option<String>,
    /// Why it is offline: how its newest call failed.
    #[serde(default)]
    pub why: Option<String>,
}

/// Today's figures over all people shown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DaySummary {
    /// The day in the snapshot's zone.
    pub day: Option<NaiveDate>,
    /// Seconds tracked in stopped entries.
    pub tracked_s: i64,
    /// Seconds billable in stopped entries.
    pub billable_s: i64,
    /// Entries without project.
    pub without_project: u32,
}

/// A running timer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timer {
    /// The source entry.
    pub key: Key,
    /// Initials of the person.
    pub who: String,
    /// The token's own user.
    pub own: bool,
    /// When it started.
    pub start: DateTime<Utc>,
    /// Project name, empty when none.
    pub project: String,
    /// Description.
    pub description: String,
    /// Its time is billable.
    #[serde(default)]
    pub billable: bool,
}

/// A subscription.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SubscriptionLine {
    /// Which.
    pub at: SubscriptionRef,
    /// The service.
    pub service: Service,
    /// Its name (description).
    pub description: String,
    /// Its state.
    pub state: SubState,
    /// Since when it is known to be so.
    pub since: DateTime<Utc>,
    /// When it was last checked at the service.
    pub checked_at: Option<DateTime<Utc>>,
    /// What we want it to be.
    pub wanted: Wanted,
    /// Made or adopted here.
    pub ours: bool,
    /// Switched off by a person, or who disabled it, in words; empty when enabled.
    pub cause: String,
    /// Event filters as `time_entry *`.
    pub events: Vec<String>,
    /// The address, with the secret path masked.
    pub address: String,
    /// Last verified delivery.
    pub last_delivery_at: Option<DateTime<Utc>>,
    /// Deliveries today.
    pub today: u32,
    /// Deliveries per 2 hours, last 24 h, 12 values, oldest first.
    pub spark: Vec<u32>,
    /// Fields that somebody changed at the service.
    pub drift: Vec<Drift>,
    /// Its secret as far as it is shown: the last four signs of ours.
    pub secret: String,
    /// Until when the secret before it is taken too, after a rotation.
    #[serde(default)]
    pub overlap_until: Option<DateTime<Utc>>,
    /// When it was edited last (the service's clock).
    pub edited_at: Option<DateTime<Utc>>,
    /// The last call of the service that is known to have failed.
    pub last_bad_at: Option<DateTime<Utc>>,
    /// Calls known to have failed since the last good one.
    pub failures: u32,
    /// Why the newest of them was refused at our own door, where it was: `wrong signature`.
    #[serde(default)]
    pub refused: String,
    /// What of the plan is used: `1 of 1, 3 of 3 events`; empty while it is not known.
    pub plan: String,
    /// What the next plan would buy; empty when nothing.
    pub upgrade: String,
    /// The events to have instead, where the plan has no room for these; empty where it has.
    #[serde(default)]
    pub proposed: Vec<String>,
    /// The newest latencies in tenths of a second, oldest first.
    pub latency_spark: Vec<u32>,
    /// Median seconds from the service's `created_at` to received, recent.
    pub latency_s: Option<f64>,
    /// The three switches of a webhook of Clockify.
    #[serde(default)]
    pub flags: Option<Flags>,
    /// What else a person should know about it, a sentence each.
    #[serde(default)]
    pub facts: Vec<String>,
}

/// A quota bucket's meter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Meter {
    /// The service.
    pub service: Service,
    /// The account.
    pub account: Account,
    /// `toggl org`, `toggl user`, `clockify`.
    pub label: String,
    /// The bucket, `org:6660001`.
    pub bucket: String,
    /// Requests per window; `None` is unlimited by the hour.
    pub limit: Option<u32>,
    /// Left.
    pub remaining: Option<i64>,
    /// Kept for the person.
    pub reserve: u32,
    /// Expected to be spent until the reset.
    pub expected: u32,
    /// When the window resets.
    pub resets_at: Option<DateTime<Utc>>,
    /// When it would run dry, if before the reset.
    pub dry_at: Option<DateTime<Utc>>,
    /// Nothing leaves before this (the service refused).
    pub waiting_until: Option<DateTime<Utc>>,
    /// Header or estimate.
    pub source: Source,
    /// When the number was read.
    pub read_at: Option<DateTime<Utc>>,
    /// Spent in this window by cause, `("sync", 4)`, others last.
    pub spent: Vec<(String, u32)>,
    /// When the window began, as far as it is known.
    #[serde(default)]
    pub since: Option<DateTime<Utc>>,
    /// Spent in each of the last 24 hours, oldest first, other programs included.
    #[serde(default)]
    pub hours: Vec<u32>,
    /// Spent in the last 24 hours by cause, most first.
    #[serde(default)]
    pub day: Vec<(String, u32)>,
    /// Entries that the target of this bucket confirmed in the last 24 hours.
    #[serde(default)]
    pub synced: u32,
}

/// A service that takes no calls for a while.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StrainLine {
    /// The account.
    pub account: Account,
    /// Its short tag.
    pub tag: String,
    /// The service.
    pub service: Service,
    /// What is in the way, until when, and how often in a row.
    #[serde(flatten)]
    pub strained: Strained,
}

/// Counts of one target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetLine {
    /// The service.
    pub service: Service,
    /// The account.
    pub account: Account,
    /// Entries by sync word, in the order of the words; keys as `SyncWord::name`.
    pub counts: Vec<(String, u32)>,
    /// `held 10:24`, or the breaker's words, or empty.
    pub trouble: String,
}

/// Long work in progress.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobLine {
    /// What pausing it names: `read:main`, `send:mirror`, `new:mirror`.
    #[serde(default)]
    pub id: String,
    /// `cold start`, `backfill 1 Mar–30 Apr`, `gap-fill`.
    pub name: String,
    /// Done so far.
    pub done: u32,
    /// In all, if known.
    pub total: Option<u32>,
    /// `sending`, `waiting quota`, `paused`.
    pub state: String,
    /// Requests that it still takes, if known.
    #[serde(default)]
    pub cost: Option<u32>,
    /// When its next request may go, in words.
    #[serde(default)]
    pub when: String,
    /// A person may pause it.
    #[serde(default)]
    pub pausable: bool,
    /// Paused by a person.
    #[serde(default)]
    pub paused: bool,
}

/// Something that needs a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// Stable id.
    pub id: String,
    /// Since when.
    pub since: DateTime<Utc>,
    /// One sentence: what happened, to what, what to do.
    pub say: String,
    /// The pane that shows it, by number (2 Mapping, 3 Webhooks, 5 Sync …).
    pub pane: u8,
}

impl Alert {
    /// The id of the alert that an account's token is refused.
    pub fn of_token(account: &Account) -> String {
        format!("token:{account}")
    }
}

/// The reason of a hold that is one decision.
pub const MASS_CHANGE: &str = "mass change";

/// The reason of a hold that a person set.
pub const BY_HAND: &str = "by hand";
/// The reason of a hold because another engine sends for the same workspace.
pub const ANOTHER: &str = "another instance";

/// Sending that is held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HoldLine {
    /// Stable id.
    pub id: String,
    /// `None` is all targets.
    pub target: Option<Account>,
    /// Since when.
    pub since: DateTime<Utc>,
    /// `by hand`, `mass change`, `another instance`.
    pub reason: String,
    /// Entries it holds.
    pub entries: u32,
    /// One sentence with the figures.
    pub say: String,
    /// The first rows it would change.
    pub rows: Vec<String>,
    /// What a mass change comes to.
    #[serde(default)]
    pub weight: Weight,
}

/// Mapping in figures.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MappingSummary {
    /// The version in force.
    pub version: String,
    /// Projects without a link in some target.
    pub unmapped: u32,
    /// Projects linked everywhere.
    pub linked: u32,
    /// Projects that a rule leaves out or holds.
    #[serde(default)]
    pub left_out: u32,
    /// The file cannot be followed: why and the cure; the last good version holds.
    pub alert: Option<String>,
}

impl SubscriptionLine {
    /// Whether anything about it needs eyes.
    pub fn is_well(&self) -> bool {
        let off = self.wanted == Wanted::Disabled && !self.is_leaving();
        matches!(self.state, SubState::Active) && !self.is_leaving() || off || !self.ours
    }

    /// A key here switched it off or deleted it, and the service could not be asked yet.
    pub fn is_leaving(&self) -> bool {
        let off = self.state.is_off() || self.state == SubState::Unknown;
        self.ours && self.service == Service::Toggl && self.wanted == Wanted::Disabled && !off
    }
}

impl HoldLine {
    /// A person has to decide it: nobody held it by hand.
    pub fn is_open(&self) -> bool {
        self.reason != BY_HAND
    }

    /// What is held can be sent or dropped as one decision.
    pub fn is_mass_change(&self) -> bool {
        self.reason == MASS_CHANGE
    }

    /// Another engine sends; taking over is the only choice.
    pub fn is_another(&self) -> bool {
        self.reason == ANOTHER
    }
}

impl Snapshot {
    /// The zone of the day shown.
    pub fn tz(&self) -> Tz {
        self.zone.parse().unwrap_or(Tz::UTC)
    }

    /// `15:02` in that zone.
    pub fn clock(&self, at: DateTime<Utc>) -> String {
        at.with_timezone(&self.tz()).format("%H:%M").to_string()
    }

    /// Our own requests of the last 24 hours in all buckets, and the entries that targets confirmed meanwhile.
    pub fn day_of_requests(&self) -> (u32, u32) {
        let own = |meter: &Meter| -> u32 {
            meter.day.iter().filter(|(cause, _)| cause != OTHERS).map(|(_, requests)| requests).sum()
        };
        (self.meters.iter().map(own).sum(), self.meters.iter().map(|meter| meter.synced).sum())
    }

    /// Entries of all targets under these words.
    pub fn counted(&self, words: &[&str]) -> u32 {
        let counts = self.targets.iter().flat_map(|target| &target.counts);
        counts.filter(|(word, _)| words.contains(&word.as_str())).map(|(_, count)| count).sum()
    }

    /// What is in the way of an account's calls.
    pub fn strain(&self, account: &Account) -> Option<&Strained> {
        self.strains.iter().find(|line| line.account == *account).map(|line| &line.strained)
    }
}
