//! The own public address: asked every 20 seconds at no quota; a turn is noted durably.

use chrono::TimeDelta;

use super::{Post, Why, care};
use crate::engine::desk::Desked;
use crate::engine::seams::ProbeFailure;

/// The address is asked this often.
const PROBE_EVERY: TimeDelta = TimeDelta::seconds(20);
/// It is noted this often that it answers.
const NOTE_EVERY: TimeDelta = TimeDelta::seconds(30);

impl Post {
    /// The own address answers, as far as is known.
    pub(super) fn is_reached(&self) -> bool {
        self.engine.seams.probe.is_none() || matches!(self.probe, Some(Ok(())))
    }

    pub(super) async fn probe_if_due(&mut self) -> Desked<()> {
        if self.now() < self.probe_at {
            return Ok(());
        }
        self.probe_now().await
    }

    /// Asks the own address; a turn is noted, and from bad to good wants a check.
    pub(super) async fn probe_now(&mut self) -> Desked<()> {
        let answer = match self.engine.seams.probe.clone() {
            None => Ok(()),
            Some(probe) => {
                let slow = ProbeFailure { kind: "timeout", say: "no answer in 10 s".into() };
                let limit = std::time::Duration::from_secs(10);
                tokio::time::timeout(limit, probe()).await.unwrap_or(Err(slow))
            }
        };
        let now = self.now();
        self.probe_at = now + PROBE_EVERY;
        let (before, good) = (self.probe.replace(answer.clone()), answer.is_ok());
        let bad_at = self.bad_at.take();
        self.bad_at = (!good).then_some(now);
        if good {
            self.good_at = Some(now);
        }
        let turned = before.as_ref().map(Result::is_ok) != Some(good);
        let due = good && self.noted_at.is_none_or(|at| now - at >= NOTE_EVERY);
        if !turned && !due {
            return Ok(());
        }
        let first = before.is_none();
        let waited = care::note_probe(&self.engine, &self.account, answer.as_ref().err(), first, bad_at)?;
        self.noted_at = Some(now);
        if good && turned && !first {
            self.check_soon(now, Why::Turn)?;
        }
        if waited {
            self.check_soon(now, Why::Mend)?;
        }
        let id = format!("address:{}", self.account);
        match &answer {
            Ok(()) => self.engine.state().calm(&id),
            Err(failure) => {
                let say = format!(
                    "{}: the public address does not reach this process ({}: {}); check proxy, tunnel and name",
                    self.account, failure.kind, failure.say
                );
                self.engine.state().alert(&id, now, 3, say);
            }
        }
        self.engine.touch();
        Ok(())
    }
}
