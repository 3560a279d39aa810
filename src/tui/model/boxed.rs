//! What is typed in the palette about deliveries: `verify SECRET` and `replay FROM TO`.

use crate::control::command::{Typed, Wish};

use super::Model;
use super::palette::{Choice, Run};

/// What is typed, as a choice, once it says enough.
pub fn choice(model: &Model, typed: &str) -> Option<Choice> {
    let (word, rest) = typed.split_once(' ')?;
    match word {
        "verify" => verify(model, rest.trim()),
        "replay" => replay(rest),
        _ => None,
    }
}

/// Where the secret of `verify SECRET` begins.
pub fn secret(typed: &str) -> Option<usize> {
    let rest = typed.trim_start_matches(':').trim_start().strip_prefix("verify ")?;
    Some(typed.len() - rest.len())
}

fn verify(model: &Model, secret: &str) -> Option<Choice> {
    let which = model.shown_delivery()?;
    let given = (!secret.is_empty()).then(|| Typed(secret.to_owned()));
    let help = match given {
        Some(_) => format!("Check the signature of delivery {which} with this secret; it is kept nowhere"),
        None => format!("Check the signature of delivery {which} · or paste another secret"),
    };
    let run = Run::Wish(Box::new(which.verify(given)));
    Some(Choice { name: "verify".to_owned(), help, hits: Vec::new(), run })
}

/// `replay 4700 4800`, once both numbers can be read.
fn replay(rest: &str) -> Option<Choice> {
    let mut words = rest.split_whitespace();
    let (from, to) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    let wish = |dry| Box::new(Wish::ReplayAll { from, to, filter: String::new(), dry });
    Some(Choice {
        name: format!("replay {from} {to}"),
        help: "Say first what applying these deliveries again would change".to_owned(),
        hits: Vec::new(),
        run: Run::Ask(wish(true), wish(false)),
    })
}
