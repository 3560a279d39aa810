//! Clockify's webhooks in words: their events, their state, which ones are wanted, what a delivery tells
//! (reference/clockify.md 8).
//!
//! One webhook reports one event. There is no handshake, no signature over the body, no event id and no time of change.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::announced::Action;
use super::catalogue::{Item, Kind};
use super::id::RemoteId;
use super::read::TargetRead;

/// Characters that a name may have.
pub const LONGEST_NAME: usize = 30;

/// An event, which is all that a webhook reports.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum Event {
    /// A timer started.
    TimerStarted,
    /// A timer stopped; no [`Event::EntryCreated`] comes for its entry.
    TimerStopped,
    /// A complete entry added.
    EntryCreated,
    /// An entry, also a running one, changed.
    EntryUpdated,
    /// An entry deleted.
    EntryDeleted,
    /// A deleted entry brought back, in the web page only.
    EntryRestored,
    /// An entry cut in two, in the web page only.
    EntrySplit,
    /// A project, client or tag.
    Item(Kind, Action),
    /// Any other event, by the service's word.
    Other(String),
}

/// The events with a name here, and the service's word for each.
static WORDS: [(Event, &str); 16] = [
    (Event::TimerStarted, "NEW_TIMER_STARTED"),
    (Event::TimerStopped, "TIMER_STOPPED"),
    (Event::EntryCreated, "NEW_TIME_ENTRY"),
    (Event::EntryUpdated, "TIME_ENTRY_UPDATED"),
    (Event::EntryDeleted, "TIME_ENTRY_DELETED"),
    (Event::EntryRestored, "TIME_ENTRY_RESTORED"),
    (Event::EntrySplit, "TIME_ENTRY_SPLIT"),
    (Event::Item(Kind::Project, Action::Created), "NEW_PROJECT"),
    (Event::Item(Kind::Project, Action::Updated), "PROJECT_UPDATED"),
    (Event::Item(Kind::Project, Action::Deleted), "PROJECT_DELETED"),
    (Event::Item(Kind::Client, Action::Created), "NEW_CLIENT"),
    (Event::Item(Kind::Client, Action::Updated), "CLIENT_UPDATED"),
    (Event::Item(Kind::Client, Action::Deleted), "CLIENT_DELETED"),
    (Event::Item(Kind::Tag, Action::Created), "NEW_TAG"),
    (Event::Item(Kind::Tag, Action::Updated), "TAG_UPDATED"),
    (Event::Item(Kind::Tag, Action::Deleted), "TAG_DELETED"),
];

/// The events that are used here, the most useful first. An edit or a deletion by a person is what must not be
/// overwritten; a new entry tells of our own create whose answer was lost; what is left out is read.
static PREFERENCE: [Event; 7] = [
    Event::EntryUpdated,
    Event::EntryDeleted,
    Event::EntryCreated,
    Event::TimerStopped,
    Event::EntryRestored,
    Event::EntrySplit,
    Event::TimerStarted,
];

impl Event {
    /// The event of the service's word.
    pub fn of(word: &str) -> Self {
        let known = WORDS.iter().find(|(_, each)| *each == word).map(|(event, _)| event.clone());
        known.unwrap_or_else(|| Self::Other(word.to_owned()))
    }

    /// The service's word, as in `TIME_ENTRY_UPDATED`.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Other(word) => word,
            known => WORDS.iter().find(|(event, _)| event == known).map_or("", |(_, word)| *word),
        }
    }

    /// It is about a time entry.
    pub fn is_entry(&self) -> bool {
        !matches!(self, Self::Item(..) | Self::Other(_))
    }

    /// What happened to what the delivery is about; `None` for events without a name here.
    pub fn action(&self) -> Option<Action> {
        match self {
            Self::TimerStarted | Self::EntryCreated | Self::EntryRestored => Some(Action::Created),
            Self::TimerStopped | Self::EntryUpdated | Self::EntrySplit => Some(Action::Updated),
            Self::EntryDeleted => Some(Action::Deleted),
            Self::Item(_, action) => Some(*action),
            Self::Other(_) => None,
        }
    }

    /// A short word for names and narrow columns.
    pub fn short(&self) -> String {
        match self {
            Self::TimerStarted => "started".to_owned(),
            Self::TimerStopped => "stopped".to_owned(),
            Self::EntryCreated => "created".to_owned(),
            Self::EntryUpdated => "updated".to_owned(),
            Self::EntryDeleted => "deleted".to_owned(),
            Self::EntryRestored => "restored".to_owned(),
            Self::EntrySplit => "split".to_owned(),
            Self::Item(..) | Self::Other(_) => self.as_str().to_lowercase().replace('_', "-"),
        }
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl From<String> for Event {
    fn from(word: String) -> Self {
        Self::of(&word)
    }
}

impl From<Event> for String {
    fn from(event: Event) -> Self {
        event.as_str().to_owned()
    }
}

/// The three switches of a webhook.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flags {
    /// Switched on; no call of the API changes it.
    pub enabled: bool,
    /// False when delivery failed too often.
    pub delivery: bool,
    /// False when the plan has no room for it.
    pub plan: bool,
}

