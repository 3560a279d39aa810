//! What can be done right now: the actions of the contexts in force, each with the reason where it is blocked.

use crate::control::snapshot::{HoldLine, Snapshot, SubscriptionLine};
use crate::control::view::LinkWord;
use crate::domain::clockify_hook;
use crate::domain::health::SubState;
use crate::domain::id::Service;
use crate::domain::word::SyncWord;

use super::super::model::{Connection, DELETED, Drawer, List, Model, Outlook, Pane, reshape};
use super::{ACTIONS, Action, Context};

/// An action with its state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// The action.
    pub action: Action,
    /// Why it can't be done now.
    pub blocked: Option<String>,
}

/// The contexts in force, innermost first.
pub fn contexts(model: &Model) -> Vec<Context> {
    if model.question.is_some() {
        return vec![Context::Question];
    }
    let mut found = Vec::new();
    if model.in_drawer {
        match &model.drawer {
            Some(Drawer::Picker(_)) => found.push(Context::Picker),
            Some(Drawer::Hold { .. }) => found.push(Context::Hold),
            Some(Drawer::Deliveries | Drawer::Delivery { .. }) => found.push(Context::Deliveries),
            Some(Drawer::Incidents | Drawer::Timeline { .. }) => found.push(Context::Incidents),
            // The hours of the pane come before the drawer's own older and newer.
            Some(Drawer::Ledger { .. }) => found.extend([Context::Ledger, Context::Quota]),
            _ => {}
        }
        found.push(Context::Drawer);
    }
    let picking = found.first() == Some(&Context::Picker);
    match model.active() {
        Pane::Today if !model.in_drawer => found.push(Context::Today),
        Pane::Mapping if !picking => found.push(Context::Mapping),
        Pane::Webhooks => found.push(Context::Webhooks),
        Pane::Quota if !found.contains(&Context::Quota) => found.push(Context::Quota),
        Pane::Sync => found.push(Context::Sync),
        _ => {}
    }
    found.push(Context::List);
    if model.tiled() {
        found.push(Context::Overview);
    }
    found.push(Context::Global);
    found
}

/// Everything that has a meaning now, innermost first.
pub fn offers(model: &Model) -> Vec<Offer> {
    contexts(model)
        .into_iter()
        .flat_map(|context| ACTIONS.iter().filter(move |spec| spec.context == context))
        .map(|spec| Offer { action: spec.action, blocked: blocked(model, spec.action) })
        .collect()
}

