//! Long things are views: a viewer opens a window on a sorted, filtered list; the engine filters and sorts.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::domain::id::{Account, Key};
use crate::domain::mapping::{Named, SourceRef};
use crate::domain::word::SyncWord;

use super::command::Candidate;
use super::deliveries::Which;
pub use super::incidents::IncidentRow;
use super::snapshot::IncidentStep;

/// The kinds of views.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ViewKind {
    /// Source entries, running first, then newest stop first. Rows are [`EntryLine`].
    Entries,
    /// Source projects, problems first. Rows are [`ProjectLine`].
    Mapping,
    /// Entries that are not synced, per target; needs-a-person first. Rows are [`SyncLine`].
    Sync,
    /// What happened, newest first. Rows are [`LogLine`].
    Log,
    /// Deliveries kept raw, newest first. Rows are [`DeliveryLine`].
    Deliveries,
    /// One delivery in full, as label and value. Rows are [`DetailLine`].
    Delivery {
        /// Its place in the inbox.
        seq: u64,
    },
    /// One that was refused at the door, as far as it is kept. Rows are [`DetailLine`].
    Refused {
        /// Its number since the receiver's start.
        number: u64,
    },
    /// What a bucket was spent on: with an hour its requests by cause as [`SpentLine`], then single requests, newest
    /// first, as [`RequestLine`].
    Requests {
        /// The account.
        account: Account,
        /// The bucket.
        bucket: String,
        /// The hour, in whole hours since 1970; `None` is whatever is newest.
        hour: Option<i64>,
    },
    /// All incidents of all accounts, newest first. Rows are [`IncidentRow`].
    Incidents,
    /// The timeline of one, oldest first. Rows are [`IncidentStep`].
    Incident {
        /// Its number.
        id: u64,
    },
    /// Ranked target projects for a source project. Rows are [`Candidate`].
    Candidates {
        /// The source project.
        source: SourceRef,
        /// The target account.
        target: Account,
    },
    /// Everything about one entry, as label and value. Rows are [`DetailLine`].
    Detail {
        /// The source entry.
        key: Key,
    },
}

/// Opens or replaces a view.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Open {
    /// The viewer's number for it.
    pub view: u32,
    /// What it shows.
    pub kind: ViewKind,
    /// Case-insensitive words that all must occur; empty shows all.
    pub filter: String,
    /// First row wanted.
    pub offset: u32,
    /// Rows wanted, at most 500.
    pub rows: u32,
}

/// A window of a view.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Page {
    /// The viewer's number.
    pub view: u32,
    /// Grows with every change of this view.
    pub rev: u64,
    /// Rows in all under this filter.
    pub total: u32,
    /// Rows in all without a filter.
    pub unfiltered: u32,
    /// Index of the first row here.
    pub offset: u32,
    /// The rows.
    pub rows: Vec<Row>,
}

/// A change of a page: `remove` rows at `at` (relative to the window) are replaced by `insert`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Delta {
    /// The viewer's number.
    pub view: u32,
    /// The revision after this change; a gap means: open again.
    pub rev: u64,
    /// Rows in all.
    pub total: u32,
    /// Rows in all without a filter.
    pub unfiltered: u32,
    /// Where in the window.
    pub at: u32,
    /// How many rows go.
    pub remove: u32,
    /// What comes.
    pub insert: Vec<Row>,
}

/// A row of any view.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Row {
    /// A source entry.
    Entry(EntryLine),
    /// A source project.
    Project(ProjectLine),
    /// Open work towards a target.
    Sync(SyncLine),
    /// Something that happened.
    Log(LogLine),
    /// A delivery.
    Delivery(DeliveryLine),
    /// A candidate.
    Candidate(Candidate),
    /// A fact about one thing.
    Detail(DetailLine),
    /// What a cause spent.
    Spent(SpentLine),
    /// A request.
    Request(RequestLine),
    /// An incident.
    Incident(IncidentRow),
    /// A line of an incident's timeline.
    Step(IncidentStep),
}

/// A source entry as the live pane shows it. Texts are as the service wrote them: clean before drawing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryLine {
    /// The entry.
    pub key: Key,
    /// Initials of the person.
    pub who: String,
    /// Start.
    pub start: DateTime<Utc>,
    /// Stop; `None` runs.
    pub stop: Option<DateTime<Utc>>,
    /// Project name; empty when none.
    pub project: String,
    /// Client name; empty when none.
    pub client: String,
    /// Description.
    pub description: String,
    /// Tags.
    pub tags: Vec<String>,
    /// Billable.
    pub billable: bool,
    /// Deleted at the source.
    pub deleted: bool,
    /// State per target, in the order of the snapshot's targets.
    pub words: Vec<SyncWord>,
    /// When the engine last saw it change.
    pub changed_at: DateTime<Utc>,
}