impl Flags {
    /// The state that they make. A person's "off" comes first, since nothing may undo it; then the plan, since no
    /// new webhook would cure it.
    pub fn state(self) -> State {
        if !self.enabled {
            State::Off
        } else if !self.plan {
            State::DisabledByPlan
        } else if !self.delivery {
            State::DisabledByFailures
        } else {
            State::Active
        }
    }
}

/// The state of a webhook. There is no "pending" and no "not validated": Clockify knows no handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Deliveries come.
    Active,
    /// Delivery failed too often.
    DisabledByFailures,
    /// The plan has no room for it.
    DisabledByPlan,
    /// Switched off in the web page.
    Off,
}

impl State {
    /// The words as shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::DisabledByFailures => "disabled by failures",
            Self::DisabledByPlan => "disabled by plan",
            Self::Off => "off",
        }
    }
}

/// What became of a delivery, as the service tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// Answered with success.
    Succeeded,
    /// Failed, and tried again later.
    Retrying,
    /// Failed for good.
    Failed,
}

impl Fate {
    /// The service's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Succeeded => "SUCCEEDED",
            Self::Retrying => "RETRYING",
            Self::Failed => "FAILED",
        }
    }

    /// The fate of the service's word.
    pub fn of(word: &str) -> Option<Self> {
        [Self::Succeeded, Self::Retrying, Self::Failed].into_iter().find(|fate| fate.as_str() == word)
    }
}

/// Webhooks that a plan allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slots {
    /// One user's.
    pub user: usize,
    /// All of the workspace's.
    pub workspace: usize,
}

/// The slots of a plan by its name (`featureSubscriptionType`). An unknown name counts as Free.
pub fn slots(plan: &str) -> Slots {
    let plan = plan.to_ascii_uppercase();
    if plan.starts_with("ENTERPRISE") {
        Slots { user: 100, workspace: 300 }
    } else if plan.is_empty() || plan.starts_with("FREE") {
        Slots { user: 3, workspace: 3 }
    } else {
        Slots { user: 10, workspace: 100 }
    }
}

impl Slots {
    /// What is left beside other people's webhooks and this user's own others.
    pub fn left(self, others_of_workspace: usize, others_of_user: usize) -> usize {
        self.workspace
            .saturating_sub(others_of_workspace.saturating_add(others_of_user))
            .min(self.user.saturating_sub(others_of_user))
    }
}

/// The events to ask for with so many free slots, the most useful first.
pub fn wanted(slots: usize) -> &'static [Event] {
    &PREFERENCE[..slots.min(PREFERENCE.len())]
}

/// The events of time entries that [`wanted`] leaves out, and that reading must find.
pub fn left_out(slots: usize) -> &'static [Event] {
    &PREFERENCE[slots.min(PREFERENCE.len())..]
}

/// The start of the names of this instance's webhooks; `instance` is `hourwire <host> <4 hex>`, too long for a name.
fn stem(instance: &str) -> String {
    let mark: String = instance.split_whitespace().last().unwrap_or_default().chars().take(8).collect();
    format!("hourwire {mark} ")
}

/// The name of this instance's webhook for an event: at most 30 characters, as in `hourwire 0f1e updated`.
pub fn name(instance: &str, event: &Event) -> String {
    let whole = format!("{}{}", stem(instance), event.short());
    whole.chars().filter(|c| !matches!(c, '<' | '>')).take(LONGEST_NAME).collect()
}

/// A name that [`name`] gives for some event of this instance.
pub fn is_own_name(instance: &str, name: &str) -> bool {
    name.starts_with(&stem(instance))
}

/// What a delivery is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// A time entry; without `read` only its id is known. For a deletion `read` is its last state.
    Entry {
        /// Its id.
        id: RemoteId,
        /// Its state, when the body has one that can be used.
        read: Option<TargetRead>,
    },
    /// A project, client or tag; without `item` only its id is known.
    Item {
        /// Which kind.
        kind: Kind,
        /// Its id.
        id: RemoteId,
        /// Its state, when the body has one.
        item: Option<Item>,
    },
    /// Something that is not used here.
    Other {
        /// Its id, when the body has one.
        id: Option<RemoteId>,
    },
}

