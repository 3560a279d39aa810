//! Attends to viewers: their first snapshot and pages, then only what changed. The engine never waits for a viewer:
//! one that does not read is dropped and has to attach again.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::control::command::{Command, Wish};
use crate::control::link::EngineEnd;
use crate::control::message::{FromEngine, PROTOCOL, ToEngine};
use crate::control::snapshot::Snapshot;
use crate::control::view::{Delta, Open, Page, Row};

use super::Shared;
use super::commands;
use super::lobby::{Author, Notice};
use super::views::{self, Rows};

/// Changes are told at most this often.
const COALESCE: Duration = Duration::from_millis(50);
/// What changes by the clock alone is looked at this often.
const AGES: Duration = Duration::from_secs(10);
/// A view that takes long to make may take this share of the time, as one part of so many.
const SHARE: u32 = 10;
/// Views of one viewer at most.
const VIEWS: usize = 32;

/// The viewer does not read, or left.
struct Gone;

/// Attends to arrivals until the engine stops.
pub async fn run(engine: Shared, mut arrivals: mpsc::Receiver<EngineEnd>) {
    let mut viewers = JoinSet::new();
    let mut open = true;
    while open || !viewers.is_empty() {
        tokio::select! { biased;
            () = engine.stop.cancelled() => break,
            arrived = arrivals.recv(), if open => match arrived {
                Some(end) => {
                    viewers.spawn(attend(engine.clone(), end));
                }
                None => open = false,
            },
            Some(_) = viewers.join_next(), if !viewers.is_empty() => {}
        }
    }
    // Whoever was let in a moment ago hears the goodbye too: without it the engine looks as if it had fallen.
    arrivals.close();
    while let Some(end) = arrivals.recv().await {
        viewers.spawn(attend(engine.clone(), end));
    }
    while viewers.join_next().await.is_some() {}
}

async fn attend(engine: Shared, end: EngineEnd) {
    let EngineEnd { mut from_viewer, to_viewer } = end;
    let mut changed = engine.changed.subscribe();
    let mut notices = engine.lobby.hear();
    let by = Author { name: String::new(), seat: engine.lobby.seat() };
    let mut viewer =
        Viewer { engine, to: to_viewer, by, greeted: false, shown: None, views: BTreeMap::new() };
    let stop = viewer.engine.stopping();
    let mut due: Option<Instant> = None;
    let mut told = Instant::now() - COALESCE;
    loop {
        let ages = tokio::time::sleep(AGES);
        let went = tokio::select! { biased;
            () = stop.cancelled() => {
                let ended = viewer.engine.state().ended.clone();
                if let Some(say) = ended.filter(|_| viewer.greeted) {
                    let at = viewer.engine.seams.now();
                    let _ = viewer.to.try_send(FromEngine::Notice { at, say, id: None });
                }
                // Whoever reads hears it; for others the closed channel says the same.
                let _ = viewer.to.try_send(FromEngine::Bye);
                return;
            }
            message = from_viewer.recv() => match message {
                Some(message) => {
                    let mut waiting = VecDeque::from([message]);
                    while let Ok(message) = from_viewer.try_recv() {
                        waiting.push_back(message);
                    }
                    viewer.take_all(waiting).await
                }
                None => Err(Gone),
            },
            Ok(notice) = notices.recv() => viewer.hear(notice),
            Ok(()) = changed.changed(), if due.is_none() => {
                due = Some((told + COALESCE).max(Instant::now()));
                Ok(())
            }
            () = tokio::time::sleep_until(due.unwrap_or(told)), if due.is_some() => {
                told = Instant::now();
                let again = viewer.refresh().await;
                due = again.as_ref().ok().copied().flatten();
                again.map(|_| ())
            }
            () = ages, if due.is_none() => {
                due = Some(Instant::now());
                Ok(())
            }
        };
        if went.is_err() {
            return;
        }
    }
}

/// An open view and what its viewer has of it.
struct Shown {
    open: Open,
    rev: u64,
    rows: Rows,
    /// Not made again before this: long lists may take their share of the time, not more.
    rest: Instant,
}

