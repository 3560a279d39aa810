//! What the target shall hold, worked out from the source and the history of the mapping alone.
//!
//! The model does not know when the engine saw or sent anything. Where the result depends on that moment (a change of
//! the mapping, a deletion shortly after a creation) it allows each result that some moment explains; after
//! [`Model::settle`] everything has been sent, and only one result is left.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use chrono_tz::Tz;
use hourwire::domain::mapping::{LinkRow, Mapping, Then, When};
use hourwire::domain::policy::OnDelete;
use serde_json::Value;

use super::matching::{Misfit, Want, explain};
use super::source::{self, Body, Content, SourceEntry};

/// The person's name of the source account.
pub const SOURCE: &str = "main";
/// The person's name of the target account.
pub const TARGET: &str = "mirror";
/// The tag of an entry whose source is gone.
const MARK: &str = "deleted in Toggl";

/// What stays as it is for the whole life of a world.
#[derive(Clone)]
pub struct Terms {
    pub zone: Tz,
    pub sync_from: NaiveDate,
    pub on_delete: OnDelete,
    /// The tokens' own users: source, target.
    pub own: (i64, String),
}

/// What decides a route; a sent entry keeps its route while this stays.
type Inputs = (Option<i64>, Option<i64>, Vec<String>, i64, i64);

/// One source entry over time.
#[derive(Clone, Default)]
struct Life {
    now: Option<SourceEntry>,
    /// Every stopped content since the last settling: the engine may have seen any of them last.
    contents: BTreeSet<Content>,
    /// The first mapping under which it had these inputs since the last settling.
    since: BTreeMap<Inputs, usize>,
    /// What was in the target at the last settling, and from which inputs; none if it waited for a route even then.
    sent: Option<(Body, Option<Inputs>)>,
    /// Its inputs were others since then.
    strayed: bool,
    /// It was in the target before the engine came.
    adopted: bool,
}

enum Outcome {
    Sent(Box<Body>),
    /// Not wanted there: removed if it is.
    Out,
    /// Not sent for now; what is there stays.
    Wait,
}

/// The model of one world.
pub struct Model {
    terms: Terms,
    mappings: Vec<Mapping>,
    emails: BTreeMap<i64, String>,
    clients: BTreeMap<i64, i64>,
    target_users: Vec<(String, String)>,
    lives: BTreeMap<i64, Life>,
    /// Entries of the target that no source entry is behind.
    strangers: Vec<Body>,
}

impl Model {
    /// A model under a first mapping.
    pub fn new(terms: Terms, mapping: Mapping) -> Self {
        Self {
            terms,
            mappings: vec![mapping],
            emails: BTreeMap::new(),
            clients: BTreeMap::new(),
            target_users: Vec::new(),
            lives: BTreeMap::new(),
            strangers: Vec::new(),
        }
    }

    /// Entries that were typed into the target by hand before the start.
    pub fn found_before(&mut self, adopted: &[i64], strangers: Vec<Body>) {
        for id in adopted {
            self.lives.entry(*id).or_default().adopted = true;
        }
        self.strangers = strangers;
    }

    /// The mapping in force.
    pub fn mapping(&self) -> &Mapping {
        &self.mappings[self.mappings.len() - 1]
    }

    /// A person changed the mapping.
    pub fn remap(&mut self, mapping: Mapping) {
        self.mappings.push(mapping);
    }

    /// Looks at the whole source.
    pub fn observe(&mut self, state: &Value) {
        self.emails = source::source_users(state).into_iter().collect();
        self.target_users = source::target_users(state);
        self.clients = source::clients(state);
        for row in source::entries(state) {
            self.note(row);
        }
    }

    /// Looks at one entry, as the source showed it to the person who changed it.
    pub fn observe_one(&mut self, row: &Value) {
        self.note(source::entry(row, &self.clients));
    }

    /// An entry was deleted.
    pub fn observe_gone(&mut self, id: i64) {
        if let Some(row) = self.lives.get_mut(&id).and_then(|life| life.now.as_mut()) {
            row.deleted = true;
        }
    }

    fn note(&mut self, row: SourceEntry) {
        let newest = self.mappings.len() - 1;
        let life = self.lives.entry(row.id).or_default();
        if life.now.as_ref() == Some(&row) {
            return;
        }
        if !row.running && !row.deleted {
            let inputs = inputs(&row.content);
            life.strayed |= life.sent.as_ref().is_some_and(|(_, sent)| sent.as_ref() != Some(&inputs));
            life.since.entry(inputs).or_insert(newest);
            life.contents.insert(row.content.clone());
        }
        life.now = Some(row);
    }

