//! Ranked target projects for a source project.

use crate::control::command::{Candidate, Certainty};
use crate::control::view::Row;
use crate::domain::candidates::{Degree, Probe, rank};
use crate::domain::catalogue::Kind;
use crate::domain::id::Account;
use crate::domain::mapping::{Named, SourceRef};
use crate::engine::state::State;

use super::{Ask, Rows};

/// The window: all target projects that are not deleted, best first.
pub fn rows(state: &State, ask: &Ask, source: &SourceRef, target: &Account) -> Rows {
    let item = state.item(&source.account, Kind::Project, &source.id);
    let wanted = Probe {
        id: source.id.clone(),
        name: item.map_or_else(|| source.name.clone(), |i| i.name.clone()),
        client: item.map(|i| state.client_name(&source.account, i)).unwrap_or_default(),
        archived: false,
    };
    let options: Vec<Probe> = state
        .items(target, Kind::Project)
        .filter(|p| !p.deleted)
        .map(|p| Probe {
            id: p.id.clone(),
            name: p.name.clone(),
            client: state.client_name(target, p),
            archived: p.archived,
        })
        .collect();
    let unfiltered = options.len();
    let ranked = rank(&wanted, &options).into_iter();
    let shown = ranked.filter(|r| ask.takes(&[&r.project.name, &r.project.client])).map(|r| {
        Row::Candidate(Candidate {
            project: Named { id: r.project.id, name: r.project.name },
            client: r.project.client,
            certainty: match r.degree {
                Degree::Sure => Certainty::Sure,
                Degree::Likely => Certainty::Likely,
                Degree::Weak | Degree::None => Certainty::Weak,
            },
            reason: r.reason,
            archived: r.project.archived,
        })
    });
    ask.cut(shown.collect(), unfiltered)
}
