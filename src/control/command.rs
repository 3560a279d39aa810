//! What a viewer asks the engine to do. Each command has a client-made id; repeating an id is harmless.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::domain::id::{Account, Key, RemoteId};
use crate::domain::mapping::{MappingEdit, Named, SourceRef};
use crate::domain::text::requests;

/// A command with its id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Command {
    /// Unique per command, made by the client (random 128 bits as hex); remembered for an hour.
    pub id: String,
    /// The wish.
    pub wish: Wish,
}

/// The wishes. `dry` variants change nothing and answer with the price.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wish {
    /// Changes the mapping file. Answers with how many waiting entries it releases and what that costs.
    EditMapping {
        /// The mapping version the viewer saw; a clash on the same row is refused with both values.
        seen: String,
        /// The change.
        edit: MappingEdit,
        /// Only the price.
        dry: bool,
    },
    /// Creates the project in the target (name, client, colour, billable copied) and links it.
    CreateProject {
        /// The source project.
        source: SourceRef,
        /// The target account.
        target: Account,
        /// Only the price.
        dry: bool,
    },
    /// Moves the sent entries of a project to where the mapping leads now; a change of the mapping alone moves nothing.
    MoveSent {
        /// The source project.
        source: SourceRef,
        /// The target account.
        target: Account,
        /// Only the price.
        dry: bool,
    },
    /// Undoes this viewer's last change.
    Undo,
    /// Sends a failed item again.
    Retry {
        /// The target account.
        target: Account,
        /// The source entry.
        source: Key,
    },
    /// Decides a conflict: `keep_source` sends ours, else theirs stays.
    Resolve {
        /// The target account.
        target: Account,
        /// The source entry.
        source: Key,
        /// Our side wins.
        keep_source: bool,
        /// Only the price.
        #[serde(default)]
        dry: bool,
    },
    /// Enables a subscription.
    Enable {
        /// Which.
        subscription: SubscriptionRef,
    },
    /// Disables a subscription: a person's decision, kept.
    Disable {
        /// Which.
        subscription: SubscriptionRef,
    },
    /// Sends a PING through the service.
    Test {
        /// Which.
        subscription: SubscriptionRef,
    },
    /// Completes the handshake by calling the validation address.
    Validate {
        /// Which.
        subscription: SubscriptionRef,
    },
    /// Changes a subscription; the answer follows as a notice.
    Reshape {
        /// Which; of a new one only the account counts.
        subscription: SubscriptionRef,
        /// How.
        change: Reshape,
    },
    /// Reads what the service's log tells of a webhook's deliveries (Clockify); the answer follows as a notice.
    ReadHookLog {
        /// Which.
        subscription: SubscriptionRef,
    },
    /// Shows the secret of an account's hook.
    Reveal {
        /// Which.
        subscription: SubscriptionRef,
    },
    /// Stops sending to one target or all.
    Hold {
        /// `None` is all.
        target: Option<Account>,
    },
    /// Resumes sending.
    Release {
        /// `None` is all.
        target: Option<Account>,
    },
    /// Decides a mass change: sends or drops it.
    Decide {
        /// The hold's id.
        hold: String,
        /// Send it, else drop it.
        send: bool,
        /// Only the price.
        #[serde(default)]
        dry: bool,
    },
    /// Makes this engine the sender where another instance has a live subscription.
    Take,
    /// Pauses background work or lets it go on.
    Pause {
        /// The id of its line.
        job: String,
        /// Pause it, else resume it.
        on: bool,
    },
    /// Sends what waits for a target now, from the person's part of the bucket.
    SendNow {
        /// The target account.
        target: Account,
        /// Only the price.
        dry: bool,
    },
    /// Reads the source now.
    ReadNow,
    /// Reads and sends a range of history.
    Backfill {
        /// First day.
        from: NaiveDate,
        /// Last day.
        to: NaiveDate,
        /// Only count and price.
        dry: bool,
    },
    /// Applies a delivery again from the black box.
    Replay {
        /// Its sequence number.
        seq: u64,
        /// Only say what would change.
        dry: bool,
    },
    /// Applies again all deliveries of a range that hold the words of a filter, oldest first.
    ReplayAll {
        /// The first place.
        from: u64,
        /// The last place.
        to: u64,
        /// Words that all must occur; empty takes all.
        filter: String,
        /// Only say what would change.
        dry: bool,
    },
    /// Checks the signature of a delivery again.
    Verify {
        /// Its sequence number.
        seq: u64,
        /// With this secret; else with those that hold now.
        secret: Option<Typed>,
    },
    /// Checks the signature of a delivery again that was refused at the door.
    VerifyRefused {
        /// Its number since the receiver's start.
        number: u64,
        /// With this secret; else with those that hold now.
        secret: Option<Typed>,
    },
    /// Takes a new token of an account over, after asking the service whose it is.
    RenewToken {
        /// The account.
        account: Account,
        /// What a person typed; `None` fetches it again from where the settings say.
        token: Option<Typed>,
    },
    /// Marks an alert as read.
    Acknowledge {
        /// The alert's id.
        alert: String,
    },
    /// Stops the engine.
    StopEngine,
}

