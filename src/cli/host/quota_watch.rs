//! Tells the person's command when a bucket gets low, is dry, or is well again.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::hook_command::HookCommand;
use crate::cli::quota::quota_json;
use crate::config::settings::Hooks;
use crate::control::snapshot::Snapshot;
use crate::domain::threshold::{Level, is_news, level};
use crate::engine::Engine;

/// How often the meters are looked at.
const EVERY: Duration = Duration::from_secs(2);

/// Levels by account and bucket.
type Levels = BTreeMap<(String, String), Level>;

/// Watches until told to stop. Without a command there is nothing to do.
pub async fn watch(engine: Arc<Engine>, hooks: Hooks, cancel: CancellationToken) {
    let Some(line) = hooks.quota else { return };
    let command = HookCommand::start("quota", line);
    let mut levels = Levels::new();
    loop {
        tokio::select! { biased;
            () = cancel.cancelled() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
        if let Some(snapshot) = engine.snapshot() {
            for facts in news(&mut levels, &snapshot, hooks.quota_left) {
                command.tell(facts);
            }
        }
    }
}

/// What is news since the last look: the bucket as `hourwire quota --json` shows it, and its level.
fn news(levels: &mut Levels, snapshot: &Snapshot, percent: u32) -> Vec<Value> {
    let mut told = Vec::new();
    let shown = quota_json(snapshot);
    for (place, meter) in snapshot.meters.iter().enumerate() {
        let (Some(limit), Some(left)) = (meter.limit, meter.remaining) else { continue };
        let key = (meter.account.to_string(), meter.bucket.clone());
        let before = levels.get(&key).copied().unwrap_or_default();
        let now = level(before, left, limit, meter.waiting_until.is_some(), percent);
        if is_news(before, now) {
            let mut facts = shown["buckets"][place].clone();
            facts["level"] = serde_json::to_value(now).unwrap_or_default();
            told.push(facts);
        }
        levels.insert(key, now);
    }
    told
}
