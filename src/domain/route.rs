//! Where an entry goes in a target: rules, then links, then the fallback.

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use super::entry::Entry;
use super::id::{Account, Key, RemoteId};
use super::mapping::{LinkRow, Mapping, Then, When};

/// What decided a route.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// The n-th rule of the file, from 1.
    Rule(usize),
    /// A link; dated ones name their day.
    Link(Option<NaiveDate>),
    /// The fallback.
    Fallback,
    /// It was in the target already, in another project than the mapping says.
    Found,
}

/// The decision for one entry and one target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Routed {
    /// Sent to this project of the target.
    To(RemoteId),
    /// Not sent on purpose.
    Skip,
    /// Kept until a person decides.
    Hold,
    /// Nothing takes it.
    Unmapped,
}

/// A decision with its reason, stored with the entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    /// The decision.
    pub to: Routed,
    /// What decided; `None` when nothing took it.
    pub by: Option<By>,
    /// The mapping version it was made with.
    pub version: String,
    /// What it was made from; an unchanged sent entry keeps its route.
    pub inputs: Inputs,
}

/// The parts of an entry that a route depends on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inputs {
    /// Source project.
    pub project: Option<RemoteId>,
    /// Source client of that project.
    pub client: Option<RemoteId>,
    /// Source user.
    pub user: RemoteId,
    /// Tags.
    pub tags: Vec<String>,
    /// The day of the start in the account's zone.
    pub day: NaiveDate,
    /// Start; a change of it routes anew.
    pub start: DateTime<Utc>,
}

impl Inputs {
    /// The inputs of an entry.
    pub fn of(entry: &Entry, client: Option<RemoteId>, zone: Tz) -> Self {
        Self {
            project: entry.project.clone(),
            client,
            user: entry.user.clone(),
            tags: entry.tags.clone(),
            day: entry.start.with_timezone(&zone).date_naive(),
            start: entry.start,
        }
    }
}

/// Routes an entry of `account` towards `target`.
pub fn route(
    mapping: &Mapping,
    version: &str,
    account: &Account,
    target: &Account,
    entry: &Entry,
    inputs: Inputs,
) -> Route {
    let (to, by) = decide(mapping, account, target, entry, &inputs);
    Route { to, by, version: version.to_owned(), inputs }
}

fn decide(
    mapping: &Mapping,
    account: &Account,
    target: &Account,
    entry: &Entry,
    inputs: &Inputs,
) -> (Routed, Option<By>) {
    for (i, rule) in mapping.rules.iter().enumerate() {
        if !matches(&rule.when, account, entry, inputs) {
            continue;
        }
        let by = Some(By::Rule(i + 1));
        match &rule.then {
            Then::Skip => return (Routed::Skip, by),
            Then::Hold => return (Routed::Hold, by),
            Then::Fallback => return (fallback(mapping, target), by),
            Then::Target(to) => {
                if let Some(named) = to.get(target) {
                    return (Routed::To(named.id.clone()), by);
                }
            }
        }
    }
    if let Some(project) = &inputs.project
        && let Some((row, named)) = link(&mapping.projects, account, project, target, inputs.day)
    {
        return (Routed::To(named), Some(By::Link(row.from)));
    }
    match fallback(mapping, target) {
        Routed::Unmapped => (Routed::Unmapped, None),
        to => (to, Some(By::Fallback)),
    }
}

fn fallback(mapping: &Mapping, target: &Account) -> Routed {
    mapping.fallback.get(target).map_or(Routed::Unmapped, |n| Routed::To(n.id.clone()))
}

/// The link valid on a day: the latest `from` that is not after it; an undated row is the earliest.
pub fn link<'a>(
    rows: &'a [LinkRow],
    account: &Account,
    id: &RemoteId,
    target: &Account,
    day: NaiveDate,
) -> Option<(&'a LinkRow, RemoteId)> {
    rows.iter()
        .filter(|r| &r.source.account == account && &r.source.id == id)
        .filter(|r| r.from.is_none_or(|from| from <= day))
        .filter_map(|r| r.target.get(target).map(|n| (r, n.id.clone())))
        .max_by_key(|(r, _)| r.from)
}

fn matches(when: &When, account: &Account, entry: &Entry, inputs: &Inputs) -> bool {
    when.account.as_ref().is_none_or(|a| a == account)
        && when.project.as_ref().is_none_or(|p| Some(p) == inputs.project.as_ref())
        && when.client.as_ref().is_none_or(|c| Some(c) == inputs.client.as_ref())
        && when.user.as_ref().is_none_or(|u| u == &inputs.user)
        && when.tag.as_ref().is_none_or(|t| inputs.tags.contains(t))
        && when.billable.is_none_or(|b| b == entry.billable)
        && when
            .description
            .as_ref()
            .is_none_or(|d| entry.description.to_lowercase().contains(&d.to_lowercase()))
}

