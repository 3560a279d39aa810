//! The picker: candidates for a link, ranked by the engine, narrowed by what is typed.

use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};
use tui_input::Input;

use crate::control::command::{Candidate, Price};
use crate::control::view::{LinkWord, Row};
use crate::domain::id::{Account, Service};
use crate::domain::mapping::SourceRef;

use super::{List, Model, Slot};

/// The state of the picker.
#[derive(Clone, Debug)]
pub struct Picker {
    /// The source project.
    pub source: SourceRef,
    /// Entries that wait for the link.
    pub waiting: u32,
    /// The version of the mapping that the prices are for.
    pub seen: String,
    /// Which of the snapshot's targets is picked for.
    pub target: usize,
    /// What is typed after `/`.
    pub typing: Option<Input>,
    /// The candidates shown, best first.
    pub ranked: Vec<Ranked>,
    /// The last price, with the candidate it is for.
    pub price: Option<(String, Price)>,
    /// The candidate whose price has been asked for.
    pub asked: Option<String>,
    /// The candidate that waits for a second `Enter`.
    pub again: Option<String>,
}

/// A candidate shown: its place in the page and the letters that matched.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ranked {
    /// Index in the candidates' view.
    pub index: usize,
    /// Matched characters of its name.
    pub hits: Vec<u32>,
}

impl Picker {
    /// A picker for a project and one of the targets.
    pub fn new(source: SourceRef, waiting: u32, seen: String, target: usize) -> Self {
        Self {
            source,
            waiting,
            seen,
            target,
            typing: None,
            ranked: Vec::new(),
            price: None,
            asked: None,
            again: None,
        }
    }

    /// The target account.
    pub fn target_account(&self, model: &Model) -> Option<Account> {
        model.targets().get(self.target).map(|t| t.account.clone())
    }

    /// What the target is called: its service, or its account where the service occurs twice.
    pub fn target_label(&self, model: &Model) -> String {
        model.target_label(self.target)
    }
}

impl Model {
    /// What a target is called: its service, or its account where the service occurs twice.
    pub fn target_label(&self, at: usize) -> String {
        let Some(target) = self.targets().get(at) else { return "the target".to_owned() };
        if self.targets().iter().filter(|t| t.service == target.service).count() > 1 {
            return target.account.to_string();
        }
        service_label(target.service).to_owned()
    }

    /// The project and target that a key of Mapping or its picker is about, with the link that is there.
    pub fn link_subject(&self) -> Option<(SourceRef, Account, Option<LinkWord>)> {
        if let Some(super::Drawer::Picker(picker)) = &self.drawer {
            let target = picker.target_account(self)?;
            let link = self.project(&picker.source).and_then(|p| p.links.get(picker.target)).cloned();
            return Some((picker.source.clone(), target, link));
        }
        let line = self.selected_project()?;
        let rank = |link: &LinkWord| match link {
            LinkWord::Unmapped => 0,
            LinkWord::Gone(_) => 1,
            LinkWord::Fallback(_) => 2,
            _ => 3,
        };
        let at = (0..line.links.len()).min_by_key(|at| line.links.get(*at).map(rank)).unwrap_or(0);
        let target = self.targets().get(at)?.account.clone();
        Some((line.source.clone(), target, line.links.get(at).cloned()))
    }

    /// The candidate selected in the picker.
    pub fn candidate(&self) -> Option<&Candidate> {
        let Some(super::Drawer::Picker(picker)) = &self.drawer else { return None };
        let ranked = picker.ranked.get(self.selected(List::Drawer))?;
        match self.views.row(Slot::Candidates, ranked.index)? {
            Row::Candidate(candidate) => Some(candidate),
            _ => None,
        }
    }

    /// Ranks the candidates by what is typed; without letters in the engine's order.
    pub fn rank(&mut self) {
        let Some(super::Drawer::Picker(picker)) = &mut self.drawer else { return };
        let (_, rows) = self.views.rows(Slot::Candidates);
        let typed = picker.typing.as_ref().map_or("", |t| t.value()).to_owned();
        picker.ranked = rank(rows, &typed);
    }
}

/// The service's name as people write it.
pub fn service_label(service: Service) -> &'static str {
    match service {
        Service::Toggl => "Toggl",
        Service::Clockify => "Clockify",
    }
}

fn rank(rows: &[Row], typed: &str) -> Vec<Ranked> {
    if typed.trim().is_empty() {
        return (0..rows.len()).map(|index| Ranked { index, hits: Vec::new() }).collect();
    }
    let mut matcher = Matcher::new(Config::DEFAULT);
    let pattern = Pattern::parse(typed, CaseMatching::Smart, Normalization::Smart);
    let mut scored: Vec<(u32, Ranked)> = rows
        .iter()
        .enumerate()
        .filter_map(|(index, row)| {
            let Row::Candidate(candidate) = row else { return None };
            // One text for both, so that letters of name and client can be mixed; only the name is marked.
            let text = format!("{} {}", candidate.project.name, candidate.client);
            let mut chars = Vec::new();
            let mut hits = Vec::new();
            let score = pattern.indices(Utf32Str::new(&text, &mut chars), &mut matcher, &mut hits)?;
            hits.sort_unstable();
            hits.dedup();
            Some((score, Ranked { index, hits }))
        })
        .collect();
    scored.sort_by_key(|(score, ranked)| (std::cmp::Reverse(*score), ranked.index));
    scored.into_iter().map(|(_, ranked)| ranked).collect()
}

#[cfg(test)]
mod tests {
    use crate::control::command::Certainty;
    use crate::domain::mapping::Named;

    use super::*;

    fn row(name: &str, client: &str) -> Row {
        Row::Candidate(Candidate {
            project: Named { id: name.into(), name: name.to_owned() },
            client: client.to_owned(),
            certainty: Certainty::Weak,
            reason: String::new(),
            archived: false,
        })
    }

    #[test]
    fn letters_narrow_by_name_and_client_and_mark_the_name() {
        let rows =
            [row("Harbor site", "Northwind"), row("Brand refresh", "Fernley & Co"), row("Audit", "Ferndale")];
        assert_eq!(rank(&rows, "").len(), 3);
        let found = rank(&rows, "fern");
        assert_eq!(found.iter().map(|r| r.index).collect::<Vec<_>>(), [1, 2]);
        let brand = rank(&rows, "bra");
        assert_eq!(brand[0].index, 1);
        assert_eq!(brand[0].hits, [0, 1, 2]);
        assert!(rank(&rows, "zzz").is_empty());
    }
}
