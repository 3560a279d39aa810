//! One read by id settles what a delivery of the target put in doubt. Nothing is sent over it before.

use chrono::{DateTime, Utc};

use super::{Dispatcher, Ended};
use crate::cache::rows;
use crate::domain::echo::{self, Saw};
use crate::domain::entry::TargetEntry;
use crate::domain::id::{Account, Key, RemoteId};
use crate::domain::link::Link;
use crate::domain::outcome::Found;
use crate::domain::quota::Cause;
use crate::domain::word::Class;
use crate::engine::call::{Ask, CallError, Patience};
use crate::engine::desk::{Desked, Draft};
use crate::engine::lookup::named;
use crate::engine::words::called;
use crate::engine::{Shared, profile, rebind};
use crate::services::http::Failure;

impl Dispatcher {
    /// Starts looks while there is room; answers when the next one may leave at the latest.
    pub(super) fn start_looks(&mut self, room: usize) -> Desked<()> {
        let now = self.engine.seams.now();
        let doubtful = rows::by_class(&self.target, Class::Doubtful);
        let keys = self.engine.state().desk.named(doubtful, usize::MAX)?;
        for key in keys {
            if self.busy.len() >= room {
                break;
            }
            if self.busy.contains(&key) || self.waits(&key, now) {
                continue;
            }
            let link = self.engine.state().desk.link(&self.target, &key)?;
            let Some(link) = link.filter(|link| link.doubt.is_some()) else { continue };
            self.busy.insert(key.clone());
            let (engine, target) = (self.engine.clone(), self.target.clone());
            self.tasks.push(Box::pin(async move {
                let result = look(&engine, &target, &key, &link).await;
                Ended::Work(key, result)
            }));
        }
        Ok(())
    }
}

/// Reads the entry of a bond and notes what that says.
async fn look(engine: &Shared, target: &Account, source: &Key, link: &Link) -> Result<(), CallError> {
    let Some(id) = link.there.as_ref().map(|there| there.id.clone()) else {
        return Ok(note(engine, target, source, None)?);
    };
    let mut asked = engine.seams.now();
    let wanted = id.clone();
    let clock = engine.seams.clock.clone();
    let answer = engine
        .ask_clockify(target, Cause::Health, Patience::Short, |c| {
            asked = clock();
            async move { c.entry(&wanted).await }
        })
        .await?;
    let found = match answer.result {
        Ok(read) => {
            let mut entry = named(&engine.state(), target, &read);
            if !entry.names_its_tags() {
                // A tag made since the last list, perhaps by a run of ours that this state does not know of.
                let ask = Ask { cause: Cause::Health, patience: Patience::Short, knocks: false };
                profile::read_target_tags(engine, target, ask).await?;
                entry = named(&engine.state(), target, &read);
            }
            Found::This(Box::new(read), entry)
        }
        Err(Failure::Missing(_)) => Found::Nothing,
        Err(failure) => return Err(CallError::Failed(failure)),
    };
    Ok(note(engine, target, source, Some((id, found, asked)))?)
}

/// What a read of this entry found, and when it left.
type Read = (RemoteId, Found, DateTime<Utc>);

fn note(engine: &Shared, target: &Account, source: &Key, read: Option<Read>) -> Desked<()> {
    let now = engine.seams.now();
    let conflict = engine.state().write("look", |state, draft| {
        let Some(mut link) = draft.link(target, source)? else { return Ok(false) };
        let Some((id, found, asked)) = read else {
            link.doubt = None;
            draft.put_link(target, source, link)?;
            return Ok(false);
        };
        if link.there.as_ref().is_none_or(|there| there.id != id) {
            return Ok(false);
        }
        let told = link.doubt.as_ref().and_then(|doubt| doubt.told.clone());
        let holds = match &found {
            Found::This(_, entry) => Some(entry.clone()),
            Found::Nothing => None,
        };
        let saw = echo::looked(&mut link, found, asked, now);
        say(draft, target, source, saw, holds.as_ref(), told.as_ref(), &link)?;
        rebind::put_settled(state, draft, target, source, link)?;
        Ok(saw == Saw::Conflict)
    })?;
    if conflict {
        tracing::info!(%target, %source, "changed in the target by somebody else");
    }
    engine.touch_work();
    Ok(())
}

fn say(
    draft: &mut Draft<'_>,
    target: &Account,
    source: &Key,
    saw: Saw,
    holds: Option<&TargetEntry>,
    told: Option<&TargetEntry>,
    link: &Link,
) -> Desked<()> {
    let ours = link.there.as_ref().map_or("", |there| there.entry.description.as_str());
    let name = called(holds.map_or(ours, |entry| &entry.description));
    let (level, what) = match (saw, holds) {
        (Saw::Conflict, Some(_)) => {
            ("warn", format!("{name} was changed in {target} by somebody; decide in Sync"))
        }
        (Saw::Conflict, None) => {
            ("warn", format!("{name} was deleted in {target} by somebody; decide in Sync"))
        }
        (Saw::Theirs, Some(_)) => ("info", format!("{name} was changed in {target}; theirs stays")),
        (Saw::Theirs, None) => ("info", format!("{name} was deleted in {target}; it stays so")),
        (Saw::Ours, Some(entry)) if told.is_some_and(|told| told != entry) => {
            let was = called(told.map_or("", |told| &told.description));
            (
                "warn",
                format!(
                    "{name} was changed in {target} to {was} for a moment; it is as sent from here again"
                ),
            )
        }
        (Saw::Ours | Saw::Nothing, _) => return Ok(()),
    };
    draft.say("sync", level, what, Some(source))
}
