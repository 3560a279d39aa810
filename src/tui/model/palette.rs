//! The palette: every action and every named command, found by a few letters.

use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};
use tui_input::Input;

use crate::control::command::{Typed, Wish};
use crate::domain::id::Account;

use super::super::keymap::{Action, offers};
use super::{List, Model, service_label};

/// The open palette.
#[derive(Clone, Debug)]
pub struct Palette {
    /// What is typed.
    pub input: Input,
    /// What fits, best first.
    pub choices: Vec<Choice>,
}

/// Something the palette can do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Its name, as typed.
    pub name: String,
    /// What it does.
    pub help: String,
    /// Characters of the name that matched.
    pub hits: Vec<u32>,
    /// What it does, for the program.
    pub run: Run,
}

/// What a choice runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Run {
    /// An action of the keymap.
    Action(Action),
    /// A wish to the engine.
    Wish(Box<Wish>),
    /// A dry run, then the real one after a yes.
    Ask(Box<Wish>, Box<Wish>),
    /// A theme, by its place.
    Theme(usize),
    /// Mouse reporting on or off.
    Mouse,
}

impl Palette {
    /// The palette with so much typed.
    pub fn open(model: &Model, typed: &str) -> Self {
        let mut palette = Self { input: typed.into(), choices: Vec::new() };
        palette.rank(model);
        palette
    }

    /// Finds the choices that fit what is typed.
    pub fn rank(&mut self, model: &Model) {
        let typed = self.input.value().trim_start_matches(':').to_owned();
        let found = backfill(&typed).or_else(|| token(model, &typed));
        let found = found.or_else(|| super::boxed::choice(model, &typed));
        if let Some(choice) = found.or_else(|| super::reshape::choice(model, &typed)) {
            self.choices = vec![choice];
            return;
        }
        let all = all(model);
        if typed.trim().is_empty() {
            self.choices = all;
            return;
        }
        let mut matcher = Matcher::new(Config::DEFAULT);
        let pattern = Pattern::parse(&typed, CaseMatching::Ignore, Normalization::Smart);
        let mut scored: Vec<(u32, usize, Choice)> = all
            .into_iter()
            .enumerate()
            .filter_map(|(at, mut choice)| {
                let mut chars = Vec::new();
                let mut hits = Vec::new();
                let score =
                    pattern.indices(Utf32Str::new(&choice.name, &mut chars), &mut matcher, &mut hits)?;
                hits.sort_unstable();
                hits.dedup();
                choice.hits = hits;
                Some((score, at, choice))
            })
            .collect();
        scored.sort_by_key(|(score, at, _)| (std::cmp::Reverse(*score), *at));
        self.choices = scored.into_iter().map(|(_, _, choice)| choice).collect();
    }

    /// What is typed, as it may be seen: a secret is shown by its length alone.
    pub fn shown(&self) -> Input {
        let typed = self.input.value();
        let secret = secret(typed).or_else(|| super::boxed::secret(typed));
        let Some(at) = secret else { return self.input.clone() };
        let hidden: String =
            typed.char_indices().map(|(index, c)| if index < at || c == ' ' { c } else { '*' }).collect();
        Input::new(hidden).with_cursor(self.input.cursor())
    }

    /// The theme under the cursor, tried on while it is there.
    pub fn tried_theme(&self, model: &Model) -> Option<usize> {
        match self.choices.get(model.selected(List::Palette))?.run {
            Run::Theme(at) if at < model.themes.len() => Some(at),
            _ => None,
        }
    }
}

/// `backfill 2026-03-01 2026-03-31`, once both days can be read.
fn backfill(typed: &str) -> Option<Choice> {
    let mut words = typed.split_whitespace();
    if words.next() != Some("backfill") {
        return None;
    }
    let (from, to) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    let wish = |dry| Box::new(Wish::Backfill { from, to, dry });
    Some(Choice {
        name: format!("backfill {from} {to}"),
        help: "Count and price it first".to_owned(),
        hits: Vec::new(),
        run: Run::Ask(wish(true), wish(false)),
    })
}

