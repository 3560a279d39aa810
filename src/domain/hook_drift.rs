//! A webhook of a target that somebody changed at the service: what was made here, what is listed there, field by field.
//! Which one it is says its id alone; nothing is done about a change before a person decides.

use super::clockify_hook::Event;
use super::drift::{Drift, masked};
use super::hook_plan::Listed;
use super::id::RemoteId;

/// The field of the address.
pub const ADDRESS: &str = "address";
/// The field of the event.
pub const EVENTS: &str = "events";
/// The field of what it is limited to.
pub const SCOPE: &str = "limited to";
/// The field of the token.
pub const SECRET: &str = "secret";
/// The field of the name.
pub const NAME: &str = "name";

/// A webhook as it was made or taken here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Its id.
    pub id: RemoteId,
    /// Its whole address.
    pub url: String,
    /// Its name, where it is known.
    pub name: Option<String>,
    /// A digest of its token.
    pub token: String,
    /// A new token was asked for here, and the answer did not come.
    pub rotating: bool,
}

/// The fields in which a listed webhook differs from what is kept of it for `event`. Tokens are never shown, addresses
/// without their last part. A token that the list does not tell differs from nothing.
pub fn drift(event: &Event, kept: &Kept, there: &Listed) -> Vec<Drift> {
    let mut found = Vec::new();
    let mut note = |field: &str, ours: String, theirs: String| {
        found.push(Drift { field: field.to_owned(), ours, theirs });
    };
    if kept.url != there.url {
        note(ADDRESS, masked(&kept.url), masked(&there.url));
    }
    if *event != there.event {
        note(EVENTS, event.to_string(), there.event.to_string());
    }
    if !there.scope.is_empty() {
        note(SCOPE, "the whole workspace".to_owned(), there.scope.clone());
    }
    if !kept.rotating && there.token.as_ref().is_some_and(|token| *token != kept.token) {
        found.push(another_token());
    }
    if let Some(name) = kept.name.as_ref().filter(|name| **name != there.name) {
        found.push(Drift { field: NAME.to_owned(), ours: name.clone(), theirs: there.name.clone() });
    }
    found
}

/// Another token than the one that is kept.
pub fn another_token() -> Drift {
    let (ours, theirs) = ("the token kept here", "another one; deliveries are refused");
    Drift { field: SECRET.to_owned(), ours: ours.to_owned(), theirs: theirs.to_owned() }
}

/// Whether more than its name differs: it no longer tells us what it was made for.
pub fn is_away(drift: &[Drift]) -> bool {
    drift.iter().any(|drift| drift.field != NAME)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::clockify_hook::Flags;

    #[test]
    fn each_field_that_differs_is_told_and_no_secret_is() {
        let kept = Kept {
            id: "1".into(),
            url: "https://hooks.example.test/hooks/mfrggzdf".into(),
            name: Some("hourwire 0f1e deleted".into()),
            token: "a1".into(),
            rotating: false,
        };
        let same = Listed {
            id: "1".into(),
            event: Event::EntryDeleted,
            name: "hourwire 0f1e deleted".into(),
            url: kept.url.clone(),
            scope: String::new(),
            token: Some("a1".into()),
            flags: Flags { enabled: true, delivery: true, plan: true },
            own_user: true,
        };
        assert!(drift(&Event::EntryDeleted, &kept, &same).is_empty());
        assert!(drift(&Event::EntryDeleted, &kept, &Listed { token: None, ..same.clone() }).is_empty());
        let unnamed = Kept { name: None, ..kept.clone() };
        let renamed = Listed { name: "office".into(), ..same.clone() };
        assert!(drift(&Event::EntryDeleted, &unnamed, &renamed).is_empty(), "a name that nobody kept");
        assert!(!is_away(&drift(&Event::EntryDeleted, &kept, &renamed)));
        let cut_off = Kept { rotating: true, ..kept.clone() };
        let rotated = Listed { token: Some("b2".into()), ..same };
        assert!(drift(&Event::EntryDeleted, &cut_off, &rotated).is_empty(), "a rotation of our own");
        let theirs = Listed {
            event: Event::of("NEW_PROJECT"),
            name: "new-project".into(),
            url: "https://crm.example.com/in/s3cret".into(),
            scope: "PROJECT_ID: 1".into(),
            ..rotated
        };
        let found = drift(&Event::EntryDeleted, &kept, &theirs);
        let fields: Vec<&str> = found.iter().map(|drift| drift.field.as_str()).collect();
        assert_eq!(fields, [ADDRESS, EVENTS, SCOPE, SECRET, NAME]);
        let told = format!("{found:?}");
        assert!(is_away(&found) && !told.contains("mfrggzdf") && !told.contains("s3cret"), "{told}");
    }
}
