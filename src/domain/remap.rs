//! What an edit does to a mapping: the mapping after it, the edit that takes it back, and the row it is about.

use std::collections::BTreeMap;

use super::id::Account;
use super::mapping::{LinkRow, Mapping, MappingEdit, Named, Rule, SourceRef, Then, When};
use super::route::{Route, Routed};

/// The mapping after an edit; routes by it are those of the edited file.
pub fn apply(mapping: &Mapping, edit: &MappingEdit) -> Mapping {
    let mut after = mapping.clone();
    match edit {
        MappingEdit::LinkProject { source, target, to, from } => {
            let row = LinkRow {
                source: source.clone(),
                target: BTreeMap::from([(target.clone(), to.clone())]),
                from: *from,
            };
            put(&mut after.projects, row, target, to);
        }
        MappingEdit::UnlinkProject { source, target, from } => {
            for row in &mut after.projects {
                if row.source.key() == source.key() && row.from == *from {
                    row.target.remove(target);
                }
            }
            after.projects.retain(|row| !row.target.is_empty());
        }
        MappingEdit::SkipProject { source } => {
            let rule = Rule { when: just(source), then: Then::Skip };
            after.rules.retain(|r| *r != rule);
            after.rules.insert(0, rule);
        }
        MappingEdit::UnskipProject { source } => {
            let rule = Rule { when: just(source), then: Then::Skip };
            after.rules.retain(|r| *r != rule);
        }
        MappingEdit::LinkUser { source, target, to } => {
            let row = LinkRow {
                source: source.clone(),
                target: BTreeMap::from([(target.clone(), to.clone())]),
                from: None,
            };
            put(&mut after.users, row, target, to);
        }
        MappingEdit::UnlinkUser { source, target } => {
            for row in after.users.iter_mut().filter(|row| row.source.key() == source.key()) {
                row.target.remove(target);
            }
            after.users.retain(|row| !row.target.is_empty());
        }
    }
    after
}

fn put(rows: &mut Vec<LinkRow>, fresh: LinkRow, target: &Account, to: &Named) {
    let same = |r: &&mut LinkRow| r.source.key() == fresh.source.key() && r.from == fresh.from;
    match rows.iter_mut().find(same) {
        Some(row) => {
            row.target.insert(target.clone(), to.clone());
        }
        None => rows.push(fresh),
    }
}

/// The rule of a project that is left out.
fn just(source: &SourceRef) -> When {
    When { account: Some(source.account.clone()), project: Some(source.id.clone()), ..When::default() }
}

/// Whether a sent entry that kept its route would go elsewhere by a fresh one. One that nothing takes any more stays.
pub fn moves(kept: &Route, fresh: &Route) -> bool {
    matches!(fresh.to, Routed::To(_)) && fresh.to != kept.to
}

/// The source that an edit is about.
pub fn source_of(edit: &MappingEdit) -> &SourceRef {
    match edit {
        MappingEdit::LinkProject { source, .. }
        | MappingEdit::UnlinkProject { source, .. }
        | MappingEdit::SkipProject { source }
        | MappingEdit::UnskipProject { source }
        | MappingEdit::LinkUser { source, .. }
        | MappingEdit::UnlinkUser { source, .. } => source,
    }
}

/// The value of the row that an edit is about, as it stands in a mapping.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Leads there.
    Linked(Named),
    /// Left out by a rule.
    Skipped,
    /// No such row.
    Absent,
}

impl std::fmt::Display for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Linked(named) if named.name.is_empty() => write!(f, "linked to {}", named.id),
            Self::Linked(named) => write!(f, "linked to \"{}\"", named.name),
            Self::Skipped => f.write_str("left out"),
            Self::Absent => f.write_str("not set"),
        }
    }
}

/// The value that a mapping has where an edit would change it.
pub fn value(mapping: &Mapping, edit: &MappingEdit) -> Value {
    let find = |rows: &[LinkRow], source: &SourceRef, target: &Account, from| {
        rows.iter()
            .filter(|r| r.source.key() == source.key() && r.from == from)
            .find_map(|r| r.target.get(target))
            .map_or(Value::Absent, |named| Value::Linked(named.clone()))
    };
    match edit {
        MappingEdit::LinkProject { source, target, from, .. }
        | MappingEdit::UnlinkProject { source, target, from } => {
            find(&mapping.projects, source, target, *from)
        }
        MappingEdit::LinkUser { source, target, .. } | MappingEdit::UnlinkUser { source, target } => {
            find(&mapping.users, source, target, None)
        }
        MappingEdit::SkipProject { source } | MappingEdit::UnskipProject { source } => {
            let rule = Rule { when: just(source), then: Then::Skip };
            if mapping.rules.contains(&rule) { Value::Skipped } else { Value::Absent }
        }
    }
}