/// A parsed delivery. It has no time and no id of its own: two of them cannot be ordered, only compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct News {
    /// What happened.
    pub event: Event,
    /// The workspace that the body names.
    pub workspace: Option<RemoteId>,
    /// What it happened to.
    pub subject: Subject,
    /// A digest of event, workspace, entity and canonical body, for de-duplication (stable over key order).
    pub digest: u64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_event_has_one_word_and_comes_back_from_it() {
        for (event, word) in &WORDS {
            assert_eq!(Event::of(word), *event, "{word}");
            assert_eq!(event.as_str(), *word);
        }
        let other = Event::of("NEW_INVOICE");
        assert_eq!((other.as_str(), other.action(), other.is_entry()), ("NEW_INVOICE", None, false));
        assert_eq!(serde_json::to_string(&Event::EntryUpdated).unwrap(), r#""TIME_ENTRY_UPDATED""#);
        assert_eq!(
            serde_json::from_str::<Event>(r#""TAG_DELETED""#).unwrap().action(),
            Some(Action::Deleted)
        );
    }

    #[test]
    fn three_switches_make_four_states() {
        for (enabled, delivery, plan, word) in [
            (true, true, true, "active"),
            (true, false, true, "disabled by failures"),
            (true, true, false, "disabled by plan"),
            (true, false, false, "disabled by plan"),
            (false, true, true, "off"),
            (false, false, true, "off"),
            (false, true, false, "off"),
            (false, false, false, "off"),
        ] {
            let flags = Flags { enabled, delivery, plan };
            assert_eq!(flags.state().as_str(), word, "{flags:?}");
        }
    }

    #[test]
    fn free_has_three_slots_and_edits_come_first() {
        let words = |slots: usize| wanted(slots).iter().map(Event::as_str).collect::<Vec<_>>();
        let free = slots("FREE").left(0, 0);
        assert_eq!(words(free), ["TIME_ENTRY_UPDATED", "TIME_ENTRY_DELETED", "NEW_TIME_ENTRY"]);
        assert_eq!(words(slots("free").left(2, 0)), ["TIME_ENTRY_UPDATED"]);
        assert_eq!(words(0), Vec::<&str>::new());
        assert_eq!(words(slots("STANDARD_2021").left(40, 0)).len(), 7);
        assert_eq!(slots("STANDARD_2021").left(0, 8), 2, "a user has ten");
        assert_eq!(slots("STANDARD_2021").left(97, 1), 2, "a workspace has a hundred");
        assert_eq!((slots("").workspace, slots("ENTERPRISE_2021").workspace), (3, 300));
        assert_eq!(slots("FREE").left(5, 4), 0, "more than allowed is none left");
    }

    #[test]
    fn a_fate_has_the_service_s_word() {
        for fate in [Fate::Succeeded, Fate::Retrying, Fate::Failed] {
            assert_eq!(Fate::of(fate.as_str()), Some(fate));
        }
        assert_eq!(Fate::of("LOST"), None);
    }

    #[test]
    fn names_tell_instance_and_event() {
        assert_eq!(name("hourwire studio-7 0f1e", &Event::EntryUpdated), "hourwire 0f1e updated");
        assert_eq!(name("hourwire demo 0f1e", &Event::TimerStarted), "hourwire 0f1e started");
        assert!(is_own_name("hourwire other-host 0f1e", "hourwire 0f1e deleted"));
        assert!(!is_own_name("hourwire studio-7 aaaa", "hourwire 0f1e deleted"));
        assert!(!is_own_name("hourwire studio-7 0f1e", "stripe"));
    }

    proptest! {
        #[test]
        fn a_name_fits_whatever_the_instance(instance in ".{0,60}", word in "[A-Z_]{0,40}", known in 0..WORDS.len()) {
            for event in [Event::of(&word), WORDS[known].0.clone()] {
                let name = name(&instance, &event);
                prop_assert!((2..=LONGEST_NAME).contains(&name.chars().count()), "{name:?}");
                prop_assert!(!name.contains(['<', '>']));
            }
        }

        #[test]
        fn own_names_are_told_apart_and_never_twice(mark in "[0-9a-f]{4}", host in "[a-z-]{1,20}") {
            let instance = format!("hourwire {host} {mark}");
            let names: std::collections::BTreeSet<String> = wanted(9).iter().map(|e| name(&instance, e)).collect();
            prop_assert_eq!(names.len(), PREFERENCE.len());
            prop_assert!(names.iter().all(|name| is_own_name(&instance, name)));
        }

        #[test]
        fn wanted_and_left_out_are_all_events_of_entries(slots in 0_usize..20) {
            let both: Vec<&Event> = wanted(slots).iter().chain(left_out(slots)).collect();
            prop_assert_eq!(both.len(), PREFERENCE.len());
            prop_assert!(both.iter().all(|event| event.is_entry()));
            prop_assert!(wanted(slots).len() <= slots);
        }
    }
}