    /// Every body that may have been sent since the last settling: a content under any mapping since it has its
    /// inputs, or under the route that was kept.
    fn ever(&self, life: &Life) -> BTreeSet<Body> {
        let mut bodies: BTreeSet<Body> = life.sent.iter().map(|(body, _)| body.clone()).collect();
        for content in &life.contents {
            let inputs = inputs(content);
            bodies.extend(self.since(life, &inputs, content));
            if let Some((body, Some(_))) =
                life.sent.as_ref().filter(|(_, sent)| sent.as_ref() == Some(&inputs))
            {
                bodies.insert(content_of(content, &body.user, body.project.clone()));
            }
        }
        bodies
    }

    /// The source entries of a user that are there and stopped (or run).
    pub fn alive(&self, user: i64, running: bool) -> Vec<SourceEntry> {
        let rows = self.lives.values().filter_map(|life| life.now.clone());
        rows.filter(|row| row.content.user == user && !row.deleted && row.running == running).collect()
    }

    /// What the target shall hold.
    pub fn wants(&self) -> Vec<Want> {
        let lives = self.lives.iter().filter_map(|(id, life)| self.want(*id, life));
        let strangers =
            self.strangers.iter().map(|body| Want { entry: 0, must: true, bodies: vec![body.clone()] });
        lives.chain(strangers).filter(|want| !want.bodies.is_empty()).collect()
    }

    fn want(&self, id: i64, life: &Life) -> Option<Want> {
        let row = life.now.as_ref()?;
        let sure = life.sent.is_some() || life.adopted;
        let before = self.ever(life);
        let removed = || match self.terms.on_delete {
            OnDelete::Keep => before.clone(),
            OnDelete::Delete if !life.adopted => BTreeSet::new(),
            OnDelete::Retire | OnDelete::Delete => before.iter().map(retired).collect(),
        };
        let want = |must, bodies: BTreeSet<Body>| {
            Some(Want { entry: id, must, bodies: bodies.into_iter().collect() })
        };
        if row.deleted {
            return want(sure, removed());
        }
        // What waits keeps the state that it had: one that a rule took out for a moment may be marked, or gone.
        let waiting = || {
            if !self.was_out(life) {
                return want(sure, before.clone());
            }
            let out = removed();
            let certain = sure && !out.is_empty();
            want(certain, before.union(&out).cloned().collect())
        };
        if row.running {
            return waiting();
        }
        let inputs = inputs(&row.content);
        if let Some((body, sent)) = &life.sent
            && sent.as_ref() == Some(&inputs)
        {
            let kept = content_of(&row.content, &body.user, body.project.clone());
            if !life.strayed {
                return want(true, BTreeSet::from([kept]));
            }
            let mut bodies = self.since(life, &inputs, &row.content);
            bodies.insert(kept);
            return want(true, bodies);
        }
        let early = self.day(&row.content) < self.terms.sync_from;
        match self.outcome(self.mapping(), &row.content) {
            Outcome::Sent(_) => {
                let mut bodies = self.since(life, &inputs, &row.content);
                if early && !sure {
                    bodies.extend(before);
                    return want(false, bodies);
                }
                want(true, bodies)
            }
            Outcome::Out => {
                let mut bodies = removed();
                bodies.extend(self.since(life, &inputs, &row.content));
                want(sure && bodies.len() == 1, bodies)
            }
            Outcome::Wait => waiting(),
        }
    }

    /// Whether a rule took the entry out at some moment since the last settling.
    fn was_out(&self, life: &Life) -> bool {
        let under = |mapping| life.contents.iter().any(|c| matches!(self.outcome(mapping, c), Outcome::Out));
        self.mappings.iter().any(under)
    }

    /// The bodies by each mapping since the entry has these inputs.
    fn since(&self, life: &Life, inputs: &Inputs, content: &Content) -> BTreeSet<Body> {
        let first = life.since.get(inputs).copied().unwrap_or(self.mappings.len() - 1);
        let outcomes = self.mappings[first..].iter().map(|mapping| self.outcome(mapping, content));
        outcomes.filter_map(|one| if let Outcome::Sent(body) = one { Some(*body) } else { None }).collect()
    }

    /// Compares with the target.
    pub fn compare(&self, state: &Value) -> Result<(), Misfit> {
        explain(&self.wants(), &source::targets(state)).map(drop)
    }

