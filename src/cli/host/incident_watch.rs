//! Tells the person's command when an incident opens and when it closes: one notice each, not one per failure. Each is
//! told at least once: what was told is marked in the ledger after the command ran, and a kill in between tells it again.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::hook_command::HookCommand;
use crate::cli::status::incident_json;
use crate::config::settings::Hooks;
use crate::control::snapshot::{IncidentLine, Snapshot};
use crate::domain::incident_told::{Happened, Span, Told};
use crate::engine::{DeskError, Engine};

/// How often the incidents are looked at.
const EVERY: Duration = Duration::from_secs(1);

/// Watches until told to stop. Without a command there is nothing to do.
pub async fn watch(engine: Arc<Engine>, hooks: Hooks, cancel: CancellationToken) {
    let Some(line) = hooks.incident else { return };
    let command = HookCommand::start("incident", line);
    // Handed to the command in this run, marked or not yet.
    let mut handed = BTreeSet::new();
    loop {
        tokio::select! { biased;
            () = cancel.cancelled() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
        let Some(snapshot) = engine.snapshot() else { continue };
        match told(&engine, &snapshot) {
            Ok(told) => hand_over(&engine, &command, &snapshot, &told, &mut handed),
            // The cache is being rebuilt: nothing is lost, it is looked at again.
            Err(error) => tracing::debug!(%error, "incidents are told later"),
        }
    }
}

/// What was told; at the first start with a command nothing that was before is news.
fn told(engine: &Engine, snapshot: &Snapshot) -> Result<Told, DeskError> {
    if let Some(told) = engine.incidents_told()? {
        return Ok(told);
    }
    let told = Told::first(snapshot.incidents.iter().map(span), snapshot.started_at);
    engine.begin_incidents_told(&told)?;
    Ok(told)
}

fn hand_over(
    engine: &Arc<Engine>,
    command: &HookCommand,
    snapshot: &Snapshot,
    told: &Told,
    handed: &mut BTreeSet<(u64, Happened)>,
) {
    for line in snapshot.incidents.iter().rev() {
        for happened in told.due(span(line), snapshot.now) {
            if handed.contains(&(line.id, happened)) {
                continue;
            }
            let (marking, id) = (engine.clone(), line.id);
            let ran = Box::new(move || {
                if let Err(error) = marking.incident_was_told(id, happened) {
                    tracing::warn!(id, %error, "an incident may be told twice");
                }
            });
            if !command.tell_then(facts(line, happened), ran) {
                // In its turn at the next look, so that an end never comes before its begin.
                return;
            }
            handed.insert((line.id, happened));
        }
    }
}

fn span(line: &IncidentLine) -> Span {
    Span { id: line.id, opened_at: line.opened_at, closed_at: line.closed_at }
}

/// The incident as `hourwire status --json` shows it, what happened to it, and its timeline.
fn facts(line: &IncidentLine, happened: Happened) -> Value {
    let mut facts = incident_json(line);
    facts["happened"] = json!(happened.as_str());
    facts["subscription"] = json!(line.subscription);
    facts["timeline"] = json!(line.timeline);
    facts
}