/// A source project with its links.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProjectLine {
    /// The project.
    pub source: SourceRef,
    /// Its client's name.
    pub client: String,
    /// Archived at the source.
    pub archived: bool,
    /// Deleted at the source.
    pub gone: bool,
    /// Per target: the link.
    pub links: Vec<LinkWord>,
    /// Entries that wait for a link.
    pub waiting: u32,
    /// Seconds tracked this week.
    pub week_s: i64,
}

impl ProjectLine {
    /// Somebody should look at its links. What sleeps on both sides needs nobody.
    pub fn needs_person(&self) -> bool {
        let missing = self.links.iter().any(|l| matches!(l, LinkWord::Unmapped | LinkWord::Gone(_)));
        missing && (self.waiting > 0 || !(self.archived || self.gone))
    }
}

/// A project's link towards one target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkWord {
    /// Linked, same name.
    Same(Named),
    /// Linked, other name there.
    Other(Named),
    /// Left out by a rule.
    Skipped,
    /// Goes to the fallback.
    Fallback(Named),
    /// Nothing takes it.
    Unmapped,
    /// Linked to a project that is gone or archived there.
    Gone(Named),
}

/// Open work towards a target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncLine {
    /// The source entry.
    pub key: Key,
    /// The target account.
    pub target: Account,
    /// `create`, `change`, `retire`, `delete`.
    pub what: String,
    /// The state word.
    pub word: SyncWord,
    /// Start of the entry.
    pub start: DateTime<Utc>,
    /// Project name.
    pub project: String,
    /// Description.
    pub description: String,
    /// Since when it waits.
    pub since: DateTime<Utc>,
    /// When it is tried next, if known.
    pub next_at: Option<DateTime<Utc>>,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLine {
    /// Its number.
    pub seq: u64,
    /// When.
    pub at: DateTime<Utc>,
    /// `entry`, `sync`, `webhook`, `quota`, `mapping`, `engine`.
    pub topic: String,
    /// One sentence.
    pub say: String,
    /// The entry it is about, if one.
    pub key: Option<Key>,
    /// `info`, `warn` or `error`.
    pub level: String,
}

/// A delivery kept raw.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryLine {
    /// Its sequence number in the inbox; rejected ones have none.
    pub seq: Option<u64>,
    /// Of a rejected one, its number since the receiver's start, shown as `r17`.
    #[serde(default)]
    pub refused: Option<u64>,
    /// When it arrived.
    pub at: DateTime<Utc>,
    /// `accepted`, `duplicate`, `dead`, `ping`, `rejected`.
    pub verdict: String,
    /// The reason, for dead and rejected.
    pub reason: String,
    /// `time_entry updated`, or empty.
    pub about: String,
    /// The entity's id and what a person calls it; the begin of a body that could not be used.
    pub summary: String,
}

impl DeliveryLine {
    /// Its name, where it is kept.
    pub fn which(&self) -> Option<Which> {
        self.seq.map(Which::Kept).or(self.refused.map(Which::Refused))
    }

    /// Its place in the inbox; of a refused one `r17`.
    pub fn number(&self) -> String {
        self.which().map(|which| which.to_string()).unwrap_or_default()
    }
}

/// What a cause spent in an hour.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpentLine {
    /// `sync`, `you`, … or `others`.
    pub cause: String,
    /// Requests.
    pub requests: u32,
}

/// A single request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestLine {
    /// Its number since the engine's start; `None` for one before it, of which less is known.
    pub seq: Option<u64>,
    /// When it left.
    pub at: DateTime<Utc>,
    /// Who asked: `you`, `sync`, `health` …
    pub cause: String,
    /// `GET entries since`; empty where it is not known any more.
    pub asked: String,
    /// `200`, `402 waiting quota`, `offline` …
    pub answer: String,
    /// It did not bring what was asked for.
    pub failed: bool,
    /// What it cost, in requests.
    pub price: u32,
    /// What was left after it, where known.
    pub left: Option<i64>,
    /// Requests of other programs since the one before.
    pub others: u32,
}

/// A label and a value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DetailLine {
    /// What it is.
    pub label: String,
    /// Its value.
    pub value: String,
    /// Why it is so, where there is a reason.
    pub why: String,
}
