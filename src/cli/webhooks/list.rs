//! `hourwire webhooks list`.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde_json::{Value, json};

use super::health;
use crate::cli::exit::Outcome;
use crate::cli::{ask, print};
use crate::control::link::ViewerEnd;
use crate::control::snapshot::SubscriptionLine;
use crate::domain::health::Wanted;

/// Prints all subscriptions; 1 when one is not well.
pub async fn list(engine: &mut ViewerEnd, json: bool) -> Outcome {
    let snapshot = ask::snapshot(engine).await?;
    let (zone, lines) = (snapshot.tz(), snapshot.subscriptions);
    if json {
        print::json(&Value::from(lines.iter().map(as_json).collect::<Vec<_>>()));
    } else if lines.is_empty() {
        print::say(none(snapshot.public_address));
    } else {
        let head = ["state", "subscription", "name", "events", "last delivery", "why"].map(str::to_owned);
        let rows = lines.iter().map(|line| as_cells(line, zone));
        print::say(&print::table(&std::iter::once(head.to_vec()).chain(rows).collect::<Vec<_>>()));
        print::say(&format!("times in {zone}"));
        for line in &lines {
            if let Some(until) = line.overlap_until {
                print::say(&format!(
                    "{}/{}: two secrets hold; the one before is taken until {}",
                    line.at.account,
                    line.at.id,
                    stamp(until, zone)
                ));
            }
            for drift in &line.drift {
                print::say(&format!(
                    "{}/{} {}: ours {}, theirs {}",
                    line.at.account, line.at.id, drift.field, drift.ours, drift.theirs
                ));
            }
            // What its switches say stands in the state; the rest is news.
            for fact in line.facts.iter().skip(1).filter(|_| line.ours && !line.is_well()) {
                print::say(&format!("{}/{}: {fact}", line.at.account, line.at.id));
            }
            if line.ours && !line.upgrade.is_empty() {
                print::say(&format!("{}: {}; {}", line.at.account, line.plan, line.upgrade));
            }
        }
    }
    Ok(health(&lines))
}

/// With a public address the engine looks for one itself, or could not yet.
fn none(public_address: bool) -> &'static str {
    if public_address {
        "no subscription is known yet; `hourwire status` says what is in the way"
    } else {
        "there is no subscription, changes are read; one needs receiver.public_url"
    }
}

fn stamp(at: DateTime<Utc>, zone: Tz) -> String {
    at.with_timezone(&zone).format("%Y-%m-%d %H:%M").to_string()
}

fn as_cells(line: &SubscriptionLine, zone: Tz) -> Vec<String> {
    let last = line.last_delivery_at.map_or_else(|| "never".into(), |at| stamp(at, zone));
    vec![
        line.state.to_string(),
        format!("{}/{}", line.at.account, line.at.id),
        line.description.clone(),
        line.events.join(", "),
        last,
        line.cause.clone(),
    ]
}

fn as_json(line: &SubscriptionLine) -> Value {
    json!({
        "service": line.service,
        "account": line.at.account,
        "id": line.at.id,
        "description": line.description,
        "state": line.state.as_str(),
        "since": line.since,
        "checked_at": line.checked_at,
        "wanted": match line.wanted { Wanted::Enabled => "enabled", Wanted::Disabled => "disabled" },
        "ours": line.ours,
        "cause": line.cause,
        "events": line.events,
        "address": line.address,
        "secret": line.secret,
        "overlap_until": line.overlap_until,
        "edited_at": line.edited_at,
        "last_delivery_at": line.last_delivery_at,
        "last_bad_at": line.last_bad_at,
        "failures": line.failures,
        "refused": line.refused,
        "latency_s": line.latency_s,
        "drift": line.drift,
        "plan": line.plan,
        "upgrade": line.upgrade,
        "switches": line.flags.map(|flags| json!({
            "enabled": flags.enabled,
            "deliveryEnabled": flags.delivery,
            "planEnabled": flags.plan,
        })),
        "facts": line.facts,
    })
}

#[cfg(test)]
mod tests {
    use super::none;

    #[test]
    fn nothing_is_told_to_be_made_where_the_engine_makes_it() {
        assert!(none(true).starts_with("no subscription is known yet") && !none(true).contains("create"));
        assert!(none(false).contains("receiver.public_url"));
    }
}
