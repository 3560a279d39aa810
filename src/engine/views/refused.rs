//! One delivery that was refused at the door: why, its headers, its body, and whether it would be believed now.

use std::sync::Arc;

use secrecy::{ExposeSecret as _, SecretString};

use super::delivery::{Facts, body};
use super::{Ask, Rows};
use crate::control::view::Row;
use crate::domain::delivery::Rejected;
use crate::domain::signature;
use crate::engine::state::State;
use crate::engine::{Engine, labels};

/// What a secret says of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proof {
    /// It was signed with the one of this name.
    By(String),
    /// With none of them.
    None,
    /// It has no signature that could be checked.
    Unsigned,
    /// Too little of it is kept.
    Cut,
}

/// Those that are kept, newest first.
pub fn all(engine: &Engine) -> Vec<Arc<Rejected>> {
    engine.lobby.facts().rejected.map(|facts| facts()).unwrap_or_default()
}

/// One by its number, if it is kept still.
pub fn one(engine: &Engine, number: u64) -> Option<Arc<Rejected>> {
    all(engine).into_iter().find(|one| one.number == number)
}

/// Checks it with secrets by their names.
pub fn prove(one: &Rejected, secrets: Vec<(String, SecretString)>) -> Proof {
    let mut told = Proof::Unsigned;
    for (which, secret) in secrets {
        match signature::was_signed_with(&one.headers, &one.body, secret.expose_secret().as_bytes()) {
            Some(true) => return Proof::By(which),
            Some(false) => told = Proof::None,
            None => {}
        }
    }
    let token = one.headers.iter().any(|(name, _)| name == signature::TOKEN_DIGEST);
    if told == Proof::None && !token && !one.is_whole() { Proof::Cut } else { told }
}

/// The secrets that hold now at its address; at an address of nobody, those of all.
pub fn secrets(state: &State, one: &Rejected) -> Vec<(String, SecretString)> {
    let named = |label: &str| {
        let secrets = labels::secrets(state, label);
        secrets.into_iter().map(|(which, secret)| (which.to_owned(), secret)).collect::<Vec<_>>()
    };
    if !one.hook.is_empty() {
        return named(&one.hook);
    }
    let of =
        |label: String| named(&label).into_iter().map(move |(which, s)| (format!("{label}'s {which}"), s));
    labels::all(state).into_iter().flat_map(of).collect()
}

/// The window; empty when it is not kept any more.
pub fn rows(engine: &Engine, state: &State, ask: &Ask, number: u64) -> Rows {
    let Some(one) = one(engine, number) else { return Rows::default() };
    let zone = Engine::shown_zone(state);
    let mut facts = Facts::default();
    facts.add("verdict", "rejected", one.reason);
    let when = one.at.with_timezone(&zone).format("%a %-d %b %Y %H:%M:%S%.3f").to_string();
    facts.add("received", when, "answered 401; kept in memory, nothing was applied");
    match one.hook.as_str() {
        "" => facts.add("hook", "none", "no hook has the address it came to"),
        label => facts.add("hook", label, "its address was known"),
    }
    let (value, why) = match prove(&one, secrets(state, &one)) {
        Proof::By(which) => (format!("with the {which} secret"), "checked now"),
        Proof::None => ("not with a secret that holds now".into(), "checked now; v checks again"),
        Proof::Unsigned => ("no".into(), "it has no signature that could be checked"),
        Proof::Cut => ("cannot be told".into(), "its body is not kept in full"),
    };
    facts.add("signed", value, why);
    for (name, value) in &one.headers {
        facts.add(name.clone(), value.clone(), "header");
    }
    if !one.is_whole() {
        facts.add("kept", format!("the first {} bytes", one.body.len()), format!("of {}", one.size));
    }
    body(&mut facts, &one.body);
    let unfiltered = facts.0.len();
    let shown = facts.0.into_iter().filter(|l| ask.takes(&[&l.label, &l.value, &l.why]));
    ask.cut(shown.map(Row::Detail).collect(), unfiltered)
}
