//! Deliveries kept raw, with what became of them, dead letters and what was refused at the door among them. From the
//! index alone: no body is read for a list.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use crate::cache::rows;
use crate::control::view::{DeliveryLine, Row};
use crate::engine::Engine;
use crate::engine::black_box::{Index, Kept, Line};
use crate::engine::desk::Desked;
use crate::engine::intake::DeadLetter;
use crate::engine::state::State;

use super::sought::Sought;
use super::{Ask, Rows, refused};

/// Of a body that has no other words so much is shown.
const START: usize = 160;

/// The dead letters by their place.
pub fn dead(state: &State) -> Desked<BTreeMap<u64, DeadLetter>> {
    let mut dead = BTreeMap::new();
    state.desk.scan(rows::deads(), usize::MAX, &mut |_, value| {
        if let Ok(letter) = rows::decode::<DeadLetter>(value) {
            dead.insert(letter.seq, letter);
        }
        ControlFlow::Continue(())
    })?;
    Ok(dead)
}

/// The window, newest first.
pub fn rows(engine: &Engine, state: &State, ask: &Ask) -> Desked<Rows> {
    let dead = dead(state)?;
    let index = engine.black_box.index();
    let extra = extra(engine, &index, &dead);
    let unfiltered = index.lines.len() + extra.len();
    let sought = Sought::of(state, &index, ask);
    let takes = |line: &Line| sought.takes(line, dead.get(&line.seq));
    // Both lists are in order already; what is not shown is never made.
    let mut kept = index.lines.iter().rev().filter(|line| takes(line)).peekable();
    let mut extra = extra.iter().filter(|line| sought.takes_other(line)).peekable();
    let mut shown: Vec<Shown<'_>> = Vec::new();
    loop {
        match (kept.peek(), extra.peek()) {
            (Some(line), Some(other)) if other.at > line.at => shown.extend(extra.next().map(Shown::Extra)),
            (Some(_), _) => shown.extend(kept.next().map(Shown::Kept)),
            (None, Some(_)) => shown.extend(extra.next().map(Shown::Extra)),
            (None, None) => break,
        }
    }
    let total = shown.len();
    let offset = ask.start(total);
    let lines = shown.into_iter().skip(offset).take(ask.rows).map(|one| match one {
        Shown::Kept(line) => Row::Delivery(of(line, dead.get(&line.seq))),
        Shown::Extra(line) => Row::Delivery(line.clone()),
    });
    Ok(Rows { total, unfiltered, offset, lines: lines.collect() })
}

enum Shown<'a> {
    Kept(&'a Line),
    Extra(&'a DeliveryLine),
}

/// Dead letters that outlived their delivery, and what was refused at the door; newest first.
fn extra(engine: &Engine, index: &Index, dead: &BTreeMap<u64, DeadLetter>) -> Vec<DeliveryLine> {
    let oldest = index.lines.first().map_or(u64::MAX, |line| line.seq);
    let mut extra: Vec<DeliveryLine> = dead
        .values()
        .filter(|letter| letter.seq < oldest)
        .map(|letter| DeliveryLine {
            seq: Some(letter.seq),
            refused: None,
            at: letter.at,
            verdict: "dead".into(),
            reason: letter.reason.clone(),
            about: String::new(),
            summary: start(&letter.body),
        })
        .collect();
    extra.extend(refused::all(engine).iter().map(|one| DeliveryLine {
        seq: None,
        refused: Some(one.number),
        at: one.at,
        verdict: "rejected".into(),
        reason: one.reason.into(),
        about: one.hook.clone(),
        summary: start(&String::from_utf8_lossy(&one.body[..one.body.len().min(4 * START)])),
    }));
    extra.sort_by_key(|line| std::cmp::Reverse(line.at));
    extra
}

fn start(body: &str) -> String {
    body.chars().take(START).collect()
}

/// What became of a delivery, in a word.
pub fn word(line: &Line, dead: bool) -> &'static str {
    match line.kept {
        _ if dead => "dead",
        Kept::Ping => "ping",
        Kept::Copy => "duplicate",
        Kept::Event | Kept::Unread => "accepted",
    }
}

fn of(line: &Line, dead: Option<&DeadLetter>) -> DeliveryLine {
    let copied = (line.kept == Kept::Copy).then_some(line.before).flatten();
    DeliveryLine {
        seq: Some(line.seq),
        refused: None,
        at: line.at,
        verdict: word(line, dead.is_some()).into(),
        reason: match (dead, copied) {
            (Some(letter), _) => letter.reason.clone(),
            (None, Some(first)) => format!("the event of {first} again"),
            (None, None) => String::new(),
        },
        about: line.about.to_string(),
        summary: line.summary.to_string(),
    }
}
