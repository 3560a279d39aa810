//! What differs between two states of one entity, a line a fact, with names where they are known.

use chrono::DateTime;
use chrono_tz::Tz;
use serde_json::{Map, Value};

use super::delivery::MASKED;
use crate::domain::catalogue::Kind;

/// A field that says again what another one says: it is left out where that one differs too.
const SAID_BY: [(&str, &str); 13] = [
    ("pid", "project_id"),
    ("wid", "workspace_id"),
    ("uid", "user_id"),
    ("tid", "task_id"),
    ("cid", "client_id"),
    ("tag_ids", "tags"),
    ("duration", "start"),
    ("duration", "stop"),
    ("projectId", "project"),
    ("userId", "user"),
    ("taskId", "task"),
    ("clientId", "client"),
    ("tagIds", "tags"),
];

/// Fields that hold an id of something with a name.
const NAMED: [(&str, &str, Option<Kind>); 14] = [
    ("project_id", "project", Some(Kind::Project)),
    ("projectId", "project", Some(Kind::Project)),
    ("pid", "project", Some(Kind::Project)),
    ("project", "project", Some(Kind::Project)),
    ("client_id", "client", Some(Kind::Client)),
    ("clientId", "client", Some(Kind::Client)),
    ("cid", "client", Some(Kind::Client)),
    ("user_id", "user", Some(Kind::User)),
    ("userId", "user", Some(Kind::User)),
    ("uid", "user", Some(Kind::User)),
    ("user", "user", Some(Kind::User)),
    ("workspace_id", "workspace", None),
    ("wid", "workspace", None),
    ("task_id", "task", None),
];

/// A fact that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// What it is: `project`, `description`.
    pub fact: String,
    /// What it was.
    pub from: String,
    /// What it is now.
    pub to: String,
}

/// How values are shown.
pub struct Names<'a> {
    /// The zone of moments.
    pub zone: Tz,
    /// The name of what an id stands for.
    pub of: &'a dyn Fn(Kind, &str) -> Option<String>,
}

/// Facts that differ, but for the update time itself.
pub fn differences(old: &Map<String, Value>, new: &Map<String, Value>, names: &Names<'_>) -> Vec<Difference> {
    let mut fields: Vec<&str> = old.keys().chain(new.keys()).map(String::as_str).collect();
    fields.sort_unstable();
    fields.dedup();
    // What is absent here and null there is the same nothing.
    let differs = |field: &str| told(old, field) != told(new, field);
    let is_repeated = |field: &str| SAID_BY.iter().any(|(again, first)| *again == field && differs(first));
    fields.retain(|field| *field != "at" && !MASKED.contains(field) && differs(field) && !is_repeated(field));
    let difference = |field: &str| {
        let named = NAMED.iter().find(|(name, ..)| *name == field);
        let kind = named.and_then(|(.., kind)| *kind);
        let show = |map| told(map, field).map_or_else(|| "none".to_owned(), |value| names.show(value, kind));
        let (mut from, mut to) = (show(old), show(new));
        if from == to {
            // Two of one name are told apart by their ids.
            let raw = |map| told(map, field).map_or_else(|| "none".to_owned(), plain);
            (from, to) = (format!("{from} ({})", raw(old)), format!("{to} ({})", raw(new)));
        }
        Difference { fact: named.map_or(field, |(_, fact, _)| fact).to_owned(), from, to }
    };
    fields.into_iter().map(difference).collect()
}

fn told<'a>(map: &'a Map<String, Value>, field: &str) -> Option<&'a Value> {
    map.get(field).filter(|value| !value.is_null())
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

