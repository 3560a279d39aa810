//! What goes wrong on purpose: deliveries that suffer, answers that lie. The form of `PUT /faults`.

use std::time::Duration;

use rand::Rng;
use rand::rngs::StdRng;
use serde::{Deserialize, Serialize};

use super::clockify::Invented;
use super::toggl::{DeletedPayload, Habits};
use crate::domain::id::Service;

/// All faults; the default is a good day.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Faults {
    /// What happens to deliveries.
    pub deliveries: Deliveries,
    /// What happens to answers; the first rule that matches and wins its draw applies.
    pub answers: Vec<AnswerRule>,
    /// Answers come without the quota's headers.
    pub hide_quota: bool,
    /// Share of Toggl's refusals sent as `text/plain` instead of a JSON string.
    pub plain_errors: f64,
}

/// What happens to deliveries. Shares are probabilities from 0 to 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Deliveries {
    /// Lost without counting as an attempt.
    pub drop: f64,
    /// Sent a second time after success, half of them byte for byte.
    pub duplicate: f64,
    /// Held back so that later ones overtake it.
    pub reorder: f64,
    /// Shortest and longest delay in seconds.
    pub delay_s: [f64; 2],
    /// Attempts with a wrong signature or token.
    pub bad_signature: f64,
    /// Attempts that a proxy in between answers with 502.
    pub fail: f64,
    /// Events are lost; PINGs work.
    pub only_pings: bool,
    /// Seconds before each further attempt.
    pub retry_s: Vec<f64>,
    /// Failures in a row that disable a subscription; 0 is never.
    pub disable_after: u32,
    /// The payload of `deleted` events.
    pub deleted_payload: DeletedPayload,
    /// How many filters one with a `*` counts for.
    pub wildcard_cost: u32,
    /// Whether the delivery history exists.
    pub history: bool,
    /// Only this service's deliveries suffer; left out is all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<Service>,
    /// The same as `retry_s`, for Clockify.
    pub clockify_retry_s: Vec<f64>,
    /// The same as `disable_after`, for Clockify.
    pub clockify_disable_after: u32,
}

impl Default for Deliveries {
    fn default() -> Self {
        let habits = Habits::default();
        let invented = Invented::default();
        Self {
            drop: 0.0,
            duplicate: 0.0,
            reorder: 0.0,
            delay_s: [0.0, 0.0],
            bad_signature: 0.0,
            fail: 0.0,
            only_pings: false,
            retry_s: vec![5.0, 20.0],
            disable_after: 3,
            deleted_payload: habits.deleted_payload,
            wildcard_cost: habits.wildcard_cost,
            history: habits.history,
            service: None,
            clockify_retry_s: invented.retry_s.to_vec(),
            clockify_disable_after: invented.disable_after,
        }
    }
}

impl Deliveries {
    /// These faults concern a service.
    fn concern(&self, service: Service) -> bool {
        self.service.is_none_or(|only| only == service)
    }

    fn retries(&self, service: Service) -> &[f64] {
        match service {
            Service::Toggl => &self.retry_s,
            Service::Clockify => &self.clockify_retry_s,
        }
    }
}

/// Which answers go wrong, and how.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnswerRule {
    /// Only this service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<Service>,
    /// Only this method.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// Only paths that contain this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Probability; left out is 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share: Option<f64>,
    /// What happens.
    #[serde(rename = "do")]
    pub act: Act,
    /// How often still; left out is without limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u32>,
}

/// What happens to an answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Act {
    /// Nothing is done; this status is the answer. `429` and `402` are short for themselves.
    Status(u16),
    /// Nothing is done; 429 with a `Retry-After` of so many seconds.
    Slow(u32),
    /// It is done, then this status is the answer.
    Done(u16),
    /// It is done, then the connection drops.
    Lost,
    /// Nothing is done; the connection drops.
    Reset,
    /// It is done; the answer comes so many seconds later.
    Delay(f64),
}