/// Why an action can't be done now; `None` when it can.
pub fn blocked(model: &Model, action: Action) -> Option<String> {
    use Action::*;
    let changes = matches!(
        action,
        Create
            | Ignore
            | Unlink
            | MoveSent
            | Reenable
            | Test
            | Validate
            | Disable
            | Pause
            | SendNow
            | Retry
            | KeepSource
            | KeepTarget
            | Link
            | CreateHere
            | IgnoreHere
            | SendHeld
            | DropHeld
            | TakeOver
            | Replay
            | ReplayShown
            | MakeHook
            | EditEvents
            | RenameHook
            | RotateSecret
            | RevealSecret
            | RestoreOurs
            | AdoptTheirs
            | DeleteHook
            | ReadHookLog
            | Verify
            | Undo
    );
    if changes && !model.is_live() {
        return Some("the engine is not connected; keys that change things wait".to_owned());
    }
    let reason = match action {
        // From a tile the pane opens, which says why it is empty.
        Open if model.tiled() && model.tile != Pane::Today => return None,
        Open if is_read(model) && model.drawer.is_none() => "there is no more to it than stands here",
        Open if model.len(model.list()) == 0 && model.drawer.is_none() => "there is nothing to open",
        Create | Unlink | Ignore | MoveSent if model.selected_project().is_none() => "no project is selected",
        Create if model.targets().is_empty() => "there is no target",
        Create | CreateHere if is_same(model) => "it is linked to the one of its name already",
        Unlink | MoveSent if !is_linked(model) => "this project is not linked",
        MakeHook if !model.snapshot.as_ref().is_some_and(|s| s.public_address) => {
            "it would deliver nowhere: set public_url under [receiver] in hourwire.toml first"
        }
        MakeHook if has_all_hooks(model) => "all webhooks that are wanted there are made",
        MakeHook if model.has_own_hook() && !of_target(model) => "there is one already",
        MakeHook if reshape::account(model).is_none() => "there is no source account",
        Reenable | Test | Validate | Disable | EditEvents | RenameHook | RotateSecret | RevealSecret
        | RestoreOurs | AdoptTheirs | DeleteHook | ReadHookLog => return subscription(model, action),
        Pause if model.pausable().is_none() => "only a backfill can be paused, and none is queued",
        SendNow if model.waiting_target().is_none() => "nothing waits to be sent",
        Retry if !sync_is(model, |w| matches!(w, SyncWord::Failed(_))) => {
            "only a failed entry can be sent again by hand"
        }
        KeepSource | KeepTarget if !sync_is(model, |w| *w == SyncWord::Conflict) => {
            "there is no conflict to decide"
        }
        Link if model.candidate().is_none() => "no candidate is selected",
        OpenDelivery | FilterDeliveries | ReplayShown
            if matches!(model.drawer, Some(Drawer::Delivery { .. })) =>
        {
            "Esc leads back to the list"
        }
        Replay | ReplayShown | OpenDelivery | Verify
            if matches!(model.drawer, Some(Drawer::Deliveries)) && model.len(List::Drawer) == 0 =>
        {
            "there is no delivery to do it with"
        }
        OpenDelivery | Verify if model.shown_delivery().is_none() => "this one is not kept",
        Replay if model.selected_delivery().is_none() => {
            "this one was refused at the door; what is not believed is never applied"
        }
        OpenIncident | FilterIncidents if !matches!(model.drawer, Some(Drawer::Incidents)) => {
            "Esc leads back to the list"
        }
        OpenIncident if model.selected_incident().is_none() => "no incident is selected",
        OtherTarget if model.targets().len() < 2 => "there is one target",
        SendHeld | DropHeld | TakeOver if model.hold().is_none() => "this has been decided",
        SendHeld | DropHeld if model.hold().is_some_and(HoldLine::is_another) => {
            "another engine sends; t makes this one the sender"
        }
        TakeOver if !model.hold().is_some_and(HoldLine::is_another) => "no other engine sends",
        HourBefore | HourAfter if model.ledger_meter().is_none() => "no bucket is open",
        HourBefore if model.ledger_step(-1).is_none() => "hours are kept for eight days",
        HourAfter if model.ledger_step(1).is_none() => "this is the newest",
        OnlyCause if model.selected_request().is_none() => "no request is selected",
        Older | Newer if model.incidents().len() < 2 => "there is no other one",
        StartEngine if model.is_live() => "the engine runs",
        StartEngine if model.connection == Connection::Connecting => "it is being looked for",
        StartEngine if model.outlook() == Outlook::Starting => "it is being started",
        StartEngine if model.host() == "demo" => "it ends with the demo; leave and start that again",
        OldestAlert if !needs_person(model) && model.standing().is_none() => "nothing needs a person",
        NextProblem | PrevProblem if model.next_problem(model.list(), false).is_none() => {
            "nothing needs a person here"
        }
        Zoom if model.pane == Pane::Overview && !model.zoom && !model.tiled() => {
            "there is one pane at this size"
        }
        Zoom if model.pane != Pane::Overview => "this pane fills the screen already",
        _ => return None,
    };
    Some(reason.to_owned())
}

fn needs_person(model: &Model) -> bool {
    model.snapshot.as_ref().is_some_and(|s| !s.alerts.is_empty() || s.holds.iter().any(HoldLine::is_open))
}

fn sync_is(model: &Model, test: impl Fn(&SyncWord) -> bool) -> bool {
    model.selected_sync().is_some_and(|line| test(&line.word))
}

fn is_same(model: &Model) -> bool {
    matches!(model.link_subject(), Some((_, _, Some(LinkWord::Same(_)))))
}

fn is_linked(model: &Model) -> bool {
    model.selected_project().is_some_and(|p| {
        p.links.iter().any(|l| matches!(l, LinkWord::Same(_) | LinkWord::Other(_) | LinkWord::Gone(_)))
    })
}

fn subscription(model: &Model, action: Action) -> Option<String> {
    let Some(line) = model.selected_subscription() else {
        return Some("no subscription is selected".to_owned());
    };
    if let Some(reason) = of_clockify(line, action) {
        return Some(reason.to_owned());
    }
    let reason = match (action, line.state) {
        // What is not switched off yet, though a key wants it so, can be kept.
        (Action::Reenable, _) if line.is_leaving() => return None,
        (Action::Reenable, SubState::Active | SubState::Pending | SubState::Silent | SubState::Drifted) => {
            "it is enabled already"
        }
        (Action::Validate, SubState::Active) => "its address is validated already",
        (Action::Disable | Action::Test, SubState::Disabled) => "it is disabled",
        (
            Action::EditEvents
            | Action::RenameHook
            | Action::RotateSecret
            | Action::RevealSecret
            | Action::RestoreOurs
            | Action::AdoptTheirs,
            _,
        ) if !line.ours => "it is not ours",
        (Action::RestoreOurs | Action::AdoptTheirs, _) if line.drift.is_empty() => {
            "nobody changed it at the service"
        }
        _ => return None,
    };
    Some(reason.to_owned())
}

