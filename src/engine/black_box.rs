//! The index of the deliveries kept raw: what each is about and what to find it by, in memory, made from the inbox
//! alone. The bodies stay on the disk. It decides nothing and changes nothing.

mod text;

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};

use crate::domain::announced::{About, Announced};
use crate::domain::catalogue::Kind;
use crate::domain::clockify_hook::Subject;
use crate::domain::delivery::Delivered;
use crate::domain::id::RemoteId;
use crate::journal::Stored;
use crate::services::clockify;
use crate::services::toggl::delivery;

use super::desk::{DeskError, Desked};
use super::{Engine, Shared};

pub use text::about;

/// Deliveries indexed between two breaths of the engine.
const PIECE: usize = 64;
/// Of a description so much is kept for showing.
const DESCRIPTION: usize = 120;
/// A place in a table that names nothing.
const NOBODY: u32 = u32::MAX;

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
    /// Its hook, by the place in [`Index::hooks`].
    pub hook: usize,
    /// What to find it by, in lower case: what it is about, and the ids and words of its body.
    pub text: Box<str>,
    /// Who acted, whose it is and its project, by their places in [`Index::named`].
    named: [u32; 3],
}

impl Line {
    /// The places in [`Index::named`] of what it names by an id alone.
    pub fn named(&self) -> impl Iterator<Item = usize> {
        self.named.into_iter().filter(|at| *at != NOBODY).map(|at| at as usize)
    }
}

/// What a body names by an id alone. Its name is looked up when it is looked for, as it may change.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Named {
    /// The hook that it came to, by its place.
    pub hook: usize,
    /// `User` or `Project`.
    pub kind: Kind,
    /// Its id.
    pub id: RemoteId,
}

/// The index.
#[derive(Default)]
pub struct BlackBox(Mutex<Index>);

/// What is indexed, oldest first.
#[derive(Default)]
pub struct Index {
    /// The lines.
    pub lines: Vec<Line>,
    /// The labels of the hooks that deliveries came to.
    pub hooks: Vec<String>,
    /// What bodies name by an id alone.
    pub named: Vec<Named>,
    places: HashMap<Named, u32>,
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
            hook: usize::MAX,
            text: "".into(),
            named: [NOBODY; 3],
        };
        let Some(delivered) = Delivered::decode(&stored.payload) else { return line };
        line.at = delivered.received_at;
        line.hook = self.hook(&delivered.hook);
        match delivered.hook.split_once('/') {
            Some((_, event)) => self.read_news(&mut line, event, &delivered.body),
            None => self.read_event(&mut line, &delivered.body),
        }
        line.text = text::of(&[&line.about, &line.summary], &delivered.body);
        line
    }

    fn read_event(&mut self, line: &mut Line, body: &[u8]) {
        let Ok(announced) = delivery::parse(body) else { return };
        if let About::Ping { code } = &announced.about {
            line.kept = Kept::Ping;
            line.summary = if code.is_some() { "validation".into() } else { "".into() };
            return;
        }
        line.kept = Kept::Event;
        line.about = about(&announced).into();
        line.named = self.named(line.hook, &announced);
        let (id, what) = text::subject(&announced);
        line.summary = format!("{id} {what}").trim_end().into();
        let event = (announced.subscription.clone(), announced.event_id);
        if let Some(first) = self.events.get(&event) {
            line.kept = Kept::Copy;
            line.before = Some(*first);
            return;
        }
        self.events.insert(event, line.seq);
        let model: Box<str> = line.about.split(' ').next().unwrap_or_default().into();
        line.before = self.newest.insert((model, id), line.seq);
    }

    /// The place of a hook. There are few: those that are believed.
    fn hook(&mut self, label: &str) -> usize {
        self.hooks.iter().position(|known| known == label).unwrap_or_else(|| {
            self.hooks.push(label.to_owned());
            self.hooks.len() - 1
        })
    }

    /// The places of who acted, whose it is and its project.
    fn named(&mut self, hook: usize, announced: &Announced) -> [u32; 3] {
        let (owner, project) = text::names(announced);
        let by = announced.user.as_ref();
        [(Kind::User, by), (Kind::User, owner.filter(|owner| Some(*owner) != by)), (Kind::Project, project)]
            .map(|(kind, id)| {
                let Some(id) = id else { return NOBODY };
                let named = Named { hook, kind, id: id.clone() };
                *self.places.entry(named).or_insert_with_key(|named| {
                    self.named.push(named.clone());
                    u32::try_from(self.named.len() - 1).unwrap_or(NOBODY)
                })
            })
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