    /// Everything is quiet and right: from now on there is only one explanation for what is there.
    pub fn settle(&mut self, state: &Value) -> Result<(), Misfit> {
        let (wants, found) = (self.wants(), source::targets(state));
        let pairs = explain(&wants, &found)?;
        let newest = self.mappings.len() - 1;
        for life in self.lives.values_mut() {
            (life.sent, life.strayed) = (None, false);
            life.contents.clear();
            life.since.clear();
            if let Some(row) = life.now.as_ref().filter(|row| !row.running && !row.deleted) {
                life.since.insert(inputs(&row.content), newest);
                life.contents.insert(row.content.clone());
            }
        }
        for (want, place) in wants.iter().zip(pairs) {
            let row = self.lives.get(&want.entry).and_then(|life| life.now.clone());
            let (Some(place), Some(row)) = (place, row) else { continue };
            let routed = matches!(self.outcome(self.mapping(), &row.content), Outcome::Sent(_));
            let from = routed.then(|| inputs(&row.content));
            if let Some(life) = self.lives.get_mut(&want.entry) {
                life.sent = Some((found[place].clone(), from));
            }
        }
        Ok(())
    }

    fn day(&self, content: &Content) -> NaiveDate {
        content.start.with_timezone(&self.terms.zone).date_naive()
    }

    fn outcome(&self, mapping: &Mapping, content: &Content) -> Outcome {
        let day = self.day(content);
        let project = match self.project(mapping, content, day) {
            Ok(project) => project,
            Err(out) => return out,
        };
        match self.owner(mapping, content.user) {
            Some(user) => Outcome::Sent(Box::new(content_of(content, &user, Some(project)))),
            None => Outcome::Wait,
        }
    }

    fn project(&self, mapping: &Mapping, content: &Content, day: NaiveDate) -> Result<String, Outcome> {
        let fallback = || mapping.fallback.get(&TARGET.into()).map(|to| to.id.to_string());
        for rule in mapping.rules.iter().filter(|rule| takes(&rule.when, content)) {
            match &rule.then {
                Then::Skip => return Err(Outcome::Out),
                Then::Hold => return Err(Outcome::Wait),
                Then::Fallback => return fallback().ok_or(Outcome::Wait),
                Then::Target(to) => {
                    if let Some(to) = to.get(&TARGET.into()) {
                        return Ok(to.id.to_string());
                    }
                }
            }
        }
        let linked = content.project.and_then(|id| linked(&mapping.projects, id, day));
        linked.or_else(fallback).ok_or(Outcome::Wait)
    }

    fn owner(&self, mapping: &Mapping, user: i64) -> Option<String> {
        let row =
            mapping.users.iter().find(|row| is(row, user)).and_then(|row| row.target.get(&TARGET.into()));
        if let Some(to) = row {
            return Some(to.id.to_string());
        }
        if user == self.terms.own.0 {
            return Some(self.terms.own.1.clone());
        }
        let email = self.emails.get(&user)?;
        self.target_users
            .iter()
            .find(|(_, other)| other.eq_ignore_ascii_case(email))
            .map(|(id, _)| id.clone())
    }
}

fn inputs(content: &Content) -> Inputs {
    (content.project, content.client, content.tags.clone(), content.user, content.start.timestamp())
}

fn content_of(content: &Content, user: &str, project: Option<String>) -> Body {
    Body {
        user: user.to_owned(),
        project,
        start: content.start,
        end: content.stop.max(content.start),
        description: content.description.clone(),
        tags: content.tags.clone(),
        billable: content.billable,
    }
}

fn retired(body: &Body) -> Body {
    let tags: BTreeSet<String> = body.tags.iter().cloned().chain([MARK.to_owned()]).collect();
    Body { billable: false, tags: tags.into_iter().collect(), ..body.clone() }
}

fn is(row: &LinkRow, id: i64) -> bool {
    row.source.account.as_str() == SOURCE && row.source.id.as_str() == id.to_string()
}

/// The row with the latest day that is not after the entry's; one without a day counts as the earliest.
fn linked(rows: &[LinkRow], project: i64, day: NaiveDate) -> Option<String> {
    let mut best: Option<(Option<NaiveDate>, String)> = None;
    for row in rows.iter().filter(|row| is(row, project) && row.from.is_none_or(|from| from <= day)) {
        if let Some(to) = row.target.get(&TARGET.into())
            && best.as_ref().is_none_or(|(from, _)| row.from >= *from)
        {
            best = Some((row.from, to.id.to_string()));
        }
    }
    best.map(|(_, to)| to)
}

fn takes(when: &When, content: &Content) -> bool {
    let same = |wanted: &Option<hourwire::domain::id::RemoteId>, id: Option<i64>| match wanted {
        None => true,
        Some(wanted) => id.is_some_and(|id| wanted.as_str() == id.to_string()),
    };
    when.account.as_ref().is_none_or(|account| account.as_str() == SOURCE)
        && same(&when.project, content.project)
        && same(&when.client, content.client)
        && same(&when.user, Some(content.user))
        && when.tag.as_ref().is_none_or(|tag| content.tags.contains(tag))
        && when.billable.is_none_or(|billable| billable == content.billable)
        && when
            .description
            .as_ref()
            .is_none_or(|part| content.description.to_lowercase().contains(&part.to_lowercase()))
}