impl Names<'_> {
    fn show(&self, value: &Value, kind: Option<Kind>) -> String {
        match value {
            // Clockify's bodies hold the thing itself.
            Value::Object(map) => match (map.get("name"), map.get("start")) {
                (Some(Value::String(name)), _) => name.clone(),
                (None, Some(start)) => {
                    let end = told(map, "end").map_or_else(|| "runs".to_owned(), |end| self.show(end, None));
                    format!("{} – {end}", self.show(start, None))
                }
                _ => value.to_string(),
            },
            Value::Array(list) if list.is_empty() => "none".to_owned(),
            Value::Array(list) => list.iter().map(|one| self.show(one, kind)).collect::<Vec<_>>().join(", "),
            _ => {
                let text = plain(value);
                let named = kind.and_then(|kind| (self.of)(kind, &text));
                named.or_else(|| self.moment(&text)).unwrap_or(text)
            }
        }
    }

    fn moment(&self, text: &str) -> Option<String> {
        let at = DateTime::parse_from_rfc3339(text).ok()?;
        Some(at.with_timezone(&self.zone).format("%-d %b %Y %H:%M:%S").to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of(old: Value, new: Value) -> Vec<(String, String, String)> {
        let (Value::Object(old), Value::Object(new)) = (old, new) else { panic!("two objects") };
        let known = |kind, id: &str| match (kind, id) {
            (Kind::Project, "2220006" | "2220009") => Some("Fernley rebrand".to_owned()),
            (Kind::Project, "2220005") => Some("Harbor site".to_owned()),
            (Kind::User, "5550002") => Some("Dana Moss".to_owned()),
            _ => None,
        };
        let names = Names { zone: chrono_tz::Europe::Berlin, of: &known };
        differences(&old, &new, &names).into_iter().map(|d| (d.fact, d.from, d.to)).collect()
    }

    fn line(fact: &str, from: &str, to: &str) -> (String, String, String) {
        (fact.to_owned(), from.to_owned(), to.to_owned())
    }

    #[test]
    fn a_fact_is_told_once_and_by_its_name() {
        let old = json!({"pid": 2_220_006, "project_id": 2_220_006, "uid": 1, "user_id": 1, "at": "a",
            "tag_ids": [1], "tags": ["design"], "task_id": null});
        let new = json!({"pid": 2_220_005, "project_id": 2_220_005, "uid": 5_550_002, "user_id": 5_550_002,
            "at": "b", "tag_ids": [], "tags": []});
        assert_eq!(
            of(old, new),
            [
                line("project", "Fernley rebrand", "Harbor site"),
                line("tags", "design", "none"),
                line("user", "1", "Dana Moss"),
            ]
        );
        let alone = of(json!({"pid": 2_220_006}), json!({"pid": null}));
        assert_eq!(alone, [line("project", "Fernley rebrand", "none")]);
    }

    #[test]
    fn a_length_follows_its_ends_and_two_of_one_name_are_told_apart() {
        let old = json!({"start": "2026-05-12T13:00:00Z", "duration": 60, "project_id": 2_220_006});
        let new = json!({"start": "2026-05-12T12:59:00+00:00", "duration": 120, "project_id": 2_220_009});
        assert_eq!(
            of(old, new),
            [
                line("project", "Fernley rebrand (2220006)", "Fernley rebrand (2220009)"),
                line("start", "12 May 2026 15:00:00", "12 May 2026 14:59:00"),
            ]
        );
        assert_eq!(of(json!({"duration": -1}), json!({"duration": 5})), [line("duration", "-1", "5")]);
    }

    #[test]
    fn what_is_nobodys_business_is_not_told_and_nothing_is_nothing() {
        let old = json!({"at": 1, "description": "Call", "stop": null, "secret": "x", "billable": false});
        let new = json!({"at": 2, "description": "Call", "secret": "y", "billable": true});
        assert_eq!(of(old, new), [line("billable", "false", "true")]);
    }

    #[test]
    fn what_clockify_says_of_a_thing_is_its_name() {
        let of_project = |id: &str, name: &str, end: Value| {
            json!({"projectId": id, "project": {"id": id, "name": name}, "tags": [{"id": "t", "name": name}],
                "timeInterval": {"start": "2026-03-02T14:00:00Z", "end": end, "duration": "PT1H"}})
        };
        let old = of_project("a", "Acme", Value::Null);
        let new = of_project("b", "Quay", json!("2026-03-02T15:00:00Z"));
        assert_eq!(
            of(old, new),
            [
                line("project", "Acme", "Quay"),
                line("tags", "Acme", "Quay"),
                line(
                    "timeInterval",
                    "2 Mar 2026 15:00:00 – runs",
                    "2 Mar 2026 15:00:00 – 2 Mar 2026 16:00:00"
                ),
            ]
        );
    }
}
