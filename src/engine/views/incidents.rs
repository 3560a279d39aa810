//! The ledger of incidents, newest first, and the timeline of one. An incident names what it was about by the id of
//! then; where that is gone, its account still tells whose it was.

use std::collections::BTreeMap;

use crate::cache::rows;
use crate::control::command::SubscriptionRef;
use crate::control::view::{IncidentRow, Row};
use crate::domain::id::{Account, RemoteId};
use crate::domain::incident::Incident;
use crate::domain::subscription::Subscription;
use crate::engine::desk::Desked;
use crate::engine::guard_page;
use crate::engine::state::State;
use crate::engine::target_guard;

use super::{Ask, Rows};

/// The window on the list.
pub fn rows(state: &State, ask: &Ask) -> Desked<Rows> {
    let all = guard_page::incidents(&state.desk, usize::MAX)?;
    let unfiltered = all.len();
    let mut names = BTreeMap::new();
    let mut found = Vec::new();
    for incident in all {
        let about = match &incident.subscription {
            Some((account, id)) => {
                let of = (account.clone(), id.clone());
                let name = match names.get(&of) {
                    Some(name) => String::clone(name),
                    None => name(state, account, id)?,
                };
                names.insert(of, name.clone());
                format!("{} {name}", state.setup.tag(account)).trim().to_owned()
            }
            None => String::new(),
        };
        let row = row(incident, about);
        let state = if row.closed_at.is_some() { "closed" } else { "open" };
        let day = row.from().format("%Y-%m-%d").to_string();
        let account = row.account.as_ref().map_or("", |a| a.0.as_str());
        if ask.takes(&[
            &row.id.to_string(),
            &row.kind,
            account,
            &row.about,
            &row.cause,
            &row.last,
            state,
            &day,
        ]) {
            found.push(Row::Incident(row));
        }
    }
    Ok(ask.cut(found, unfiltered))
}

/// The window on a timeline.
pub fn timeline(state: &State, ask: &Ask, id: u64) -> Desked<Rows> {
    let Some(incident) = state.desk.get::<Incident>(&rows::incident(id))? else { return Ok(Rows::default()) };
    let unfiltered = incident.steps.len();
    let steps = incident.steps.into_iter().filter(|s| ask.takes(&[&s.what, &s.answer]));
    Ok(ask.cut(steps.map(Row::Step).collect(), unfiltered))
}

fn row(incident: Incident, about: String) -> IncidentRow {
    IncidentRow {
        id: incident.id,
        kind: incident.kind,
        account: incident.subscription.map(|(account, _)| account),
        about,
        opened_at: incident.opened_at,
        began_at: incident.began_at,
        closed_at: incident.closed_at,
        cause: incident.cause,
        recovered: incident.recovered,
        requests: incident.requests,
        last: incident.steps.last().map(|step| step.answer.clone()).unwrap_or_default(),
    }
}

/// Its name where it is still there, else the number it had.
fn name(state: &State, account: &Account, id: &RemoteId) -> Desked<String> {
    let row: Option<Subscription> = state.desk.get(&rows::subscription(account, id))?;
    if let Some(row) = row {
        return Ok(row.description);
    }
    let hook = target_guard::hook(state, &SubscriptionRef::new(account, id))?;
    Ok(hook.map_or_else(|| id.to_string(), |hook| hook.event.short()))
}