impl TryFrom<String> for Act {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let wrong = || {
            format!(
                "`do` is `{text}`; it must be status:NNN, done:NNN, 429, 429:SECONDS, 402, lost, reset or delay:SECONDS"
            )
        };
        let code =
            |digits: &str| digits.parse().ok().filter(|code| (200..600).contains(code)).ok_or_else(wrong);
        match text.split_once(':') {
            Some(("status", digits)) => code(digits).map(Self::Status),
            Some(("429", seconds)) => seconds.parse().map(Self::Slow).map_err(|_| wrong()),
            Some(("done", digits)) => code(digits).map(Self::Done),
            Some(("delay", seconds)) => {
                let seconds = seconds.parse().ok().filter(|s: &f64| (0.0..=86_400.0).contains(s));
                seconds.map(Self::Delay).ok_or_else(wrong)
            }
            _ => match text.as_str() {
                "429" => Ok(Self::Status(429)),
                "402" => Ok(Self::Status(402)),
                "lost" => Ok(Self::Lost),
                "reset" => Ok(Self::Reset),
                _ => Err(wrong()),
            },
        }
    }
}

impl From<Act> for String {
    fn from(act: Act) -> Self {
        match act {
            Act::Status(code @ (429 | 402)) => code.to_string(),
            Act::Status(code) => format!("status:{code}"),
            Act::Slow(seconds) => format!("429:{seconds}"),
            Act::Done(code) => format!("done:{code}"),
            Act::Lost => "lost".into(),
            Act::Reset => "reset".into(),
            Act::Delay(seconds) => format!("delay:{seconds}"),
        }
    }
}

/// What becomes of a delivery before its first attempt.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fate {
    /// Never sent.
    Lost,
    /// Sent after a wait, and perhaps once more.
    Sent {
        /// Time until the first attempt.
        wait: Duration,
        /// A second copy after success: `true` is byte for byte, `false` newly stamped.
        copy: Option<bool>,
    },
}

/// How long a reordered delivery is held back, in seconds.
const HELD_BACK: (f64, f64) = (0.5, 3.0);

impl Faults {
    /// Draws the fate of a service's delivery. Only Toggl knows PINGs.
    pub fn fate(&self, service: Service, rng: &mut StdRng) -> Fate {
        let faults = &self.deliveries;
        if !faults.concern(service) {
            return Fate::Sent { wait: Duration::ZERO, copy: None };
        }
        if faults.only_pings && service == Service::Toggl || draw(faults.drop, rng) {
            return Fate::Lost;
        }
        let [least, most] = faults.delay_s;
        let mut wait = if most > least { rng.random_range(least..most) } else { least };
        if draw(faults.reorder, rng) {
            wait += rng.random_range(HELD_BACK.0..HELD_BACK.1);
        }
        let copy = draw(faults.duplicate, rng).then(|| rng.random_bool(0.5));
        Fate::Sent { wait: seconds(wait), copy }
    }

    /// The wait before the attempt that follows so many failures.
    pub fn retry_after(&self, service: Service, failed: u32) -> Duration {
        let place = (failed as usize).saturating_sub(1);
        seconds(self.deliveries.retries(service).get(place).copied().unwrap_or(0.0))
    }

    /// Attempts at one delivery.
    pub fn attempts(&self, service: Service) -> u32 {
        self.deliveries.retries(service).len() as u32 + 1
    }

    /// Draws whether an attempt carries a wrong proof of its sender, and whether it fails on the way.
    pub fn mishaps(&self, service: Service, rng: &mut StdRng) -> (bool, bool) {
        let faults = &self.deliveries;
        if !faults.concern(service) {
            return (false, false);
        }
        (draw(faults.bad_signature, rng), draw(faults.fail, rng))
    }