/// What is changed about a subscription.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reshape {
    /// One is made for the account.
    Create,
    /// Another name.
    Rename {
        /// Unique in the workspace.
        name: String,
    },
    /// Other events.
    Events {
        /// As `time_entry *`.
        filters: Vec<String>,
    },
    /// A new secret; the old one is taken for a day more.
    Rotate,
    /// As it was made here, where somebody changed it.
    Restore,
    /// As somebody changed it.
    Adopt,
    /// Removed at the service.
    Delete,
}

/// A secret that a person typed. It goes through the door and nowhere else: not into a log, not into a stored value.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Typed(pub String);

impl std::fmt::Debug for Typed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Typed(…)")
    }
}

/// A subscription by account and id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SubscriptionRef {
    /// The account.
    pub account: Account,
    /// The subscription's id there.
    pub id: RemoteId,
}

impl SubscriptionRef {
    /// A reference from account and id.
    pub fn new(account: &Account, id: &RemoteId) -> Self {
        Self { account: account.clone(), id: id.clone() }
    }
}

/// How a notice begins that tells a refusal, the service's own words after it.
pub const NOT_DONE: &str = "not done: ";

/// The engine's answer to a command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    /// Durable here; the outcome at a service follows as a notice with the same id.
    Accepted,
    /// Done, with one sentence for the price line.
    Done {
        /// `Harbor site: linked to "Website" · 4 queued · u undoes`
        say: String,
    },
    /// A dry run's answer.
    Price(Price),
    /// Refused or failed, with the reason and what to do.
    Failed {
        /// One sentence.
        reason: String,
    },
}

/// What an action would do and cost.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Price {
    /// Entries that would be sent for the first time.
    pub creates: u32,
    /// Sent entries that would be moved or changed.
    pub moves: u32,
    /// Requests it takes.
    pub requests: u32,
    /// Requests left in the bucket that pays, if known.
    pub left: Option<i64>,
    /// One sentence for the price line.
    pub say: String,
}

impl Price {
    /// `3 requests · 596 left`.
    pub fn cost(&self) -> String {
        let left = self.left.map(|n| format!(" · {n} left")).unwrap_or_default();
        format!("{}{left}", requests(self.requests))
    }
}

/// A ranked candidate of a picker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    /// The target project.
    pub project: Named,
    /// Its client's name there, empty when none.
    pub client: String,
    /// `sure`, `likely` or `weak`.
    pub certainty: Certainty,
    /// Why: `same client, two words alike`.
    pub reason: String,
    /// Archived at the target.
    pub archived: bool,
}

/// How certain a candidate is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Certainty {
    /// Same name and client.
    Sure,
    /// Much alike.
    Likely,
    /// A little alike.
    Weak,
}
