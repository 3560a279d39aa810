//! The index of the deliveries kept raw: what each is about and what to find it by, in memory, made from the inbox
//! alone. The bodies stay on the disk. It decides nothing and changes nothing.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};

use crate::domain::announced::{About, Action, Announced};
use crate::domain::clockify_hook::Subject;
use crate::domain::delivery::Delivered;
use crate::domain::id::RemoteId;
use crate::journal::Stored;
use crate::services::clockify;
use crate::services::toggl::delivery;

use super::desk::{DeskError, Desked};
use super::{Engine, Shared};

/// Deliveries indexed between two breaths of the engine.
const PIECE: usize = 64;
/// Of a description so much is kept for finding and showing.
const DESCRIPTION: usize = 120;

/// What became of a delivery at the door and in intake, as far as the inbox tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// An event.
    Event,
    /// An event that a delivery before it had brought.
    Copy,
    /// A PING.
    Ping,
    /// It cannot be read as any of these.
    Unread,
}

/// A delivery in the index.
#[derive(Clone, Debug)]
pub struct Line {
    /// Its place in the inbox.
    pub seq: u64,
    /// When it came.
    pub at: DateTime<Utc>,
    /// What it is.
    pub kept: Kept,
    /// `time_entry updated`; empty for a PING.
    pub about: Box<str>,
    /// The entity's id and, for entries, its description; what a list shows.
    pub summary: Box<str>,
    /// The first delivery of the same event, or the one before it about the same entity.
    pub before: Option<u64>,
}

/// The index.
#[derive(Default)]
pub struct BlackBox(Mutex<Index>);

/// What is indexed, oldest first.
#[derive(Default)]
pub struct Index {
    /// The lines.
    pub lines: Vec<Line>,
    next: u64,
    events: HashMap<(RemoteId, u64), u64>,
    newest: HashMap<(Box<str>, RemoteId), u64>,
}

impl Index {
    /// A delivery by its place.
    pub fn line(&self, seq: u64) -> Option<&Line> {
        let at = self.lines.binary_search_by_key(&seq, |line| line.seq).ok()?;
        self.lines.get(at)
    }

    fn add(&mut self, stored: &Stored) {
        self.next = stored.seq + 1;
        let line = self.read(stored);
        self.lines.push(line);
    }

    fn read(&mut self, stored: &Stored) -> Line {
        let at = DateTime::from_timestamp_nanos(stored.unix_ns);
        let mut line = Line {
            seq: stored.seq,
            at,
            kept: Kept::Unread,
            about: "".into(),
            summary: "".into(),
            before: None,
        };
        let Some(delivered) = Delivered::decode(&stored.payload) else { return line };
        line.at = delivered.received_at;
        if let Some((_, event)) = delivered.hook.split_once('/') {
            self.read_news(&mut line, event, &delivered.body);
            return line;
        }
        let Ok(announced) = delivery::parse(&delivered.body) else { return line };
        if let About::Ping { code } = &announced.about {
            line.kept = Kept::Ping;
            line.summary = if code.is_some() { "validation".into() } else { "".into() };
            return line;
        }
        line.kept = Kept::Event;
        line.about = about(&announced).into();
        let (id, what) = subject(&announced);
        line.summary = format!("{id} {what}").trim_end().into();
        let event = (announced.subscription.clone(), announced.event_id);
        if let Some(first) = self.events.get(&event) {
            line.kept = Kept::Copy;
            line.before = Some(*first);
            return line;
        }
        self.events.insert(event, stored.seq);
        let model: Box<str> = line.about.split(' ').next().unwrap_or_default().into();
        line.before = self.newest.insert((model, id), stored.seq);
        line
    }

    /// A delivery of a target: it has no number, so none is a copy for sure.
    fn read_news(&mut self, line: &mut Line, event: &str, body: &[u8]) {
        let Ok(news) = clockify::delivery::parse(event, body) else { return };
        let (id, name) = match &news.subject {
            Subject::Entry { id, read } => {
                (id.clone(), read.as_ref().map(|read| read.description.clone()).unwrap_or_default())
            }
            Subject::Item { id, item, .. } => {
                (id.clone(), item.as_ref().map(|item| item.name.clone()).unwrap_or_default())
            }
            Subject::Other { .. } => (RemoteId::default(), String::new()),
        };
        line.kept = Kept::Event;
        let entry = news.event.is_entry();
        let about = if entry { format!("clockify {}", news.event.short()) } else { event.to_lowercase() };
        line.about = about.into();
        let name: String = name.chars().take(DESCRIPTION).collect();
        line.summary = format!("{name} {id}").trim().into();
        line.before = self.newest.insert(("clockify".into(), id), line.seq);
    }

    /// Forgets what the inbox does not hold any more.
    fn forget(&mut self, oldest: u64) {
        let gone = self.lines.partition_point(|line| line.seq < oldest);
        if gone > 0 {
            self.lines.drain(..gone);
            self.events.retain(|_, seq| *seq >= oldest);
            self.newest.retain(|_, seq| *seq >= oldest);
        }
    }
}

impl BlackBox {
    /// The index as it is.
    pub fn index(&self) -> MutexGuard<'_, Index> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Indexes some of what came since the last time; false when there is nothing new.
fn step(engine: &Engine) -> Desked<bool> {
    let from = engine.black_box.index().next.max(1);
    let stored = engine.inbox.read_from(from, PIECE).map_err(DeskError::from)?;
    let mut index = engine.black_box.index();
    for one in &stored {
        index.add(one);
    }
    Ok(!stored.is_empty())
}

/// Forgets what the inbox has let go.
pub fn forget(engine: &Engine) {
    let oldest = engine.inbox.read_from(1, 1).ok().and_then(|s| s.first().map(|s| s.seq));
    engine.black_box.index().forget(oldest.unwrap_or(0));
}

/// Keeps the index in step with the inbox until the engine stops.
pub async fn run(engine: Shared) -> Desked<()> {
    let mut newest = engine.inbox.subscribe();
    newest.mark_changed();
    loop {
        tokio::select! { biased;
            () = engine.stop.cancelled() => return Ok(()),
            changed = newest.changed() => if changed.is_err() { return Ok(()) },
        }
        forget(&engine);
        loop {
            match step(&engine) {
                Ok(true) => tokio::task::yield_now().await,
                Ok(false) => break,
                Err(e) => {
                    tracing::warn!(error = %e, "deliveries cannot be indexed now");
                    break;
                }
            }
        }
        engine.touch();
    }
}

/// `time_entry updated`; empty for a PING.
pub fn about(announced: &Announced) -> String {
    let model = match &announced.about {
        About::Ping { .. } => return String::new(),
        About::Entry { .. } => "time_entry",
        About::Item { kind, .. } => kind.as_str(),
        About::Other { model } => model,
    };
    let action = announced.action.map_or("", |a| match a {
        Action::Created => " created",
        Action::Updated => " updated",
        Action::Deleted => " deleted",
    });
    format!("{model}{action}")
}

/// The entity's id and what a person calls it.
fn subject(announced: &Announced) -> (RemoteId, String) {
    let (id, name) = match &announced.about {
        About::Entry { id, read } => {
            let entry = read.as_ref().and_then(|r| r.entry.as_ref());
            (id.clone(), entry.map(|e| e.description.clone()).unwrap_or_default())
        }
        About::Item { id, item, .. } => {
            (id.clone(), item.as_ref().map(|i| i.name.clone()).unwrap_or_default())
        }
        About::Ping { .. } | About::Other { .. } => return (RemoteId::default(), String::new()),
    };
    (id, name.chars().take(DESCRIPTION).collect())
}