struct Viewer {
    engine: Shared,
    to: mpsc::Sender<FromEngine>,
    by: Author,
    greeted: bool,
    shown: Option<Arc<Snapshot>>,
    views: BTreeMap<u32, Shown>,
}

impl Viewer {
    fn send(&self, message: FromEngine) -> Result<(), Gone> {
        self.to.try_send(message).map_err(|_| {
            tracing::debug!(viewer = %self.by.name, "a viewer does not read or left; it is dropped");
            Gone
        })
    }

    /// Takes what has come; a view that was closed or asked for anew meanwhile is not made in vain.
    async fn take_all(&mut self, mut waiting: VecDeque<ToEngine>) -> Result<(), Gone> {
        while let Some(message) = waiting.pop_front() {
            if let ToEngine::Open(open) = &message
                && waiting.iter().any(|later| is_over(open, later))
            {
                continue;
            }
            self.take(message).await?;
        }
        Ok(())
    }

    async fn take(&mut self, message: ToEngine) -> Result<(), Gone> {
        match message {
            ToEngine::Hello { protocol, version, viewer } => self.greet(protocol, &version, viewer),
            _ if !self.greeted => {
                let reason = "the first message is no hello; attach with `hourwire`".into();
                self.send(FromEngine::Refused { reason, protocol: None })?;
                Err(Gone)
            }
            ToEngine::Open(open) => self.open(open).await,
            ToEngine::Close { view } => {
                self.views.remove(&view);
                Ok(())
            }
            ToEngine::Command(command) => self.command(command),
            ToEngine::Resync => {
                self.shown = None;
                self.snapshot()?;
                let open: Vec<Open> = self.views.values().map(|v| v.open.clone()).collect();
                for open in open {
                    self.open(open).await?;
                }
                Ok(())
            }
        }
    }

    fn greet(&mut self, protocol: u32, version: &str, name: String) -> Result<(), Gone> {
        let ours = env!("CARGO_PKG_VERSION");
        if protocol != PROTOCOL {
            let older = if protocol < PROTOCOL {
                format!("this program ({version}) is older than the running engine ({ours}): update it")
            } else {
                format!(
                    "the running engine ({ours}) is older than this program ({version}): restart the engine"
                )
            };
            self.send(FromEngine::Refused { reason: older, protocol: Some(PROTOCOL) })?;
            return Err(Gone);
        }
        self.greeted = true;
        self.by.name = name;
        self.send(FromEngine::Welcome { protocol: PROTOCOL, version: ours.into() })?;
        self.snapshot()
    }

    fn hear(&self, notice: Notice) -> Result<(), Gone> {
        if !self.greeted || notice.seat.as_ref().is_some_and(|seat| *seat != self.by.seat) {
            return Ok(());
        }
        self.send(FromEngine::Notice { at: notice.at, say: notice.say, id: notice.id })
    }

    fn command(&mut self, command: Command) -> Result<(), Gone> {
        let stops = command.wish == Wish::StopEngine;
        let id = command.id.clone();
        let reply = commands::run(&self.engine, &self.by, command);
        self.send(FromEngine::Reply { id, reply })?;
        if stops {
            self.engine.stop();
        }
        Ok(())
    }

    async fn open(&mut self, open: Open) -> Result<(), Gone> {
        if self.views.len() >= VIEWS && !self.views.contains_key(&open.view) {
            let say = format!("more than {VIEWS} views are open; close one first");
            return self.send(FromEngine::Notice { at: self.engine.seams.now(), say, id: None });
        }
        let rev = self.views.get(&open.view).map_or(1, |v| v.rev + 1);
        let began = Instant::now();
        // Before the cache answers a page is empty; the first change after it fills it.
        let rows = self.rows(&open).await.unwrap_or_default();
        let rest = Instant::now() + began.elapsed() * SHARE;
        self.send(FromEngine::Page(page(open.view, rev, &rows)))?;
        self.views.insert(open.view, Shown { open, rev, rows, rest });
        Ok(())
    }

    /// The rows of a view; `None` while the cache does not answer.
    async fn rows(&self, open: &Open) -> Option<Rows> {
        if !*self.engine.ready.borrow() {
            return None;
        }
        match views::rows(&self.engine, open).await {
            Ok(rows) => Some(rows),
            Err(e) => {
                tracing::debug!(error = %e, "a view waits for the cache");
                None
            }
        }
    }

