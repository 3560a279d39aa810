//! Tells the person's command when an incident opens and when it closes: one notice each, not one per failure.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::hook_command::HookCommand;
use crate::cli::status::incident_json;
use crate::config::settings::Hooks;
use crate::control::snapshot::IncidentLine;
use crate::engine::Engine;

/// How often the incidents are looked at.
const EVERY: Duration = Duration::from_secs(1);

/// Watches until told to stop. Without a command there is nothing to do.
pub async fn watch(engine: Arc<Engine>, hooks: Hooks, cancel: CancellationToken) {
    let Some(line) = hooks.incident else { return };
    let command = HookCommand::start("incident", line);
    let mut seen = Seen::default();
    loop {
        tokio::select! { biased;
            () = cancel.cancelled() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
        if let Some(snapshot) = engine.snapshot() {
            for facts in seen.news(&snapshot.incidents, snapshot.started_at) {
                command.tell(facts);
            }
        }
    }
}

/// What was told: incidents by number, and whether their end was.
#[derive(Default)]
struct Seen(BTreeMap<u64, bool>);

impl Seen {
    /// What is news since the last look, oldest first; `incidents` are newest first. What began before this engine
    /// was told by the one before.
    fn news(&mut self, incidents: &[IncidentLine], started_at: DateTime<Utc>) -> Vec<Value> {
        let mut told = Vec::new();
        for line in incidents.iter().rev() {
            let before = |at: DateTime<Utc>| at < started_at;
            let ended = line.closed_at.is_some();
            match self.0.get(&line.id).copied() {
                None if before(line.opened_at) => {
                    if line.closed_at.is_some_and(|at| !before(at)) {
                        told.push(facts(line, "close"));
                    }
                }
                None => {
                    told.push(facts(line, "open"));
                    if ended {
                        told.push(facts(line, "close"));
                    }
                }
                Some(false) if ended => told.push(facts(line, "close")),
                Some(_) => {}
            }
            self.0.insert(line.id, ended);
        }
        told
    }
}

/// The incident as `hourwire status --json` shows it, what happened to it, and its timeline.
fn facts(line: &IncidentLine, happened: &str) -> Value {
    let mut facts = incident_json(line);
    facts["happened"] = json!(happened);
    facts["subscription"] = json!(line.subscription);
    facts["timeline"] = json!(line.timeline);
    facts
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeZone;

    fn line(id: u64, opened: i64, closed: Option<i64>) -> IncidentLine {
        let at = |s: i64| Utc.timestamp_opt(1_772_452_800 + s, 0).unwrap();
        IncidentLine {
            id,
            kind: "subscription disabled".into(),
            subscription: None,
            opened_at: at(opened),
            began_at: None,
            closed_at: closed.map(at),
            cause: "HTTP 502 ×3".into(),
            recovered: 6,
            requests: 3,
            timeline: Vec::new(),
        }
    }

    fn told(seen: &mut Seen, incidents: Vec<IncidentLine>) -> Vec<String> {
        let started_at = Utc.timestamp_opt(1_772_452_800, 0).unwrap();
        let newest_first: Vec<IncidentLine> = incidents.into_iter().rev().collect();
        let news = seen.news(&newest_first, started_at);
        news.iter().map(|f| format!("{} {}", f["id"], f["happened"].as_str().unwrap_or_default())).collect()
    }

    #[test]
    fn each_incident_is_told_once_at_its_begin_and_once_at_its_end() {
        let mut seen = Seen::default();
        // 1 was over before this start, 2 was open then.
        let old = vec![line(1, -90, Some(-60)), line(2, -30, None)];
        assert!(told(&mut seen, old.clone()).is_empty());
        let more = [old.clone(), vec![line(3, 10, None)]].concat();
        assert_eq!(told(&mut seen, more.clone()), ["3 open"]);
        assert!(told(&mut seen, more).is_empty());
        let over = vec![
            line(1, -90, Some(-60)),
            line(2, -30, Some(20)),
            line(3, 10, Some(30)),
            line(4, 40, Some(41)),
        ];
        assert_eq!(told(&mut seen, over.clone()), ["2 close", "3 close", "4 open", "4 close"]);
        assert!(told(&mut seen, over).is_empty());
        assert_eq!(told(&mut Seen::default(), vec![line(2, -30, Some(20))]), ["2 close"]);
    }
}
