//! The black box: applying deliveries again, one or many, and checking one with any secret.

use secrecy::{ExposeSecret as _, SecretString};

use crate::control::command::{Price, Reply};
use crate::domain::signature;
use crate::engine::desk::Desked;
use crate::engine::replay::{Replayed, replay as again};
use crate::engine::views::refused::{self, Proof};
use crate::engine::views::sought::Sought;
use crate::engine::views::{Ask, deliveries, delivery};
use crate::engine::{Shared, labels};

use super::{Answered, because, entries};

/// More than this at once is narrowed first: the engine has other work.
const MANY: usize = 2_000;

/// Applies a delivery again, or says what that would change. What has not changed stays.
pub fn replay(engine: &Shared, seq: u64, dry: bool) -> Answered {
    let Some(replayed) = again(engine, seq, dry)? else {
        return because(format!("delivery {seq} is not kept any more"));
    };
    if let Some(reason) = &replayed.dead {
        return because(format!("delivery {seq} still cannot be used: {reason}"));
    }
    let what = what(&replayed);
    Ok(if dry {
        price(&replayed, format!("delivery {seq} would change {what}"))
    } else if replayed == Replayed::default() {
        Reply::Done { say: format!("delivery {seq} applied again: nothing changed") }
    } else {
        Reply::Done { say: format!("delivery {seq} applied again: {}", done(&replayed)) }
    })
}

/// Applies all deliveries of a range that hold the words of a filter, oldest first.
pub fn replay_all(engine: &Shared, from: u64, to: u64, filter: &str, dry: bool) -> Answered {
    let chosen = chosen(engine, from, to, filter)?;
    if chosen.len() > MANY {
        return because(format!(
            "{} deliveries are meant; narrow the filter or the range to {MANY} at most",
            chosen.len()
        ));
    }
    let (mut sum, mut dead) = (Replayed::default(), 0);
    for seq in &chosen {
        let Some(one) = again(engine, *seq, dry)? else { continue };
        sum.entries += one.entries;
        sum.items += one.items;
        sum.looks += one.looks;
        dead += usize::from(one.dead.is_some());
    }
    let still = if dead == 0 { String::new() } else { format!(" · {dead} still cannot be used") };
    let (count, what) = (chosen.len(), what(&sum));
    Ok(match (dry, sum.entries + sum.items + sum.looks) {
        (true, _) => price(&sum, format!("{count} deliveries would change {what}{still}")),
        (false, 0) => {
            Reply::Done { say: format!("{count} deliveries applied again: nothing changed{still}") }
        }
        (false, _) => Reply::Done { say: format!("{count} deliveries applied again: {}{still}", done(&sum)) },
    })
}

fn chosen(engine: &Shared, from: u64, to: u64, filter: &str) -> Desked<Vec<u64>> {
    let ask = Ask::words(filter);
    let state = engine.state();
    let dead = deliveries::dead(&state)?;
    let index = engine.black_box.index();
    let sought = Sought::of(&state, &index, &ask);
    let within = index.lines.iter().filter(|line| (from..=to).contains(&line.seq));
    Ok(within.filter(|l| sought.takes(l, dead.get(&l.seq))).map(|l| l.seq).collect())
}

fn what(replayed: &Replayed) -> String {
    let looks = match replayed.looks {
        0 => String::new(),
        looks => format!("; {} to look at in the target, a request each", entries(looks)),
    };
    let what = match (replayed.entries, replayed.items) {
        (0, 0) if replayed.looks == 0 => "nothing: all of it is known".to_owned(),
        (0, 0) => "nothing by itself".to_owned(),
        (0, items) => format!("{items} of projects, clients, tags and people"),
        (some, _) => entries(some),
    };
    format!("{what}{looks}")
}

/// The same, when it has been done.
fn done(replayed: &Replayed) -> String {
    if replayed.entries + replayed.items == 0 {
        return format!("{} looked at in the target", entries(replayed.looks));
    }
    let what = what(&Replayed { looks: 0, ..replayed.clone() });
    match replayed.looks {
        0 => format!("{what} changed"),
        looks => format!("{what} changed, {} looked at in the target", entries(looks)),
    }
}

fn price(replayed: &Replayed, say: String) -> Reply {
    let moves = u32::try_from(replayed.entries).unwrap_or(u32::MAX);
    let requests = u32::try_from(replayed.looks).unwrap_or(u32::MAX);
    Reply::Price(Price { moves, requests, say, ..Price::default() })
}

/// Checks a kept delivery with a given secret, or with those that hold now.
pub fn verify(engine: &Shared, seq: u64, secret: Option<&str>) -> Answered {
    let Some(delivered) = delivery::stored(engine, seq)? else {
        return because(format!("delivery {seq} is not kept any more"));
    };
    let secrets: Vec<(&str, SecretString)> = match secret {
        Some(given) => vec![("given", given.into())],
        None => labels::secrets(&engine.state(), &delivered.hook),
    };
    let mut asked = None;
    for (which, secret) in secrets {
        let secret = secret.expose_secret().as_bytes();
        match signature::was_signed_with(&delivered.headers, &delivered.body, secret) {
            Some(true) => {
                return Ok(Reply::Done { say: format!("delivery {seq} was signed with the {which} secret") });
            }
            other => asked = other.or(asked),
        }
    }
    match asked {
        Some(_) => because(format!("delivery {seq} was not signed with that secret")),
        None => because(format!("the signature of delivery {seq} was not kept; it was checked when it came")),
    }
}

/// Checks one that was refused at the door with a given secret, or with those that hold now.
pub fn verify_refused(engine: &Shared, number: u64, secret: Option<&str>) -> Answered {
    let Some(one) = refused::one(engine, number) else {
        return because(format!("refused delivery r{number} is not kept any more"));
    };
    let secrets = match secret {
        Some(given) => vec![("given".to_owned(), given.into())],
        None => refused::secrets(&engine.state(), &one),
    };
    match refused::prove(&one, secrets) {
        Proof::By(which) => Ok(Reply::Done {
            say: format!("r{number} was signed with the {which} secret; it was refused for: {}", one.reason),
        }),
        Proof::None if secret.is_some() => because(format!("r{number} was not signed with that secret")),
        Proof::None => because(format!("r{number} was signed with no secret that holds now")),
        Proof::Unsigned => because(format!("r{number} has no signature that could be checked")),
        Proof::Cut => {
            because(format!("the body of r{number} is not kept in full; its signature cannot be checked"))
        }
    }
}