/// The edit that takes another one back, given the mapping before it. `None` when the edit changes nothing or
/// cannot be taken back.
pub fn inverse(before: &Mapping, edit: &MappingEdit) -> Option<MappingEdit> {
    let old = value(before, edit);
    match edit {
        MappingEdit::LinkProject { source, target, to, from } => match old {
            Value::Linked(old) if old == *to => None,
            Value::Linked(to) => Some(MappingEdit::LinkProject {
                source: source.clone(),
                target: target.clone(),
                to,
                from: *from,
            }),
            _ => Some(MappingEdit::UnlinkProject {
                source: source.clone(),
                target: target.clone(),
                from: *from,
            }),
        },
        MappingEdit::UnlinkProject { source, target, from } => match old {
            Value::Linked(to) => Some(MappingEdit::LinkProject {
                source: source.clone(),
                target: target.clone(),
                to,
                from: *from,
            }),
            _ => None,
        },
        MappingEdit::SkipProject { source } => {
            (old == Value::Absent).then(|| MappingEdit::UnskipProject { source: source.clone() })
        }
        MappingEdit::UnskipProject { source } => {
            (old == Value::Skipped).then(|| MappingEdit::SkipProject { source: source.clone() })
        }
        MappingEdit::LinkUser { source, target, to } => match old {
            Value::Linked(old) if old == *to => None,
            Value::Linked(to) => {
                Some(MappingEdit::LinkUser { source: source.clone(), target: target.clone(), to })
            }
            _ => Some(MappingEdit::UnlinkUser { source: source.clone(), target: target.clone() }),
        },
        MappingEdit::UnlinkUser { source, target } => match old {
            Value::Linked(to) => {
                Some(MappingEdit::LinkUser { source: source.clone(), target: target.clone(), to })
            }
            _ => None,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn source(id: i64) -> SourceRef {
        SourceRef { account: "main".into(), id: id.into(), name: format!("P{id}") }
    }

    fn named(id: i64) -> Named {
        Named { id: format!("c{id}").into(), name: format!("C{id}") }
    }

    fn edits() -> impl Strategy<Value = MappingEdit> {
        let target = prop_oneof![Just(Account::from("mirror")), Just(Account::from("other"))];
        let from = prop_oneof![Just(None), Just(chrono::NaiveDate::from_ymd_opt(2026, 3, 1))];
        (0i64..3, 0i64..3, target, from, 0..6).prop_map(|(s, t, target, from, kind)| match kind {
            0 => MappingEdit::LinkProject { source: source(s), target, to: named(t), from },
            1 => MappingEdit::UnlinkProject { source: source(s), target, from },
            2 => MappingEdit::SkipProject { source: source(s) },
            3 => MappingEdit::LinkUser { source: source(s), target, to: named(t) },
            4 => MappingEdit::UnlinkUser { source: source(s), target },
            _ => MappingEdit::UnskipProject { source: source(s) },
        })
    }

    proptest! {
        #[test]
        fn an_inverse_brings_the_row_back(before in prop::collection::vec(edits(), 0..12), edit in edits()) {
            let before = before.iter().fold(Mapping::default(), |m, e| apply(&m, e));
            let after = apply(&before, &edit);
            match inverse(&before, &edit) {
                None => prop_assert_eq!(value(&after, &edit), value(&before, &edit)),
                Some(back) => {
                    prop_assert_ne!(value(&after, &edit), value(&before, &edit));
                    prop_assert_eq!(value(&apply(&after, &back), &edit), value(&before, &edit));
                }
            }
        }

        #[test]
        fn other_rows_stay(before in prop::collection::vec(edits(), 0..12), edit in edits(), other in edits()) {
            let before = before.iter().fold(Mapping::default(), |m, e| apply(&m, e));
            let after = apply(&before, &edit);
            let is_user =
                |e: &MappingEdit| matches!(e, MappingEdit::LinkUser { .. } | MappingEdit::UnlinkUser { .. });
            if source_of(&edit).key() != source_of(&other).key() || is_user(&edit) != is_user(&other) {
                prop_assert_eq!(value(&after, &other), value(&before, &other));
            }
        }
    }
}
