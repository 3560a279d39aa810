//! Making a source project in a target and linking it: kept as an errand that the mapper runs.

use crate::control::command::{Price, Reply};
use crate::domain::catalogue::Kind;
use crate::domain::id::Account;
use crate::domain::mapping::{MappingEdit, Named, SourceRef};
use crate::domain::remap;
use crate::engine::Shared;
use crate::engine::mapper::{self, Errand};
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
    mapper::send(engine, &mut state, errand)?;
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
    let has_client = state.items(target, Kind::Client).any(|c| !c.deleted && !c.archived && c.name == client);
    let mut requests = 1 + u32::from(!client.is_empty() && !has_client);
    let twin = state.items(target, Kind::Project).find(|p| !p.deleted && p.name == project.name);
    if let Some(twin) = twin
        && twin.archived
    {
        return because(format!(
            "{target} has an archived project \"{}\"; restore it there first",
            twin.name
        ));
    }
    // What it would release does not depend on the id that the target will give it.
    let made = Named { id: format!("to be made for {}", source.id).into(), name: project.name.clone() };
    let (source, target) = (source.clone(), target.clone());
    let link = MappingEdit::LinkProject { source, target: target.clone(), to: made, from: None };
    let after = remap::apply(&state.mapping, &link);
    let impact = edit::impact(state, &link, &after)?;
    let mut what = vec![format!("makes \"{}\" in {target} and links it", project.name)];
    if !client.is_empty() && !has_client {
        what.push(format!("with its client {client}"));
    }
    if impact.creates > 0 {
        what.push(format!("sends the {} waiting", impact.creates));
    }
    requests += impact.creates;
    Ok(Price {
        creates: impact.creates,
        moves: impact.moves,
        requests,
        left: edit::left(state, &target),
        say: what.join(" · "),
    })
}
