//! Making a source project in a target and linking it: kept as an errand that the mapper runs.

use crate::control::command::{Price, Reply};
use crate::domain::catalogue::{Item, Kind};
use crate::domain::id::{Account, RemoteId};
use crate::domain::mapping::{MappingEdit, Named, SourceRef};
use crate::domain::remap::{self, Value};
use crate::domain::text;
use crate::engine::Shared;
use crate::engine::errands::{self, Errand};
use crate::engine::mapper;
use crate::engine::state::State;

use super::{Answered, Asker, Refusal, because, edit, known_target};

/// Makes it, or says what that costs.
pub fn create(engine: &Shared, asker: &Asker<'_>, source: SourceRef, target: Account, dry: bool) -> Answered {
    let mut state = engine.state();
    known_target(&state, &target)?;
    mapper::refresh(engine, &mut state)?;
    mapper::may_write(&state)?;
    let price = price(&mut state, &source, &target)?;
    if dry {
        return Ok(Reply::Price(price));
    }
    let errand = Errand { id: asker.id.to_owned(), by: asker.by.clone(), source, target };
    errands::send(engine, &mut state, errand)?;
    drop(state);
    engine.touch();
    Ok(Reply::Accepted)
}

fn price(state: &mut State, source: &SourceRef, target: &Account) -> Result<Price, Refusal> {
    let Some(project) = state.item(&source.account, Kind::Project, &source.id).cloned() else {
        return because(format!("{} has no project {}", source.account, source.id));
    };
    if project.deleted {
        return because(format!("{} was deleted in Toggl", project.name));
    }
    let client = state.client_name(&source.account, &project);
    let place = Place::of(state, target, &client, &project.name);
    if let Place::Archived(name) = &place {
        return because(format!("{target} has an archived project \"{name}\"; restore it there first"));
    }
    // What it would release does not depend on the id that the target will give it.
    let to = match &place {
        Place::There(twin) => Named { id: twin.id.clone(), name: twin.name.clone() },
        _ => Named { id: format!("to be made for {}", source.id).into(), name: project.name.clone() },
    };
    let (source, target) = (source.clone(), target.clone());
    let link = MappingEdit::LinkProject { source, target: target.clone(), to: to.clone(), from: None };
    let before = match remap::value(&state.mapping, &link) {
        Value::Linked(now) => Some(now),
        _ => None,
    };
    if before.as_ref().is_some_and(|now| now.id == to.id) {
        return because(format!("{} is linked to \"{}\" in {target} already", project.name, to.name));
    }
    let after = remap::apply(&state.mapping, &link);
    let impact = edit::impact(state, &link, &after)?;
    let mut what = vec![match &place {
        Place::There(twin) => format!("links the \"{}\" that {target} has already", twin.name),
        _ => format!("makes \"{}\" in {target} and links it", project.name),
    }];
    if matches!(&place, Place::Nowhere { client: true }) {
        what.push(format!("with its client {client}"));
    }
    if let Some(now) = before {
        let name = state.item(&target, Kind::Project, &now.id).map_or(now.name, |item| item.name.clone());
        what.push(format!("in place of \"{name}\""));
    }
    if impact.creates > 0 {
        what.push(format!("sends the {} waiting", impact.creates));
    }
    if impact.moves > 0 {
        what.push(format!("{} already sent stay where they are", impact.moves));
    }
    let requests = place.requests() + impact.creates;
    if requests == 0 {
        what.push(text::requests(requests));
    }
    Ok(Price {
        creates: impact.creates,
        moves: impact.moves,
        requests,
        left: edit::left(state, &target),
        say: what.join(" · "),
    })
}

/// What a target has of a project, by its name and its client's.
enum Place {
    /// It is there.
    There(Item),
    /// One of its name is in the archive.
    Archived(String),
    /// It has to be made, after its client where that is missing too.
    Nowhere { client: bool },
}

impl Place {
    fn of(state: &State, target: &Account, client: &str, name: &str) -> Self {
        let known = |client: Option<&RemoteId>| errands::known(state, target, Kind::Project, name, client);
        let home = errands::known(state, target, Kind::Client, client, None).map(|home| home.id);
        let twin = match (client, &home) {
            ("", _) => known(None),
            (_, Some(home)) => known(Some(home)),
            (_, None) => None,
        };
        let mut archived = state.items(target, Kind::Project).filter(|p| !p.deleted && p.archived);
        match twin {
            Some(twin) => Self::There(twin),
            None if archived.any(|p| p.name == name) => Self::Archived(name.to_owned()),
            None => Self::Nowhere { client: !client.is_empty() && home.is_none() },
        }
    }

    fn requests(&self) -> u32 {
        match self {
            Self::Nowhere { client } => 1 + u32::from(*client),
            _ => 0,
        }
    }
}
