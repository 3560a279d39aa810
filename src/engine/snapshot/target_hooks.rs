//! The webhooks of targets for the screen, beside the subscriptions of sources and with facts of their own. The secret
//! part of an address is masked here, before it leaves the engine.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use secrecy::ExposeSecret as _;

use crate::control::command::SubscriptionRef;
use crate::control::snapshot::SubscriptionLine;
use crate::domain::clockify_hook::{left_out, slots};
use crate::domain::drift::masked;
use crate::domain::health::{SubState, Wanted};
use crate::domain::hook_drift::{self, is_away};
use crate::domain::id::{Account, Service};
use crate::domain::subscription::STALE;
use crate::domain::target_hook::{TargetHook, interval};
use crate::engine::desk::Desked;
use crate::engine::history::midnight;
use crate::engine::lobby::Refused;
use crate::engine::setup::event_label;
use crate::engine::state::State;
use crate::engine::target_guard::{self, keep, note};
use crate::engine::target_plan;

use super::subscriptions::note_refused;

/// So many in a row are no delivery that overtook our own new token.
const REFUSED: u32 = 2;
/// The receiver's words for a token that is not the kept one.
const WRONG: &str = "wrong signature";

/// All webhooks of all targets.
pub fn lines(
    state: &State,
    refused: &BTreeMap<String, Refused>,
    zone: Tz,
    now: DateTime<Utc>,
) -> Desked<Vec<SubscriptionLine>> {
    let mut lines = Vec::new();
    for target in &state.setup.targets {
        let hooks = keep::hooks(&state.desk, &target.account)?;
        let care = keep::care_of(&state.desk, &target.account)?;
        let mut of = Target::new(state, &target.account, &hooks, care.count);
        if let Some(what) = target_plan::crowded(&state.desk, &target.account, &of.plan)? {
            let since = target_plan::since(&state.desk, &target.account)?;
            let read = state.profile(&target.account).map_or(now, |profile| profile.read_at);
            let when = care.waits_until.filter(|until| *until > now);
            let when = when.map_or_else(
                || "soon".to_owned(),
                |at| at.with_timezone(&zone).format("at %H:%M").to_string(),
            );
            let say = format!("{what}; which ones Clockify switched off is listed {when}");
            of.crowded = Some(Crowded { since: since.unwrap_or(read), what, say });
        }
        for hook in &hooks {
            let mut line = line(state, &of, hook, zone, now);
            let label = event_label(&target.account, hook.event.as_str());
            if let Some(refused) = refused.get(&label).filter(|_| hook.ours) {
                note_refused(&mut line, refused);
                deaf(&mut line, hook, refused);
            }
            lines.push(line);
        }
    }
    Ok(lines)
}

/// A token that was made elsewhere: one delivery after the other is refused since ours was kept. Whoever knows the
/// address can cause it, so it is shown, and only a key acts on it.
fn deaf(line: &mut SubscriptionLine, hook: &TargetHook, refused: &Refused) {
    let told = line.drift.iter().any(|drift| drift.field == hook_drift::SECRET);
    let newer = hook.token_at.is_none_or(|at| refused.at > at);
    let active = matches!(line.state, SubState::Active | SubState::Unknown | SubState::Drifted);
    if !told && newer && active && refused.in_a_row >= REFUSED && refused.why == WRONG {
        line.drift.push(hook_drift::another_token());
        if line.state != SubState::Drifted {
            (line.state, line.since) = (SubState::Drifted, refused.at);
        }
    }
}

/// The plan got smaller since the webhooks were listed: which of them are off is not known.
struct Crowded {
    since: DateTime<Utc>,
    what: String,
    say: String,
}

/// What all webhooks of a target have in common.
struct Target<'a> {
    account: &'a Account,
    plan: String,
    fresh: TimeDelta,
    used: String,
    untold: String,
    crowded: Option<Crowded>,
}

impl<'a> Target<'a> {
    fn new(state: &State, account: &'a Account, hooks: &[TargetHook], count: usize) -> Self {
        let profile = state.profile(account);
        let plan = profile.map(|p| p.plan.clone()).unwrap_or_default();
        let free = profile.is_none_or(|p| p.free);
        let room = slots(&plan);
        let used = count.max(hooks.len());
        let name = if free { "Free".to_owned() } else { plan.clone() };
        let told = hooks.iter().filter(|hook| hook.tells());
        let told: Vec<_> = told.map(|hook| &hook.event).collect();
        let untold: Vec<String> =
            left_out(0).iter().filter(|event| !told.contains(event)).map(|event| event.short()).collect();
        Self {
            account,
            fresh: if free { interval(free) + STALE } else { STALE },
            used: format!("{used} of {} on {name}", room.workspace),
            untold: untold.join(", "),
            crowded: None,
            plan,
        }
    }
}

