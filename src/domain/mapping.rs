//! The mapping: which source project, user or rule leads where. A value parsed from a person's file.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::id::{Account, Key, RemoteId};

/// An id with the name it had when it was written down.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Named {
    /// The id that counts.
    pub id: RemoteId,
    /// A label for people; empty when unknown.
    #[serde(default)]
    pub name: String,
}

/// A source entity in the mapping file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SourceRef {
    /// The source account.
    pub account: Account,
    /// Its id there.
    pub id: RemoteId,
    /// A label for people.
    #[serde(default)]
    pub name: String,
}

impl SourceRef {
    /// The key without the label.
    pub fn key(&self) -> Key {
        Key { account: self.account.clone(), id: self.id.clone() }
    }
}

/// One `[[project]]`, `[[client]]`, `[[user]]` or `[[tag]]` row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkRow {
    /// What is linked.
    pub source: SourceRef,
    /// Where it leads, per target account.
    pub target: BTreeMap<Account, Named>,
    /// Valid for entries that start on or after this day (in the source account's zone); an earlier row stays for
    /// earlier entries.
    pub from: Option<NaiveDate>,
}

/// The condition of a rule; what is left out matches all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct When {
    /// Source account.
    pub account: Option<Account>,
    /// Source project id.
    pub project: Option<RemoteId>,
    /// Source client id.
    pub client: Option<RemoteId>,
    /// A tag by name.
    pub tag: Option<String>,
    /// Source user id.
    pub user: Option<RemoteId>,
    /// Billable or not.
    pub billable: Option<bool>,
    /// Part of the description, case-insensitive.
    pub description: Option<String>,
}

/// What a rule decides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Then {
    /// Not sent.
    Skip,
    /// Kept until a person decides.
    Hold,
    /// Sent to the fallback project.
    Fallback,
    /// Sent to a project, per target account.
    Target(BTreeMap<Account, Named>),
}

/// One `[[rule]]`; first match wins, before links.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// The condition.
    pub when: When,
    /// The decision.
    pub then: Then,
}

/// The whole mapping.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mapping {
    /// For what no link and no rule takes, per target account.
    pub fallback: BTreeMap<Account, Named>,
    /// Project links in file order.
    pub projects: Vec<LinkRow>,
    /// Client links in file order.
    pub clients: Vec<LinkRow>,
    /// User links in file order.
    pub users: Vec<LinkRow>,
    /// Tag links in file order.
    pub tags: Vec<LinkRow>,
    /// Rules in file order.
    pub rules: Vec<Rule>,
}

/// A change of the mapping as a command asks for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MappingEdit {
    /// Links a source project to a target project (replaces the row of the same source, target and `from`).
    LinkProject {
        /// The source project.
        source: SourceRef,
        /// The target account.
        target: Account,
        /// The project there.
        to: Named,
        /// Valid from, if dated.
        from: Option<NaiveDate>,
    },
    /// Removes a project link towards one target.
    UnlinkProject {
        /// The source project.
        source: SourceRef,
        /// The target account.
        target: Account,
        /// The dated row, or the undated one.
        from: Option<NaiveDate>,
    },
    /// Adds a rule that skips a project.
    SkipProject {
        /// The source project.
        source: SourceRef,
    },
    /// Removes the rule that skips a project.
    UnskipProject {
        /// The source project.
        source: SourceRef,
    },
    /// Links a source user to a target user.
    LinkUser {
        /// The source user.
        source: SourceRef,
        /// The target account.
        target: Account,
        /// The user there.
        to: Named,
    },
    /// Removes a user's link towards a target.
    UnlinkUser {
        /// The source user.
        source: SourceRef,
        /// The target account.
        target: Account,
    },
}