/// The Webhooks pane, where nothing is announced and changes are read.
fn is_read(model: &Model) -> bool {
    let read = |s: &Snapshot| s.subscriptions.is_empty() && !s.public_address;
    model.active() == Pane::Webhooks && model.snapshot.as_ref().is_some_and(read)
}

/// Of the target whose webhook is selected none is missing.
fn has_all_hooks(model: &Model) -> bool {
    let Some(of) = model.selected_subscription().filter(|line| line.service == Service::Clockify) else {
        return false;
    };
    let lines = model.snapshot.iter().flat_map(|s| &s.subscriptions);
    let made = lines.filter(|line| line.at.account == of.at.account && line.ours && line.cause != DELETED);
    made.count() >= clockify_hook::wanted(usize::MAX).len()
}

/// The selected webhook is one of a target.
fn of_target(model: &Model) -> bool {
    model.selected_subscription().is_some_and(|line| line.service == Service::Clockify)
}

/// What Clockify offers no call for, and what Toggl does not.
fn of_clockify(line: &SubscriptionLine, action: Action) -> Option<&'static str> {
    use Action::*;
    if line.service != Service::Clockify {
        return (action == ReadHookLog).then_some("only Clockify keeps such a log");
    }
    match action {
        Test => Some("Clockify has no ping; a delivery comes with the next change"),
        Validate => Some("Clockify knows no handshake"),
        Disable => Some("no call of Clockify switches it off; D deletes it, and it stays so"),
        EditEvents => Some("a webhook of Clockify tells one event"),
        RenameHook => Some("its name is given here"),
        Reenable if line.state == SubState::DisabledByPlan => Some("the plan has no room for it"),
        Reenable | DeleteHook if !line.ours => Some("it is not ours, and left alone"),
        _ => None,
    }
}

/// The actions worth a place in the footer now, the most useful first.
pub fn footer(model: &Model) -> Vec<Action> {
    use Action::*;
    if model.question.is_some() {
        let leave = matches!(&model.question, Some(q) if q.then == super::super::model::Then::Leave);
        return if leave && model.started_engine {
            vec![Confirm, StopEngine, Refuse]
        } else {
            vec![Confirm, Refuse]
        };
    }
    let mut actions = match (&model.drawer, model.in_drawer) {
        (Some(Drawer::Picker(_)), true) => vec![Link, Search, OtherTarget, CreateHere, IgnoreHere, Back],
        (Some(Drawer::Hold { .. }), true) => vec![SendHeld, DropHeld, TakeOver, Back],
        (Some(Drawer::Incident { .. }), true) => {
            vec![RestoreOurs, AdoptTheirs, Reenable, Test, Validate, Deliveries, Older, Newer, Copy, Back]
        }
        (Some(Drawer::Incidents), true) => vec![OpenIncident, FilterIncidents, Back],
        (Some(Drawer::Timeline { .. }), true) => vec![Deliveries, Copy, Back],
        (Some(Drawer::Deliveries), true) => {
            vec![OpenDelivery, Replay, ReplayShown, FilterDeliveries, Verify, Copy, Back]
        }
        (Some(Drawer::Delivery { .. }), true) => vec![Replay, Verify, Copy, Back],
        (Some(Drawer::Entry { .. }), true) => vec![Retry, KeepSource, KeepTarget, Copy, Back],
        (Some(Drawer::Ledger { .. }), true) => {
            vec![OnlyCause, HourBefore, HourAfter, Pause, SendNow, Copy, Back]
        }
        (Some(_), true) => vec![Copy, Back],
        _ => match model.active() {
            Pane::Mapping if !model.tiled() => {
                vec![Open, Create, Ignore, Undo, Filter, NextProblem, MoveSent]
            }
            Pane::Webhooks if !model.tiled() => {
                vec![
                    Open,
                    MakeHook,
                    RestoreOurs,
                    AdoptTheirs,
                    Reenable,
                    Test,
                    Validate,
                    Incidents,
                    Deliveries,
                    NextProblem,
                ]
            }
            Pane::Sync => vec![Open, Retry, KeepSource, KeepTarget, NextProblem, Filter],
            Pane::Log => vec![Open, Filter, NextProblem, Copy],
            Pane::Quota if !model.tiled() => vec![Open, Pause, SendNow, HourBefore, HourAfter, Copy],
            Pane::Today if model.day.is_some() => vec![Open, OlderDay, NewerDay, NextProblem, Filter, Back],
            _ => vec![NextTile, Open, Filter, NextProblem, OldestAlert, Undo, Zoom],
        },
    };
    // Without an engine nothing else is of more use.
    actions.insert(0, StartEngine);
    let contexts = contexts(model);
    actions.retain(|a| {
        let usable = contexts.contains(&a.spec().context);
        usable && blocked(model, *a).is_none()
    });
    actions.extend([Palette, Help, Quit]);
    if model.in_drawer {
        actions.retain(|a| !matches!(a, Quit | Palette));
    }
    actions
}