/// Who an entry belongs to in the target.
#[derive(Clone, Debug, Default)]
pub struct People<'a> {
    /// The source token's own user.
    pub own_source: Option<&'a RemoteId>,
    /// The target token's own user.
    pub own_target: Option<&'a RemoteId>,
    /// E-mail of the source user, if known.
    pub email: Option<&'a str>,
    /// Target users as (id, e-mail).
    pub target_users: &'a [(RemoteId, String)],
}

/// A `[[user]]` row first, then own to own, then the e-mail; `None` is `held (needs owner)`.
pub fn owner(mapping: &Mapping, user: &Key, target: &Account, people: &People<'_>) -> Option<RemoteId> {
    let row = mapping
        .users
        .iter()
        .find(|r| r.source.account == user.account && r.source.id == user.id)
        .and_then(|r| r.target.get(target));
    if let Some(named) = row {
        return Some(named.id.clone());
    }
    if people.own_source == Some(&user.id) {
        return people.own_target.cloned();
    }
    let email = people.email.filter(|e| !e.is_empty())?;
    people.target_users.iter().find(|(_, e)| e.eq_ignore_ascii_case(email)).map(|(id, _)| id.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::mapping::{Named, Rule, SourceRef};
    use chrono::TimeZone;
    use std::collections::BTreeMap;

    fn named(id: &str) -> BTreeMap<Account, Named> {
        BTreeMap::from([(Account::from("mirror"), Named { id: id.into(), name: String::new() })])
    }

    fn row(id: &str, to: &str, from: Option<&str>) -> LinkRow {
        LinkRow {
            source: SourceRef { account: "main".into(), id: id.into(), name: String::new() },
            target: named(to),
            from: from.map(|d| d.parse().unwrap()),
        }
    }

    fn entry(project: Option<&str>, tags: &[&str], day: u32) -> Entry {
        let start = Utc.with_ymd_and_hms(2026, 3, day, 3, 30, 0).unwrap();
        Entry {
            workspace: "1".into(),
            user: "7".into(),
            project: project.map(Into::into),
            start,
            stop: Some(start + chrono::TimeDelta::hours(1)),
            description: "Call".into(),
            tags: tags.iter().map(|t| (*t).to_owned()).collect(),
            billable: true,
        }
    }

    fn go(mapping: &Mapping, e: &Entry) -> Routed {
        let inputs = Inputs::of(e, None, chrono_tz::America::New_York);
        route(mapping, "v", &"main".into(), &"mirror".into(), e, inputs).to
    }

    #[test]
    fn rules_come_before_links_and_links_before_the_fallback() {
        let mut m = Mapping { projects: vec![row("10", "c10", None)], ..Mapping::default() };
        assert_eq!(go(&m, &entry(Some("11"), &[], 10)), Routed::Unmapped);
        m.fallback = named("c0");
        assert_eq!(go(&m, &entry(Some("11"), &[], 10)), Routed::To("c0".into()));
        assert_eq!(go(&m, &entry(Some("10"), &[], 10)), Routed::To("c10".into()));
        m.rules
            .push(Rule { when: When { tag: Some("private".into()), ..When::default() }, then: Then::Skip });
        assert_eq!(go(&m, &entry(Some("10"), &["private"], 10)), Routed::Skip);
    }

    #[test]
    fn a_dated_link_counts_from_its_day_in_the_accounts_zone() {
        let m = Mapping {
            projects: vec![row("10", "old", None), row("10", "new", Some("2026-03-10"))],
            ..Mapping::default()
        };
        // 03:30 UTC on the 10th is still the 9th in New York.
        assert_eq!(go(&m, &entry(Some("10"), &[], 10)), Routed::To("old".into()));
        assert_eq!(go(&m, &entry(Some("10"), &[], 11)), Routed::To("new".into()));
    }

    #[test]
    fn nobody_is_posted_as_somebody_else() {
        let m = Mapping::default();
        let users = [(RemoteId::from("t2"), "dana@example.test".to_owned())];
        let own = (RemoteId::from("7"), RemoteId::from("t1"));
        let people =
            People { own_source: Some(&own.0), own_target: Some(&own.1), email: None, target_users: &users };
        let key = |id: &str| Key { account: "main".into(), id: id.into() };
        assert_eq!(owner(&m, &key("7"), &"mirror".into(), &people), Some("t1".into()));
        assert_eq!(owner(&m, &key("8"), &"mirror".into(), &people), None);
        let known = People { email: Some("Dana@Example.test"), ..people };
        assert_eq!(owner(&m, &key("8"), &"mirror".into(), &known), Some("t2".into()));
    }
}
