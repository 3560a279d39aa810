//! What a person decides about one bond. Of a conflict: what is sent shows its price first, what costs nothing is done
//! at once and can be undone.

use crate::control::command::Wish;

use super::super::model::Model;
use super::Effect;
use super::act::{ask, wish};

/// Ours wins, after its price was shown.
pub fn ours(model: &mut Model) -> Vec<Effect> {
    match decision(model, true) {
        Some((dry, real)) => ask(model, dry, real),
        None => Vec::new(),
    }
}

/// Theirs stays.
pub fn theirs(model: &mut Model) -> Vec<Effect> {
    match decision(model, false) {
        Some((_, real)) => wish(model, real),
        None => Vec::new(),
    }
}

/// Sends a failed entry again.
pub fn retry(model: &mut Model) -> Vec<Effect> {
    let Some(line) = model.selected_sync() else { return Vec::new() };
    let again = Wish::Retry { target: line.target.clone(), source: line.key.clone() };
    wish(model, again)
}

fn decision(model: &Model, keep_source: bool) -> Option<(Wish, Wish)> {
    let line = model.selected_sync()?;
    let of = |dry| Wish::Resolve { target: line.target.clone(), source: line.key.clone(), keep_source, dry };
    Some((of(true), of(false)))
}
