//! Sends what is due, one write at a time per entry, several entries at once where the target bears it.

mod later;
mod looks;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;

use crate::cache::rows;
use crate::domain::entry::TargetEntry;
use crate::domain::ground::Ground;
use crate::domain::id::{Account, Key, RemoteId};
use crate::domain::link::{Intent, Link, Op};
use crate::domain::matching::{self, Identity};
use crate::domain::outcome;
use crate::domain::quota::Cause;
use crate::domain::word::Class;

use super::Shared;
use super::call::CallError;
use super::desk::{DeskError, Desked};
use super::jobs;
use super::lookup::look_up;
use super::places;
use super::send::{self, Job};
use super::survey::{self, Range};
use later::Later;

/// Writes under way at once on a plan that bears it.
const AT_ONCE: usize = 8;
/// Bonds looked at in one step of a round.
const STEP: usize = 256;
/// Bonds looked at in one round; the next one goes on from there.
const ROUND: usize = 4_096;
/// What a task was about, so that it is free again when the task ends.
enum Ended {
    Work(Key, Result<(), CallError>),
    Survey(RemoteId, Result<(), CallError>),
}

struct Dispatcher {
    engine: Shared,
    target: Account,
    tasks: FuturesUnordered<BoxFuture<'static, Ended>>,
    busy: BTreeSet<Key>,
    creating: BTreeMap<Key, Identity>,
    surveying: bool,
    /// Not before: bonds whose last try could not leave, and how often in a row.
    later: BTreeMap<Key, Later>,
    /// Users whose time could not be read.
    survey_later: BTreeMap<RemoteId, Later>,
    /// Where the next round begins: far on when all before it wait for something.
    from: Option<Vec<u8>>,
}

/// Sends to one target until the engine stops.
pub async fn run(engine: Shared, target: Account) -> Desked<()> {
    let mut d = Dispatcher {
        engine,
        target,
        tasks: FuturesUnordered::new(),
        busy: BTreeSet::new(),
        creating: BTreeMap::new(),
        surveying: false,
        later: BTreeMap::new(),
        survey_later: BTreeMap::new(),
        from: None,
    };
    loop {
        let engine = d.engine.clone();
        let woken = engine.wakes.dispatch.notified();
        tokio::pin!(woken);
        woken.as_mut().enable();
        let next = match d.start() {
            Ok(next) => next,
            Err(DeskError::NotReady) => Some(engine.seams.now() + TimeDelta::milliseconds(100)),
            Err(e) => {
                tracing::error!(error = %e, target = %d.target, "dispatcher stopped");
                return Err(e);
            }
        };
        let wait = next.unwrap_or_else(|| engine.seams.now() + TimeDelta::hours(1));
        tokio::select! { biased;
            () = engine.stop.cancelled() => return Ok(()),
            Some(ended) = d.tasks.next(), if !d.tasks.is_empty() => d.end(ended)?,
            () = &mut woken => {}
            () = engine.seams.sleep_until(wait) => {}
        }
    }
}

