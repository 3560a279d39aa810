//! Which deliveries a filter means: by their words and ids, by the names of who and what they are about, and by the day
//! and the time they came, as the list shows them.

use std::fmt::Write as _;

use chrono::{DateTime, Datelike as _, Timelike as _, Utc};
use chrono_tz::Tz;

use super::{Ask, deliveries};
use crate::control::view::DeliveryLine;
use crate::domain::catalogue::Kind;
use crate::domain::id::Account;
use crate::engine::black_box::{Index, Line, Named};
use crate::engine::intake::DeadLetter;
use crate::engine::names::initials;
use crate::engine::state::State;
use crate::engine::{Engine, labels};

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// A word of a filter, with what it names.
struct Word {
    text: String,
    /// It may be a part of a day or a time.
    moment: bool,
    /// Whether it names a hook, by the hook's place.
    hooks: Vec<bool>,
    /// Whether it names what a body has as an id alone, by its place.
    named: Vec<bool>,
}

/// What a filter looks for. It holds for the index it was made for.
pub struct Sought {
    words: Vec<Word>,
    zone: Tz,
}

impl Sought {
    /// Looks the names up once, not for each delivery.
    pub fn of(state: &State, index: &Index, ask: &Ask) -> Self {
        let accounts: Vec<Option<Account>> =
            index.hooks.iter().map(|label| labels::account(state, label)).collect();
        let hooks: Vec<String> = index
            .hooks
            .iter()
            .zip(&accounts)
            .map(|(label, account)| {
                format!("{label}\n{}", account.as_ref().map_or("", Account::as_str)).to_lowercase()
            })
            .collect();
        let named: Vec<String> = if ask.takes_all() {
            Vec::new()
        } else {
            index.named.iter().map(|named| name(state, &accounts, named)).collect()
        };
        let word = |text: &String| Word {
            text: text.clone(),
            moment: may_be_moment(text),
            hooks: hooks.iter().map(|hook| hook.contains(text)).collect(),
            named: named.iter().map(|name| name.contains(text)).collect(),
        };
        Self { words: ask.words.iter().map(word).collect(), zone: Engine::shown_zone(state) }
    }

    /// Whether a kept delivery is meant.
    pub fn takes(&self, line: &Line, dead: Option<&DeadLetter>) -> bool {
        let verdict = deliveries::word(line, dead.is_some());
        let is_at = |places: &[bool], at: usize| places.get(at).is_some_and(|found| *found);
        self.words.iter().all(|word| {
            line.text.contains(&word.text)
                || is_at(&word.hooks, line.hook)
                || line.named().any(|at| is_at(&word.named, at))
                || verdict.contains(&word.text)
                || (word.moment && self.is_when(word, line.at))
                || is_number(&word.text, line.seq)
                || dead.is_some_and(|letter| letter.reason.to_lowercase().contains(&word.text))
        })
    }

    /// Whether one is meant that is not in the index.
    pub fn takes_other(&self, line: &DeliveryLine) -> bool {
        let texts = [&line.verdict, &line.reason, &line.about, &line.summary].map(|text| text.to_lowercase());
        self.words.iter().all(|word| {
            texts.iter().any(|text| text.contains(&word.text))
                || (word.moment && self.is_when(word, line.at))
                || line.seq.is_some_and(|seq| is_number(&word.text, seq))
                || line.refused.is_some_and(|number| word.text == format!("r{number}"))
        })
    }

    fn is_when(&self, word: &Word, at: DateTime<Utc>) -> bool {
        moment(at, self.zone).contains(&word.text)
    }
}

/// `harbor site` and its client, `ida kern` and `ik`.
fn name(state: &State, accounts: &[Option<Account>], named: &Named) -> String {
    let Some(account) = accounts.get(named.hook).and_then(Option::as_ref) else { return String::new() };
    let text = if named.kind == Kind::User {
        let name = state.user_name(account, &named.id);
        format!("{name}\n{}", initials(&name))
    } else {
        let Some(item) = state.item(account, named.kind, &named.id) else { return String::new() };
        format!("{}\n{}", item.name, state.client_name(account, item))
    };
    text.to_lowercase()
}

fn is_number(word: &str, seq: u64) -> bool {
    word.bytes().all(|b| b.is_ascii_digit()) && seq.to_string().contains(word)
}

/// Most words are none: their deliveries are not asked for the time they came.
fn may_be_moment(word: &str) -> bool {
    let digits = word.split(|c: char| !c.is_ascii_digit()).map(str::len).max().unwrap_or(0);
    (1..=4).contains(&digits) || MONTHS.contains(&word) || DAYS.contains(&word)
}

/// `2026-11-21 05:10:12 sat 21nov 21 nov`: in the forms that are shown and typed.
fn moment(at: DateTime<Utc>, zone: Tz) -> String {
    let local = at.with_timezone(&zone).naive_local();
    let (day, name) = (local.day(), MONTHS[local.month0() as usize % 12]);
    let weekday = DAYS[local.weekday().num_days_from_monday() as usize % 7];
    let mut text = String::with_capacity(48);
    // Writing to a string does not fail.
    let _ = write!(
        text,
        "{}-{:02}-{day:02} {:02}:{:02}:{:02} {weekday} {day}{name} {day} {name}",
        local.year(),
        local.month(),
        local.hour(),
        local.minute(),
        local.second()
    );
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeZone as _;

    #[test]
    fn a_moment_is_told_in_the_zone_and_in_the_forms_that_are_typed() {
        let at = Utc.with_ymd_and_hms(2026, 11, 21, 4, 10, 12).unwrap();
        let text = moment(at, chrono_tz::Europe::Berlin);
        for typed in ["2026-11-21", "2026-11", "05:10", "05:10:12", "21nov", "nov", "sat"] {
            assert!(text.contains(typed) && may_be_moment(typed), "{typed} in {text}");
        }
        assert!(moment(at, chrono_tz::America::New_York).contains("2026-11-20 23:10:12 fri 20nov"));
        for word in ["2220005", "harbor", "w30000w", "november"] {
            assert!(!may_be_moment(word), "{word}");
        }
    }
}
