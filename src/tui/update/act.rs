//! What each action does.

use crate::control::command::{Reshape, Wish};
use crate::control::message::ToEngine;
use crate::control::view::{Row, ViewKind};

use super::super::keymap::{Action, prices};
use super::super::model::{Drawer, List, Model, Pane, Pending, Question, Slot, Then, Tone, WINDOW, reshape};
use super::{
    Effect, conflict, deliveries, door, hooks, incidents, input, jump, lists, mapping, quota, refuse, send,
};

/// Does an action that is not blocked.
pub fn perform(model: &mut Model, action: Action) -> Vec<Effect> {
    use Action::*;
    let page = |model: &Model| {
        let rows = model.drawn.windows.get(&model.list()).map_or(10, |(_, rows)| *rows);
        isize::try_from(rows.max(2) - 1).unwrap_or(10)
    };
    match action {
        Down => step(model, 1),
        Up => step(model, -1),
        PageDown => step(model, page(model)),
        PageUp => step(model, -page(model)),
        Top => go(model, 0),
        Bottom => go(model, usize::MAX),
        NextProblem | PrevProblem => match model.next_problem(model.list(), action == PrevProblem) {
            Some(at) => go(model, at),
            None => Vec::new(),
        },
        Filter if model.active().slot().is_none() => jump::search(model),
        Filter => {
            model.in_drawer = false;
            lists::filter(model)
        }
        Open => open(model),
        Copy => copy(model),
        NextTile => jump::tile(model, 1),
        PrevTile => jump::tile(model, -1),
        Overview => jump::pane(model, Pane::Overview),
        Today => jump::pane(model, Pane::Today),
        Mapping => jump::pane(model, Pane::Mapping),
        Webhooks => jump::pane(model, Pane::Webhooks),
        Quota => jump::pane(model, Pane::Quota),
        Sync => jump::pane(model, Pane::Sync),
        Log => jump::pane(model, Pane::Log),
        OldestAlert => jump::alert(model),
        Zoom => {
            model.zoom = !model.zoom;
            Vec::new()
        }
        Create | CreateHere => mapping::create(model),
        Ignore | IgnoreHere => mapping::ignore(model),
        Unlink => mapping::unlink(model),
        MoveSent => mapping::move_sent(model),
        OlderDay => jump::day(model, 1),
        NewerDay => jump::day(model, -1),
        Link => mapping::link(model),
        Search => mapping::search(model),
        OtherTarget => mapping::other_target(model),
        Reenable => hooks::ask(model, "re-enable", action, |subscription| Wish::Enable { subscription }),
        Test => hooks::ask(model, "test with a ping", action, |subscription| Wish::Test { subscription }),
        Validate => hooks::ask(model, "validate", action, |subscription| Wish::Validate { subscription }),
        Disable => hooks::ask(model, "disable", action, |subscription| Wish::Disable { subscription }),
        Deliveries => lists::open(model, Drawer::Deliveries, Slot::Deliveries, ViewKind::Deliveries),
        Incidents => lists::open(model, Drawer::Incidents, Slot::Incidents, ViewKind::Incidents),
        Replay => deliveries::replay(model),
        ReplayShown => deliveries::replay_shown(model),
        OpenDelivery => deliveries::open(model),
        FilterDeliveries | FilterIncidents => lists::filter(model),
        Verify => deliveries::verify(model),
        MakeHook => {
            let Some(at) = reshape::account(model) else { return Vec::new() };
            let say = format!("make a subscription for {} · Enter does it", at.account);
            let service = model.service_of(&at.account);
            let price = model.up_to(prices::most(action, service, true), &at.account);
            let wish = Wish::Reshape { subscription: at, change: Reshape::Create };
            model.question = Some(Question { say, price, then: Then::Wish(Box::new(wish)) });
            Vec::new()
        }
        EditEvents => {
            let now = reshape::events(model);
            reshape::edit(model, &format!("events {now}"));
            model.select(List::Palette, 0);
            Vec::new()
        }
        RenameHook => {
            let now = model.selected_subscription().map(|s| s.description.clone()).unwrap_or_default();
            reshape::edit(model, &format!("rename {now}"));
            model.select(List::Palette, 0);
            Vec::new()
        }
        RotateSecret => {
            hooks::ask(model, "make a new secret for", action, |s| hooks::reshaped(s, Reshape::Rotate))
        }
        RestoreOurs => hooks::ask(model, "restore ours on", action, |s| hooks::reshaped(s, Reshape::Restore)),
        AdoptTheirs => hooks::ask(model, "take theirs on", action, |s| hooks::reshaped(s, Reshape::Adopt)),
        DeleteHook => hooks::ask(model, "delete for good", action, |s| hooks::reshaped(s, Reshape::Delete)),
        RevealSecret => {
            let Some(subscription) = model.selected_subscription().map(|s| s.at.clone()) else {
                return Vec::new();
            };
            wish(model, Wish::Reveal { subscription })
        }
        Pause => quota::pause(model),
        SendNow => quota::send_now(model),
        HourBefore => quota::hour(model, -1),
        HourAfter => quota::hour(model, 1),
        OnlyCause => quota::only(model),
        Retry => conflict::retry(model),
        KeepSource => conflict::ours(model),
        KeepTarget => conflict::theirs(model),
        ReadHookLog => hooks::ask(model, "read the log of 7 days of", action, |subscription| {
            Wish::ReadHookLog { subscription }
        }),
        SendHeld => decide(model, true),
        DropHeld => decide(model, false),
        TakeOver => wish(model, Wish::Take),
        Older => incidents::other(model, 1),
        Newer => incidents::other(model, -1),
        OpenIncident => incidents::timeline(model),
        Confirm => confirm(model),
        Refuse => {
            model.question = None;
            Vec::new()
        }
        StopEngine => match model.question.take() {
            Some(Question { then: Then::Leave, .. }) if model.started_engine => {
                vec![Effect::Quit { stop_engine: true }]
            }
            other => {
                model.question = other;
                Vec::new()
            }
        },
        StartEngine => door::start_engine(model),
        Undo => wish(model, Wish::Undo),
        Palette => input::open_palette(model, ""),
        Help => {
            model.help = true;
            model.select(List::Help, 0);
            Vec::new()
        }
        Back => back(model),
        Repaint => vec![Effect::Repaint],
        Suspend => vec![Effect::Suspend],
        Quit => leave(model),
    }
}