/// Where the third word of `token ACCOUNT …` begins.
fn secret(typed: &str) -> Option<usize> {
    let rest = typed.trim_start_matches(':').trim_start().strip_prefix("token ")?.trim_start();
    let after = rest.trim_start_matches(|c: char| !c.is_whitespace());
    Some(typed.len() - after.len())
}

/// `token HP`, and the new token after it.
fn token(model: &Model, typed: &str) -> Option<Choice> {
    let mut words = typed.split_whitespace();
    if words.next() != Some("token") {
        return None;
    }
    let name = words.next()?;
    let accounts = &model.snapshot.as_ref()?.accounts;
    let account = accounts
        .iter()
        .find(|a| a.name.as_str() == name)
        .or_else(|| accounts.iter().find(|a| a.tag.eq_ignore_ascii_case(name)))?;
    let token = words.next().map(|word| Typed(word.to_owned()));
    let help = match &token {
        Some(_) => format!("Ask {} whose it is, then let what waits go on", service_label(account.service)),
        None => "Enter fetches it again · or paste the new one".to_owned(),
    };
    Some(Choice {
        name: format!("token {}", account.tag),
        help,
        hits: Vec::new(),
        run: Run::Wish(Box::new(Wish::RenewToken { account: account.name.clone(), token })),
    })
}

fn all(model: &Model) -> Vec<Choice> {
    let choice =
        |name: String, help: &str, run: Run| Choice { name, help: help.to_owned(), hits: Vec::new(), run };
    let mut all = Vec::new();
    for offer in offers(model) {
        let spec = offer.action.spec();
        let moves = matches!(
            offer.action,
            Action::Palette
                | Action::Back
                | Action::Down
                | Action::Up
                | Action::PageDown
                | Action::PageUp
                | Action::Top
                | Action::Bottom
        );
        if offer.blocked.is_none() && !moves {
            all.push(choice(spec.name.replace('-', " "), spec.help, Run::Action(offer.action)));
        }
    }
    let mut wish = |name: &str, help: &str, wish: Wish| {
        all.push(choice(name.to_owned(), help, Run::Wish(Box::new(wish))));
    };
    wish("hold", "Stop sending to all targets; survives restarts", Wish::Hold { target: None });
    wish("release", "Resume sending to all targets", Wish::Release { target: None });
    for target in model.targets() {
        let account: &Account = &target.account;
        wish(
            &format!("hold {account}"),
            "Stop sending to this target",
            Wish::Hold { target: Some(account.clone()) },
        );
        wish(
            &format!("release {account}"),
            "Resume sending to this target",
            Wish::Release { target: Some(account.clone()) },
        );
    }
    wish("read", "Read the source now; one request", Wish::ReadNow);
    wish("take", "Make this engine the sender where another one holds it", Wish::Take);
    all.push(choice(
        "backfill".to_owned(),
        "Type two days after it: backfill 2026-03-01 2026-03-31",
        Run::Action(Action::Palette),
    ));
    for account in model.snapshot.iter().flat_map(|s| &s.accounts) {
        let help = match &account.trouble {
            Some(trouble) => format!("{trouble} · paste the new one after it"),
            None => "Fetch it again, or paste a new one after it".to_owned(),
        };
        let fetch = Wish::RenewToken { account: account.name.clone(), token: None };
        all.push(choice(format!("token {}", account.tag), &help, Run::Wish(Box::new(fetch))));
    }
    for (at, theme) in model.themes.iter().enumerate() {
        let help = if at == model.theme { format!("{} · in use", theme.about) } else { theme.about.clone() };
        all.push(choice(format!("theme {}", theme.name), &help, Run::Theme(at)));
    }
    let mouse = if model.mouse { "Leave the mouse to the terminal" } else { "Use the mouse here" };
    all.push(choice("mouse".to_owned(), mouse, Run::Mouse));
    all
}
