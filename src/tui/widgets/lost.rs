//! What the price line says while there is no engine: what happens next, and what a person can do.

use super::super::keymap::Action;
use super::super::model::{Connection, Model, Outlook};
use super::super::text::clock;

/// The sentence; `None` while there is an engine.
pub fn say(model: &Model) -> Option<String> {
    let Connection::Lost { since, retry_s, why } = &model.connection else { return None };
    let again =
        if *retry_s == 0 { "trying again".to_owned() } else { format!("trying again in {retry_s} s") };
    if model.snapshot.is_none() {
        return Some(format!("{why} · {again}"));
    }
    let showing = format!("showing {}", clock(*since, model.zone()));
    if model.host() == "demo" {
        return Some(format!("{showing} · {why} · leave and start the demo again"));
    }
    let key = model.keymap.shown(Action::StartEngine).unwrap_or_else(|| ":start engine".to_owned());
    let failed = model.revival.failed.as_deref().map(|why| format!("{} · ", why.replace('\n', " ")));
    let failed = failed.unwrap_or_default();
    let next = match model.outlook() {
        Outlook::Starting => format!("engine lost · starting it again · {failed}"),
        Outlook::At(due) => {
            let left = (due - model.now).num_seconds().max(1);
            format!("engine lost · {failed}starting it again in {left} s · ")
        }
        Outlook::GivenUp(times) => {
            format!("the engine ended {times} times in a row · {failed}{key} starts it again · ")
        }
        Outlook::Stopped => format!("the engine was stopped · {key} starts it again · "),
        Outlook::Theirs => {
            format!("engine lost · {failed}`hourwire serve` or {key} starts it · ")
        }
    };
    Some(format!("{next}{showing} · changes wait"))
}