/// Moves the selection.
pub fn step(model: &mut Model, by: isize) -> Vec<Effect> {
    let at = model.selected(model.list()).saturating_add_signed(by);
    go(model, at)
}

/// Selects a row of the list that has the keys.
pub fn go(model: &mut Model, index: usize) -> Vec<Effect> {
    let list = model.list();
    model.notice = None;
    model.select(list, index);
    if list == List::Drawer {
        if let Some(slot) = lists::listed(model) {
            return send(model.views.follow(slot, model.selected(list)));
        }
        return mapping::moved(model);
    }
    let mut effects = Vec::new();
    if let Some(slot) = model.active().slot() {
        effects.extend(send(model.views.follow(slot, model.selected(list))));
    }
    if model.drawer.is_some() {
        effects.extend(open_drawer(model));
    }
    effects
}

/// Sends a dry run; its price becomes the question whose yes sends the real one.
pub fn ask(model: &mut Model, dry: Wish, real: Wish) -> Vec<Effect> {
    let command = model.command(dry, Pending::Ask(Box::new(real)));
    vec![Effect::Send(ToEngine::Command(command))]
}

/// A command without an answer to wait for on the screen.
pub fn wish(model: &mut Model, wish: Wish) -> Vec<Effect> {
    if !model.is_live() {
        return refuse(model, "the engine is not connected; keys that change things wait");
    }
    let command = model.command(wish, Pending::Change);
    vec![Effect::Send(ToEngine::Command(command))]
}

