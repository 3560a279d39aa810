//! What comes through the door: snapshots, pages, answers, and the door itself opening and closing.

use crate::control::command::Reply;
use crate::control::message::{FromEngine, PROTOCOL, ToEngine};
use crate::control::view::{LinkWord, Row, ViewKind};

use super::super::model::{
    Connection, Drawer, List, Model, Pane, Pending, Question, Slot, Then, Tone, WINDOW,
};
use super::mapping::{ask_price, price_again};
use super::{Effect, act, send};

/// Rows of the day's entries for the timeline.
const LANE_ROWS: u32 = 200;

/// The engine was reached: say hello and ask for all that is shown.
pub fn connected(model: &mut Model) -> Vec<Effect> {
    model.connection = Connection::Live;
    model.started_engine |= model.revival.under_way;
    model.revival.up(model.now);
    model.pending.clear();
    let hello = ToEngine::Hello {
        protocol: PROTOCOL,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        viewer: "dashboard".to_owned(),
    };
    let mut messages = vec![hello];
    messages.extend(model.views.reopen());
    messages.extend(model.views.ensure(Slot::Entries, ViewKind::Entries, WINDOW));
    messages.extend(model.views.ensure(Slot::Lanes, ViewKind::Entries, LANE_ROWS));
    messages.extend(model.views.ensure(Slot::Mapping, ViewKind::Mapping, WINDOW));
    messages.extend(open_pane(model));
    send(messages)
}

/// Opens the view of the pane shown, if it is not open.
pub fn open_pane(model: &mut Model) -> Vec<ToEngine> {
    if !model.is_live() {
        return Vec::new();
    }
    match model.active() {
        Pane::Sync => model.views.ensure(Slot::Sync, ViewKind::Sync, WINDOW),
        Pane::Log => model.views.ensure(Slot::Log, ViewKind::Log, WINDOW),
        _ => Vec::new(),
    }
}

/// The engine can't be reached; one that only screens look after is started again.
pub fn closed(model: &mut Model, retry_s: u64, why: String) -> Vec<Effect> {
    let starts = model.revival.down(model.now, model.keeps_engine(), &why);
    disconnected(model, retry_s, why);
    if starts { vec![Effect::StartEngine] } else { Vec::new() }
}

/// A person starts the engine that is gone.
pub fn start_engine(model: &mut Model) -> Vec<Effect> {
    model.revival.asked();
    model.notice = None;
    vec![Effect::StartEngine]
}

/// The door closed.
fn disconnected(model: &mut Model, retry_s: u64, why: String) {
    let since = match &model.connection {
        Connection::Lost { since, .. } => *since,
        _ => model.now,
    };
    model.pending.clear();
    model.question = None;
    model.connection = Connection::Lost { since, retry_s, why };
}

/// One message.
pub fn message(model: &mut Model, message: FromEngine) -> Vec<Effect> {
    match message {
        FromEngine::Welcome { .. } => Vec::new(),
        FromEngine::Refused { reason, .. } => {
            model.say(Tone::Trouble, reason.clone());
            disconnected(model, 0, reason);
            Vec::new()
        }
        FromEngine::Snapshot(snapshot) => {
            model.snapshot = Some(*snapshot);
            model.settle();
            model.follow_hook();
            price_again(model)
        }
        FromEngine::Page(page) => {
            let taken = model.views.take_page(page);
            changed(model, taken)
        }
        FromEngine::Delta(delta) => match model.views.take_delta(delta) {
            Ok(taken) => changed(model, taken),
            Err(messages) => send(messages),
        },
        FromEngine::Reply { id, reply } => answer(model, &id, reply),
        FromEngine::Notice { say, .. } => {
            model.say(Tone::Said, say);
            Vec::new()
        }
        FromEngine::Bye => {
            let why = "the engine said goodbye".to_owned();
            model.revival.bye();
            disconnected(model, 0, why);
            Vec::new()
        }
    }
}

fn changed(model: &mut Model, taken: Option<(Slot, Vec<String>)>) -> Vec<Effect> {
    let Some((slot, fresh)) = taken else { return Vec::new() };
    if slot != Slot::Lanes {
        model.fresh.extend(fresh);
    }
    let mut effects = Vec::new();
    match slot {
        Slot::Candidates => {
            model.rank();
            model.settle();
            effects.extend(ask_price(model));
        }
        Slot::Mapping => {
            model.settle();
            effects.extend(look_for_best(model));
            effects.extend(price_again(model));
        }
        _ => model.settle(),
    }
    // A selection that is not loaded any more needs its window.
    let list = model.active().list();
    if let Some(slot) = model.active().slot() {
        effects.extend(send(model.views.follow(slot, model.selected(list))));
    }
    effects
}

/// Keeps the best candidate of the first unmapped project at hand for the Overview.
fn look_for_best(model: &mut Model) -> Vec<Effect> {
    let (_, rows) = model.views.rows(Slot::Mapping);
    let first = rows.iter().find_map(|row| match row {
        Row::Project(line) => {
            let target = line.links.iter().position(|l| matches!(l, LinkWord::Unmapped))?;
            Some((line.source.clone(), target))
        }
        _ => None,
    });
    let wanted = first.and_then(|(source, at)| {
        let target = model.targets().get(at)?.account.clone();
        Some(ViewKind::Candidates { source, target })
    });
    match wanted {
        Some(kind) => send(model.views.ensure(Slot::Best, kind, 1)),
        None => send(model.views.close(Slot::Best)),
    }
}

fn answer(model: &mut Model, id: &str, reply: Reply) -> Vec<Effect> {
    let pending = model.pending.remove(id);
    match (reply, pending) {
        (Reply::Price(price), Some(Pending::Price(candidate))) => {
            if let Some(Drawer::Picker(picker)) = &mut model.drawer {
                picker.price = Some((candidate, price));
                picker.asked = None;
            }
        }
        (Reply::Price(price), Some(Pending::Ask(wish))) => {
            // What costs nothing has no price.
            let cost = if price.requests == 0 { String::new() } else { price.cost() };
            model.question = Some(Question { say: price.say, price: cost, then: Then::Wish(wish) });
        }
        (Reply::Done { .. } | Reply::Failed { .. }, Some(Pending::Quiet)) => {}
        (Reply::Price(price), _) => model.say(Tone::Price, price.say),
        (Reply::Accepted, Some(pending)) => {
            model.pending.insert(id.to_owned(), pending);
        }
        (Reply::Accepted, None) => {}
        (Reply::Done { say }, Some(Pending::Then(next))) => {
            model.say(Tone::Said, say);
            let (dry, real) = *next;
            return act::ask(model, dry, real);
        }
        (Reply::Done { say }, _) => model.say(Tone::Said, say),
        (Reply::Failed { reason }, pending) => {
            if let (Some(Pending::Price(_)), Some(Drawer::Picker(picker))) = (pending, &mut model.drawer) {
                picker.asked = None;
            }
            model.say(Tone::Trouble, reason);
        }
    }
    if matches!(model.drawer, Some(Drawer::Picker(_))) {
        model.cursors.entry(List::Drawer).or_default();
    }
    Vec::new()
}