    /// What happens to the answer of a request, if anything; uses up one of the rule's times.
    pub fn act(&mut self, service: Service, method: &str, path: &str, rng: &mut StdRng) -> Option<Act> {
        for rule in &mut self.answers {
            let matches = rule.service.is_none_or(|wanted| wanted == service)
                && rule.method.as_deref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(method))
                && rule.path.as_deref().is_none_or(|part| path.contains(part))
                && rule.times != Some(0);
            if matches && draw(rule.share.unwrap_or(1.0), rng) {
                rule.times = rule.times.map(|times| times - 1);
                return Some(rule.act.clone());
            }
        }
        None
    }

    /// The unknowns of the live service that the faults set.
    pub fn habits(&self) -> Habits {
        let faults = &self.deliveries;
        Habits {
            deleted_payload: faults.deleted_payload,
            wildcard_cost: faults.wildcard_cost,
            history: faults.history,
        }
    }
}

/// Draws with a probability; 0 and 1 need no luck and use no randomness.
pub fn draw(share: f64, rng: &mut StdRng) -> bool {
    if share <= 0.0 {
        false
    } else if share >= 1.0 {
        true
    } else {
        rng.random_bool(share)
    }
}

fn seconds(value: f64) -> Duration {
    Duration::try_from_secs_f64(value.max(0.0)).unwrap_or(Duration::ZERO)
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    #[test]
    fn reads_the_design_s_example_and_writes_it_back() {
        let text = r#"{"deliveries": {"drop": 0.1, "duplicate": 0.1, "reorder": 0.1, "delay_s": [0, 5],
            "bad_signature": 0.0, "only_pings": false, "retry_s": [5, 20], "disable_after": 3},
            "answers": [{"service": "clockify", "method": "POST", "path": "/time-entries", "share": 0.2,
            "do": "lost", "times": 10}]}"#;
        let faults: Faults = serde_json::from_str(text).unwrap();
        assert_eq!(faults.answers[0].act, Act::Lost);
        let again: Faults = serde_json::from_str(&serde_json::to_string(&faults).unwrap()).unwrap();
        assert_eq!(faults, again);
        assert_eq!(serde_json::from_str::<Faults>("{}").unwrap(), Faults::default());
    }

    #[test]
    fn every_act_has_a_word() {
        for word in ["status:503", "done:500", "429", "429:30", "402", "lost", "reset", "delay:30"] {
            assert_eq!(String::from(Act::try_from(word.to_owned()).unwrap()), word);
        }
        for word in ["status:99", "done:", "delay:-1", "explode", ""] {
            assert!(Act::try_from(word.to_owned()).is_err(), "{word}");
        }
    }

    #[test]
    fn a_rule_applies_so_many_times_and_only_where_it_matches() {
        let mut rng = StdRng::seed_from_u64(1);
        let rules = r#"{"answers": [{"service": "toggl", "method": "GET", "path": "/me", "do": "reset", "times": 2}]}"#;
        let mut faults: Faults = serde_json::from_str(rules).unwrap();
        assert_eq!(faults.act(Service::Clockify, "GET", "/api/v1/me", &mut rng), None);
        assert_eq!(faults.act(Service::Toggl, "POST", "/api/v9/me", &mut rng), None);
        for wanted in [Some(Act::Reset), Some(Act::Reset), None] {
            assert_eq!(faults.act(Service::Toggl, "GET", "/api/v9/me/quota", &mut rng), wanted);
        }
    }

    #[test]
    fn a_delay_stays_within_its_bounds() {
        let mut rng = StdRng::seed_from_u64(2);
        let faults: Faults = serde_json::from_str(r#"{"deliveries": {"delay_s": [1, 2]}}"#).unwrap();
        for _ in 0..100 {
            let Fate::Sent { wait, copy: None } = faults.fate(Service::Toggl, &mut rng) else {
                panic!("lost or copied")
            };
            assert!((1.0..2.0).contains(&wait.as_secs_f64()));
        }
    }
}