fn line(state: &State, of: &Target<'_>, hook: &TargetHook, zone: Tz, now: DateTime<Utc>) -> SubscriptionLine {
    let known = hook.state(now, of.fresh);
    let perhaps_on = matches!(known, SubState::Active | SubState::Unknown);
    // A delivery since then shows that this one has its place.
    let crowded =
        of.crowded.as_ref().filter(|c| perhaps_on && hook.last_delivery_at.is_none_or(|at| at < c.since));
    let word = if crowded.is_some() { SubState::Unknown } else { known };
    let unknown = word == SubState::Unknown;
    // What the plan has no room for is nobody's fault and nothing to mend.
    let spare = hook.spare && word == SubState::DisabledByPlan;
    SubscriptionLine {
        at: SubscriptionRef::new(of.account, &hook.id),
        service: Service::Clockify,
        description: hook.name.clone(),
        state: word,
        since: match crowded {
            Some(crowded) => crowded.since,
            None if unknown => hook.known_at() + of.fresh,
            None => hook.since,
        },
        checked_at: Some(hook.checked_at),
        wanted: if spare { Wanted::Disabled } else { hook.wanted },
        ours: hook.ours,
        cause: crowded.map_or_else(
            || cause(hook, word).to_owned(),
            |crowded| crowded.what.replace("the plan has ", ""),
        ),
        events: vec![hook.event.as_str().to_owned()],
        address: masked(&hook.url),
        last_delivery_at: hook.last_delivery_at,
        today: today(hook, zone, now),
        spark: hook.spark(now),
        latency_s: None,
        latency_spark: Vec::new(),
        drift: hook.drift.clone(),
        edited_at: None,
        last_bad_at: hook.last_bad_at,
        failures: 0,
        refused: String::new(),
        secret: secret(state, of.account, hook),
        overlap_until: None,
        plan: of.used.clone(),
        upgrade: String::new(),
        proposed: Vec::new(),
        flags: Some(hook.flags),
        facts: crowded.map(|c| c.say.clone()).into_iter().chain(facts(of, hook, word, zone)).collect(),
    }
}

/// Why nothing comes, for a narrow column.
fn cause(hook: &TargetHook, word: SubState) -> &'static str {
    match word {
        SubState::DisabledByFailures if is_away(&hook.drift) => "changed by a person",
        SubState::DisabledByFailures => "by failures",
        SubState::DisabledByPlan => "by the plan",
        SubState::Off => "by a person",
        _ => "",
    }
}

/// What a person should know about it, a sentence each.
fn facts(of: &Target<'_>, hook: &TargetHook, word: SubState, zone: Tz) -> Vec<String> {
    let yes = |is: bool| if is { "yes" } else { "no" };
    let flags = hook.flags;
    let mut facts = vec![format!(
        "enabled {} · deliveryEnabled {} · planEnabled {}",
        yes(flags.enabled),
        yes(flags.delivery),
        yes(flags.plan)
    )];
    if is_away(&hook.drift) {
        facts.push(
            "changed in the web page: it is left alone until a key decides, < for ours or > for theirs"
                .into(),
        );
    }
    facts.extend(match word {
        _ if is_away(&hook.drift) => None,
        SubState::DisabledByFailures => Some(
            "its deliveries failed too often: it is deleted and made anew as soon as our address answers"
                .into(),
        ),
        SubState::DisabledByPlan => Some(format!("{}; an upgrade switches it on", note::reason(&of.plan))),
        SubState::Off => Some("a person switched it off: it is left so; R makes it anew".into()),
        _ => None,
    });
    if hook.ours && !of.untold.is_empty() {
        facts.push(format!("not told: {}", of.untold));
    }
    if let Some(log) = &hook.log {
        let clock = |at: &DateTime<Utc>| at.with_timezone(&zone).format("%-d %b %H:%M").to_string();
        facts.push(format!("log read {}: {}", clock(&log.at), log.say()));
        facts.extend(log.lines.iter().map(|(at, answer)| format!("  {}  {answer}", clock(at))));
    }
    facts
}

/// The last four signs of its token.
fn secret(state: &State, account: &Account, hook: &TargetHook) -> String {
    let Some(token) = target_guard::token(state, account, hook) else { return String::new() };
    let signs: Vec<char> = token.expose_secret().chars().collect();
    let end: String = signs[signs.len().saturating_sub(4)..].iter().collect();
    format!("····{end}")
}

/// Deliveries of the slots of two hours that begin today.
fn today(hook: &TargetHook, zone: Tz, now: DateTime<Utc>) -> u32 {
    let day = now.with_timezone(&zone).date_naive();
    let Some(from) = midnight(day, zone) else { return 0 };
    hook.recent.iter().filter(|(slot, _)| slot * 7_200 >= from.timestamp()).map(|(_, n)| n).sum()
}