impl Dispatcher {
    /// Frees what a task held; an error when the desk is closed.
    fn end(&mut self, ended: Ended) -> Desked<()> {
        let now = self.engine.seams.now();
        let strained = self.engine.state().running.get(&self.target).and_then(|r| r.breaker.strained(now));
        let result = match ended {
            Ended::Work(key, result) => {
                self.busy.remove(&key);
                self.creating.remove(&key);
                match &result {
                    Err(e) => {
                        let later = Later::after(self.later.get(&key).copied(), e, strained, now);
                        self.later.insert(key, later);
                    }
                    Ok(()) => {
                        self.later.remove(&key);
                    }
                }
                result
            }
            Ended::Survey(user, result) => {
                self.surveying = false;
                match &result {
                    Err(e) => {
                        let later = Later::after(self.survey_later.get(&user).copied(), e, strained, now);
                        self.survey_later.insert(user, later);
                    }
                    Ok(()) => {
                        self.survey_later.remove(&user);
                    }
                }
                result
            }
        };
        match result {
            Err(CallError::Desk(e)) if !matches!(e, DeskError::NotReady) => {
                tracing::error!(error = %e, target = %self.target, "dispatcher stopped");
                Err(e)
            }
            Err(e) => {
                tracing::debug!(error = %e, target = %self.target, "a task ended without effect");
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }

    /// Starts what can be started; answers when to look again at the latest.
    fn start(&mut self) -> Desked<Option<DateTime<Utc>>> {
        let now = self.engine.seams.now();
        self.clock_set(now);
        let (open, room) = {
            let state = self.engine.state();
            let Some(running) = state.running.get(&self.target) else { return Ok(None) };
            if running.refused.is_some() || running.profile.is_none() || state.is_held(&self.target) {
                return Ok(None);
            }
            let free = running.profile.as_ref().is_none_or(|p| p.free);
            let room = if free || !running.breaker.is_closed() { 1 } else { AT_ONCE };
            (state.desk.named(rows::by_class(&self.target, Class::Open), usize::MAX)?, room)
        };
        self.later.retain(|_, l| l.until + TimeDelta::hours(1) > now);
        let waits = self.later.values().chain(self.survey_later.values()).map(|l| l.until);
        let mut next: Option<DateTime<Utc>> = waits.filter(|until| *until > now).min();
        let mut sooner = |at: DateTime<Utc>| next = Some(next.map_or(at, |n| n.min(at)));
        let mut open_identities: BTreeSet<Identity> = self.creating.values().cloned().collect();
        let mut lost = Vec::new();
        for key in open {
            let Some(link) = self.engine.state().desk.link(&self.target, &key)? else { continue };
            let Some(intent) = &link.open else { continue };
            if intent.op == Op::Create {
                open_identities.insert(matching::of_wish(&intent.body));
            }
            if self.busy.contains(&key) {
                continue;
            }
            match due(intent) {
                // Nobody waits for its answer: it came while it could not be written down.
                None => lost.push(key),
                Some(_) if self.waits(&key, now) || self.busy.len() >= room => {}
                Some(due) if due <= now => self.spawn_lookup(key, link),
                Some(due) => sooner(due),
            }
        }
        if !lost.is_empty() {
            orphan(&self.engine, &self.target, lost)?;
            sooner(now + TimeDelta::milliseconds(1));
        }
        self.start_looks(room)?;
        if let Some(until) = self.start_ready(room, open_identities)? {
            sooner(until);
        }
        Ok(next)
    }

    /// A clock that was set back makes no longer wait than any that is meant.
    fn clock_set(&mut self, now: DateTime<Utc>) {
        let latest = now + TimeDelta::hours(1);
        for later in self.later.values_mut().chain(self.survey_later.values_mut()) {
            later.until = later.until.min(latest);
        }
    }

    fn waits(&self, key: &Key, now: DateTime<Utc>) -> bool {
        self.later.get(key).is_some_and(|l| l.until > now)
    }

    /// Starts writes of bonds that are ready, longest waiting first, while there is room.
    fn start_ready(
        &mut self,
        room: usize,
        mut open_identities: BTreeSet<Identity>,
    ) -> Desked<Option<DateTime<Utc>>> {
        let now = self.engine.seams.now();
        let paused = {
            let state = self.engine.state();
            state.disk.room.is_short() || state.paused.contains(&jobs::sending(&self.target))
        };
        let mut unknown: BTreeSet<RemoteId> = BTreeSet::new();
        let mut next = None;
        let mut seen = 0;
        let mut range = rows::by_class(&self.target, Class::Ready);
        let resumed = self.from.is_some();
        if let Some(from) = self.from.take() {
            range.from = from;
        }
        'round: while self.busy.len() < room {
            let (keys, after) = self.engine.state().desk.named_after(&range, STEP)?;
            if keys.is_empty() && seen == 0 && !resumed {
                // What a person sent now has gone.
                self.engine.state().urgent.remove(&self.target);
            }
            seen += keys.len();
            for key in keys {
                if self.busy.contains(&key) || self.waits(&key, now) {
                    continue;
                }
                let Some(link) = self.engine.state().desk.link(&self.target, &key)? else { continue };
                let Some((op, body)) = link.next() else { continue };
                if paused && link.is_old_news() {
                    continue;
                }
                if places::seek(&self.engine, &self.target, &link, &body) {
                    continue;
                }
                if op == Op::Create {
                    if self.refusal(&body).is_none() && !self.ground_knows(&body.user, body.start)? {
                        unknown.insert(body.user.clone());
                        continue;
                    }
                    if !open_identities.insert(matching::of_wish(&body)) {
                        continue;
                    }
                }
                if let Some(until) = self.spawn_send(key, link, op, body)? {
                    next = Some(until);
                    break 'round;
                }
                if self.busy.len() >= room {
                    break 'round;
                }
            }
            let Some(after) = after else { break };
            range.from.clone_from(&after);
            if seen >= ROUND {
                // All of these wait for something: what comes after them must not wait for them.
                self.from = Some(after);
                next = Some(now + TimeDelta::milliseconds(50));
                break;
            }
        }
        let readable = |user: &RemoteId| self.survey_later.get(user).is_none_or(|l| l.until <= now);
        if let Some(user) = unknown.into_iter().find(readable).filter(|_| !self.surveying) {
            let starts = self.starts_of(&user)?;
            self.spawn_survey(user, &starts)?;
        }
        Ok(next)
    }

    /// What is known to be refused for the owner of an entry, whatever it holds.
    fn refusal(&self, body: &TargetEntry) -> Option<String> {
        let state = self.engine.state();
        let own = state.profile(&self.target).is_some_and(|p| p.user == body.user);
        let now = self.engine.seams.now();
        send::known_refusal(&state, &self.target, &body.user, now).filter(|_| !own)
    }

    /// When the due creates of a user start: one survey makes all of them known.
    fn starts_of(&self, user: &RemoteId) -> Desked<Vec<DateTime<Utc>>> {
        let mut starts = Vec::new();
        let state = self.engine.state();
        for key in state.desk.named(rows::by_class(&self.target, Class::Ready), ROUND)? {
            let Some(link) = state.desk.link(&self.target, &key)? else { continue };
            if let Some((Op::Create, body)) = link.next()
                && body.user == *user
            {
                starts.push(body.start);
            }
        }
        Ok(starts)
    }

    fn ground_knows(&self, user: &RemoteId, start: DateTime<Utc>) -> Desked<bool> {
        let ground: Option<Ground> = self.engine.state().desk.get(&rows::ground(&self.target, user))?;
        Ok(ground.is_some_and(|g| g.knows(start)))
    }

    fn spawn_lookup(&mut self, key: Key, link: Link) {
        self.busy.insert(key.clone());
        if let Some(intent) = link.open.as_ref().filter(|i| i.op == Op::Create) {
            self.creating.insert(key.clone(), matching::of_wish(&intent.body));
        }
        let (engine, target) = (self.engine.clone(), self.target.clone());
        self.tasks.push(Box::pin(async move {
            let result = look_up(engine, target, key.clone(), link).await;
            Ended::Work(key, result)
        }));
    }

    fn spawn_survey(&mut self, user: RemoteId, starts: &[DateTime<Utc>]) -> Desked<()> {
        if self.surveying {
            return Ok(());
        }
        let now = self.engine.seams.now();
        let ground: Ground =
            self.engine.state().desk.get(&rows::ground(&self.target, &user))?.unwrap_or_default();
        let Some((from, to)) = ground.survey(starts, now) else { return Ok(()) };
        self.surveying = true;
        let (engine, range) =
            (self.engine.clone(), Range { target: self.target.clone(), user: user.clone(), from, to });
        let cause = self.cause();
        self.tasks
            .push(Box::pin(async move { Ended::Survey(user, survey::survey(engine, range, cause).await) }));
        Ok(())
    }

    /// Why people's changes go, and what must be asked before them: a person sends them now, or it is their turn.
    fn cause(&self) -> Cause {
        let urgent = self.engine.state().urgent.get(&self.target).is_some_and(|left| *left > 0);
        if urgent { Cause::Person } else { Cause::Sync }
    }

    /// Starts a write; answers when it may leave if it may not now.
    fn spawn_send(
        &mut self,
        key: Key,
        link: Link,
        op: Op,
        body: TargetEntry,
    ) -> Desked<Option<DateTime<Utc>>> {
        let engine = self.engine.clone();
        if op == Op::Create && survey::is_stray(&engine, &self.target, &body) {
            // A survey saw such an entry that nobody claimed then: one look before anything is made.
            self.look_first(&key, &body)?;
            return Ok(Some(engine.seams.now() + TimeDelta::milliseconds(1)));
        }
        let own = engine.state().profile(&self.target).is_some_and(|p| p.user == body.user);
        if let Some(why) = self.refusal(&body).filter(|_| op == Op::Create) {
            send::fail(&engine, &self.target, &key, why)?;
            return Ok(Some(engine.seams.now() + TimeDelta::milliseconds(1)));
        }
        let names = body.tags.clone();
        let before = if link.is_old_news() { Cause::Sync } else { self.cause() };
        let cause = if link.is_old_news() { Cause::Backfill } else { before };
        let mut job = Job {
            target: self.target.clone(),
            source: key.clone(),
            cause,
            op,
            body,
            there: link.there.clone(),
            tags: Vec::new(),
            own,
        };
        let known = {
            let state = engine.state();
            let ids: Option<Vec<RemoteId>> = names
                .iter()
                .map(|n| {
                    state
                        .items(&self.target, crate::domain::catalogue::Kind::Tag)
                        .find(|t| &t.name == n && !t.deleted)
                        .map(|t| t.id.clone())
                })
                .collect();
            ids
        };
        if let Some(ids) = known {
            job.tags = ids;
            match send::begin(&engine, &job) {
                Ok(None) => {}
                Ok(Some(until)) => return Ok(Some(until)),
                Err(CallError::Desk(e)) => return Err(e),
                Err(_) => return Ok(None),
            }
            if op == Op::Create {
                self.creating.insert(key.clone(), matching::of_wish(&job.body));
            }
            self.busy.insert(key.clone());
            self.tasks.push(Box::pin(async move {
                let result = send::send(engine, job).await.map_err(CallError::Desk);
                Ended::Work(key, result)
            }));
        } else {
            // The tags come first; the write itself starts in a later round.
            self.busy.insert(key.clone());
            let target = self.target.clone();
            self.tasks.push(Box::pin(async move {
                let result = send::make_tags(&engine, &target, &key, &names, before).await;
                Ended::Work(key, result)
            }));
        }
        Ok(None)
    }

    /// Treats a create as if its answer were unknown, one look-up before it is sent.
    fn look_first(&self, key: &Key, body: &TargetEntry) -> Desked<()> {
        let now = self.engine.seams.now();
        let mut state = self.engine.state();
        state.write("intent", |_, draft| {
            let Some(mut link) = draft.link(&self.target, key)? else { return Ok(()) };
            outcome::look_first(&mut link, body.clone(), now);
            // The marks go now: a look decides, found or not.
            let identity = matching::of_wish(body).piece();
            draft.delete_range(rows::strays(&self.target, identity))?;
            draft.put_link(&self.target, key, link)
        })
    }
}

fn due(intent: &Intent) -> Option<DateTime<Utc>> {
    outcome::lookup_due(intent)
}

/// After a start nobody waits for an answer: every write under way becomes uncertain.
pub fn orphan_all(engine: &Shared, target: &Account) -> Desked<()> {
    let open = engine.state().desk.named(rows::by_class(target, Class::Open), usize::MAX)?;
    orphan(engine, target, open)
}

fn orphan(engine: &Shared, target: &Account, open: Vec<Key>) -> Desked<()> {
    let now = engine.seams.now();
    let lookup = engine.seams.rules.lookup;
    engine.state().write("orphans", |_, draft| {
        for key in open {
            let Some(mut link) = draft.link(target, &key)? else { continue };
            if !lookup {
                link.open = None;
                draft.put_link(target, &key, link)?;
            } else if outcome::orphan(&mut link, now) {
                draft.put_link(target, &key, link)?;
            }
        }
        Ok(())
    })
}