fn open(model: &mut Model) -> Vec<Effect> {
    if model.in_drawer {
        return Vec::new();
    }
    // From the lower tiles the full pane opens with the same row; from there its drawer.
    if model.tiled() && model.tile != Pane::Today {
        return jump::from_overview(model, model.tile);
    }
    let effects = open_drawer(model);
    model.in_drawer = model.drawer.is_some();
    effects
}

/// Opens the drawer of the selected row, or changes the open one to it.
pub fn open_drawer(model: &mut Model) -> Vec<Effect> {
    model.notice = None;
    let list = model.active().list();
    model.hold_opened(list);
    let detail = |model: &mut Model, key: crate::domain::id::Key| {
        send(model.views.ensure(Slot::Detail, ViewKind::Detail { key }, WINDOW))
    };
    let drawer = match (list, model.selected_row(list).cloned()) {
        (_, Some(Row::Entry(line))) => {
            let title = if line.description.is_empty() { line.project } else { line.description };
            let effects = detail(model, line.key.clone());
            (Drawer::Entry { key: line.key, title }, effects)
        }
        (_, Some(Row::Sync(line))) => {
            let effects = detail(model, line.key.clone());
            (Drawer::Entry { key: line.key, title: line.description }, effects)
        }
        (_, Some(Row::Log(line))) => {
            let effects = match line.key {
                Some(key) => detail(model, key),
                None => send(model.views.close(Slot::Detail)),
            };
            (Drawer::Said { seq: line.seq, say: line.say }, effects)
        }
        (_, Some(Row::Project(line))) => return mapping::open(model, &line),
        (List::Webhooks, _) => {
            let Some(of) = model.selected_subscription().map(|s| s.at.clone()) else { return Vec::new() };
            (Drawer::Incident { of, at: 0 }, Vec::new())
        }
        (List::Quota, _) => {
            let Some(id) = model.shown_bucket() else { return Vec::new() };
            return quota::open(model, id);
        }
        _ => return Vec::new(),
    };
    model.drawer = Some(drawer.0);
    model.cursors.remove(&List::Drawer);
    drawer.1
}

fn copy(model: &mut Model) -> Vec<Effect> {
    let list = model.list();
    let text = match (list, &model.drawer) {
        (List::Drawer, _) if deliveries::copied(model).is_some() => deliveries::copied(model),
        (List::Drawer, Some(Drawer::Said { say, .. })) => Some(say.clone()),
        (List::Drawer, Some(Drawer::Ledger { .. })) => model
            .selected_request()
            .map(|r| format!("{}\t{}\t{}\t{}", r.at.to_rfc3339(), r.cause, r.asked, r.answer)),
        (List::Drawer, _) => match model.views.row(Slot::Detail, model.selected(list)) {
            Some(Row::Detail(line)) => Some(line.value.clone()),
            _ => match model.selected_incident() {
                Some(row) => Some(format!("{}\t{}\t{}", row.opened_at.to_rfc3339(), row.kind, row.cause)),
                None => model.step(model.selected(list)).map(|step| step.answer.clone()),
            },
        },
        _ => match model.selected_row(list) {
            Some(Row::Entry(e)) => {
                Some(format!("{}\t{}\t{}", e.start.to_rfc3339(), e.project, e.description))
            }
            Some(Row::Project(p)) => Some(p.source.name.clone()),
            Some(Row::Sync(s)) => Some(format!("{}\t{}\t{}", s.key, s.word, s.description)),
            Some(Row::Log(l)) => Some(format!("{}\t{}", l.at.to_rfc3339(), l.say)),
            _ if list == List::Webhooks => model.selected_subscription().map(|s| s.address.clone()),
            _ => model.id_at(list, model.selected(list)),
        },
    };
    match text {
        Some(text) => {
            model.say(Tone::Said, "sent to the terminal's clipboard");
            vec![Effect::Copy(super::super::text::safe(&text).into_owned())]
        }
        None => refuse(model, "there is nothing to copy here"),
    }
}