    fn snapshot(&mut self) -> Result<(), Gone> {
        let fresh = self.engine.show();
        if self.shown.as_ref().is_some_and(|old| is_same(old, &fresh)) {
            return Ok(());
        }
        self.send(FromEngine::Snapshot(Box::new((*fresh).clone())))?;
        self.shown = Some(fresh);
        Ok(())
    }

    /// Tells what changed; answers when to look again, if something was left for later.
    async fn refresh(&mut self) -> Result<Option<Instant>, Gone> {
        if !self.greeted {
            return Ok(None);
        }
        self.snapshot()?;
        let now = Instant::now();
        let mut again: Option<Instant> = None;
        let mut views = std::mem::take(&mut self.views);
        for shown in views.values_mut() {
            if shown.rest > now {
                again = Some(again.map_or(shown.rest, |t| t.min(shown.rest)));
                continue;
            }
            let began = Instant::now();
            let Some(rows) = self.rows(&shown.open).await else { continue };
            shown.rest = Instant::now() + began.elapsed() * SHARE;
            if let Some(message) = change(shown, &rows) {
                self.send(message)?;
                shown.rev += 1;
                shown.rows = rows;
            }
        }
        self.views = views;
        Ok(again)
    }
}

/// Whether a later message makes the answer to an opening useless.
fn is_over(open: &Open, later: &ToEngine) -> bool {
    match later {
        ToEngine::Close { view } => *view == open.view,
        ToEngine::Open(other) => other.view == open.view,
        _ => false,
    }
}

fn page(view: u32, rev: u64, rows: &Rows) -> Page {
    Page {
        view,
        rev,
        total: rows.total as u32,
        unfiltered: rows.unfiltered as u32,
        offset: rows.offset as u32,
        rows: rows.lines.clone(),
    }
}

/// What to tell a viewer that has the old rows; `None` when nothing changed.
fn change(shown: &Shown, new: &Rows) -> Option<FromEngine> {
    let (old, rev) = (&shown.rows, shown.rev + 1);
    if old == new {
        return None;
    }
    if old.offset != new.offset {
        return Some(FromEngine::Page(page(shown.open.view, rev, new)));
    }
    let (at, remove, insert) = difference(&old.lines, &new.lines);
    Some(FromEngine::Delta(Delta {
        view: shown.open.view,
        rev,
        total: new.total as u32,
        unfiltered: new.unfiltered as u32,
        at: at as u32,
        remove: remove as u32,
        insert: insert.to_vec(),
    }))
}

/// The stretch between the common beginning and the common end.
fn difference<'a>(old: &[Row], new: &'a [Row]) -> (usize, usize, &'a [Row]) {
    let at = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    let (old, new) = (&old[at..], &new[at..]);
    let end = old.iter().rev().zip(new.iter().rev()).take_while(|(a, b)| a == b).count();
    (at, old.len() - end, &new[..new.len() - end])
}

/// Whether two snapshots say the same; when they were made does not count.
fn is_same(old: &Arc<Snapshot>, new: &Arc<Snapshot>) -> bool {
    Arc::ptr_eq(old, new) || Snapshot { rev: new.rev, now: new.now, ..(**old).clone() } == **new
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::view::DetailLine;
    use proptest::prelude::*;

    fn rows(letters: &[u8]) -> Vec<Row> {
        let row = |l: &u8| DetailLine { label: l.to_string(), value: String::new(), why: String::new() };
        letters.iter().map(|l| Row::Detail(row(l))).collect()
    }

    proptest! {
        #[test]
        fn a_difference_makes_the_new_from_the_old(
            old in prop::collection::vec(0u8..3, 0..12),
            new in prop::collection::vec(0u8..3, 0..12),
        ) {
            let (old, new) = (rows(&old), rows(&new));
            let (at, remove, insert) = difference(&old, &new);
            let mut made = old.clone();
            made.splice(at..at + remove, insert.iter().cloned());
            prop_assert_eq!(&made, &new);
            if old == new { prop_assert_eq!((remove, insert.len()), (0, 0)); }
        }
    }
}
