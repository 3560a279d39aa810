//! What is typed in the palette about a subscription: `events time_entry *, project *` and `rename NAME`.

use crate::control::command::{Reshape, SubscriptionRef, Wish};
use crate::control::snapshot::SubscriptionLine;
use crate::domain::advice;
use crate::domain::id::{RemoteId, Service};

use super::super::keymap::{Action, prices};
use super::super::signs::most as most_sign;
use super::super::text::requests;
use super::palette::{Choice, Run};
use super::{Model, palette::Palette};

/// The palette, filled for an edit of the selected subscription.
pub fn edit(model: &mut Model, text: &str) {
    let mut palette = Palette { input: text.into(), choices: Vec::new() };
    palette.rank(model);
    model.palette = Some(palette);
}

/// The events to begin with: those that fit, where the plan has no room for what there is.
pub fn events(model: &Model) -> String {
    let line = model.selected_subscription();
    let of = |line: &SubscriptionLine| {
        if line.proposed.is_empty() { line.events.join(", ") } else { line.proposed.join(", ") }
    };
    line.map(of).unwrap_or_default()
}

/// What is typed, as a choice, once it says enough.
pub fn choice(model: &Model, typed: &str) -> Option<Choice> {
    let (word, rest) = typed.split_once(' ')?;
    let line = model.selected_subscription()?;
    let rest = rest.trim();
    let change = match word {
        "rename" if !rest.is_empty() && rest != line.description => Reshape::Rename { name: rest.to_owned() },
        "events" if !rest.is_empty() => Reshape::Events { filters: filters(rest) },
        "rename" | "events" => return Some(nothing(typed, line)),
        _ => return None,
    };
    let action = if word == "rename" { Action::RenameHook } else { Action::EditEvents };
    let price = requests(prices::most(action, line.service, false));
    let falls = match &change {
        Reshape::Events { filters } => advice::lost(&line.events, filters),
        _ => Vec::new(),
    };
    // What would not be told any more comes first: a narrow screen cuts the end.
    let falls = if falls.is_empty() { String::new() } else { format!("without {} · ", falls.join(", ")) };
    let most = most_sign(model.ascii);
    let left = format!("{falls}{most} {price} · Enter does it · \"{}\"", line.description);
    let wish = Wish::Reshape { subscription: line.at.clone(), change };
    Some(Choice { name: typed.to_owned(), help: left, hits: Vec::new(), run: Run::Wish(Box::new(wish)) })
}

fn nothing(typed: &str, line: &SubscriptionLine) -> Choice {
    let help = format!("type what \"{}\" shall have instead", line.description);
    let run = Run::Action(Action::Palette);
    Choice { name: typed.to_owned(), help, hits: Vec::new(), run }
}

/// `time_entry *, project updated` as filters.
fn filters(text: &str) -> Vec<String> {
    text.split(',')
        .map(|f| f.split_whitespace().collect::<Vec<_>>().join(" "))
        .filter(|f| !f.is_empty())
        .collect()
}

/// The account that a new subscription is for: that of the selected one, else the first source.
pub fn account(model: &Model) -> Option<SubscriptionRef> {
    let snapshot = model.snapshot.as_ref()?;
    let first = snapshot.accounts.iter().find(|a| a.service == Service::Toggl).map(|a| a.name.clone());
    let account = model.selected_subscription().map(|s| s.at.account.clone()).or(first)?;
    Some(SubscriptionRef::new(&account, &RemoteId::default()))
}

/// Requests that an action on the selected subscription takes at most. Deciding what somebody changed of a webhook of
/// Clockify with another token has its refused deliveries read back too.
pub fn most(model: &Model, action: Action) -> u64 {
    let Some(line) = model.selected_subscription() else { return 0 };
    let secret = line.drift.iter().any(|drift| drift.field == "secret");
    let shape = line.drift.iter().any(|drift| drift.field != "secret");
    match (line.service, action) {
        (Service::Clockify, Action::RestoreOurs) => u64::from(shape) + if secret { 2 } else { 0 },
        (Service::Clockify, Action::AdoptTheirs) => {
            if secret {
                3
            } else {
                1
            }
        }
        (service, action) => prices::most(action, service, line.state.is_off()),
    }
}