fn back(model: &mut Model) -> Vec<Effect> {
    // What was said was said of what is left now.
    model.notice = None;
    if let Some(effects) = lists::back(model).or_else(|| quota::back(model)) {
        return effects;
    }
    let preview = jump::has_preview(model);
    if model.in_drawer || (model.drawer.is_some() && !preview) {
        model.in_drawer = false;
        model.drawer = None;
        model.cursors.remove(&List::Drawer);
        use Slot::{Candidates, Deliveries, Detail, Incidents, Requests};
        let over = [Detail, Candidates, Deliveries, Requests, Incidents];
        let closed: Vec<ToEngine> = over.into_iter().flat_map(|slot| model.views.close(slot)).collect();
        let mut effects = send(closed);
        if preview {
            effects.extend(open_drawer(model));
        }
        return effects;
    }
    if model.active() == Pane::Today && model.day.take().is_some() {
        return go(model, 0);
    }
    if let Some(slot) = model.active().slot()
        && !model.views.filter(slot).is_empty()
    {
        return lists::set_filter(model, "");
    }
    if let Some(pane) = model.came_from.take() {
        model.drawer = None;
        model.pane = pane;
    } else if model.zoom {
        model.zoom = false;
    }
    Vec::new()
}

/// Leaves, or asks first where this viewer started the engine.
pub fn leave(model: &mut Model) -> Vec<Effect> {
    let asked = matches!(&model.question, Some(q) if q.then == Then::Leave);
    if !model.started_engine || !model.is_live() || asked {
        return vec![Effect::Quit { stop_engine: false }];
    }
    let say = "leave · Enter keeps the engine running · s stops it: three failed deliveries \
               disable the webhook, what is missed is read afterwards";
    model.question = Some(Question { say: say.to_owned(), price: String::new(), then: Then::Leave });
    Vec::new()
}

fn confirm(model: &mut Model) -> Vec<Effect> {
    match model.question.take().map(|q| q.then) {
        Some(Then::Wish(asked)) => {
            let makes = matches!(*asked, Wish::CreateProject { .. });
            let mut effects = wish(model, *asked);
            // What was picked for is decided; its candidates and their prices are of no use any more.
            if makes && matches!(model.drawer, Some(Drawer::Picker(_))) {
                effects.extend(mapping::close(model));
            }
            effects
        }
        Some(Then::Leave) => vec![Effect::Quit { stop_engine: false }],
        None => Vec::new(),
    }
}

/// Asks what sending or dropping the held change takes; a yes does it.
pub fn decide(model: &mut Model, send: bool) -> Vec<Effect> {
    let Some(hold) = model.hold() else { return Vec::new() };
    let made = |dry| Wish::Decide { hold: hold.id.clone(), send, dry };
    let (dry, real) = (made(true), made(false));
    ask(model, dry, real)
}

/// Runs the choice under the palette's cursor.
pub fn run_choice(model: &mut Model) -> Vec<Effect> {
    use super::super::model::Run;
    let at = model.selected(List::Palette);
    let Some(choice) = model.palette.take().and_then(|p| p.choices.into_iter().nth(at)) else {
        return refuse(model, "no command fits");
    };
    match choice.run {
        Run::Action(action) => input::perform(model, action),
        Run::Wish(made) => wish(model, *made),
        Run::Ask(dry, real) => {
            if !model.is_live() {
                return refuse(model, "the engine is not connected; keys that change things wait");
            }
            ask(model, *dry, *real)
        }
        Run::Theme(theme) => {
            model.theme = theme;
            let name = model.themes.get(theme).map(|t| t.name.clone()).unwrap_or_default();
            model.say(Tone::Said, format!("theme {name}"));
            vec![Effect::SaveTheme(name)]
        }
        Run::Mouse => {
            model.mouse = !model.mouse;
            vec![Effect::Mouse(model.mouse)]
        }
    }
}
