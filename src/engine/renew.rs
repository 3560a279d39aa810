//! New tokens and settings while the engine runs. A token is asked who it is before anything else leaves with it, and
//! one that is refused never takes the place of one that works.

use std::sync::Arc;

use chrono::TimeDelta;
use futures_util::future::BoxFuture;
use secrecy::{ExposeSecret, SecretString};

use crate::control::snapshot::Alert;
use crate::domain::id::Account;
use crate::domain::knock::Knock;
use crate::domain::policy::TOGGL_SIZES;
use crate::domain::quota::{Cause, Window};
use crate::services::http::Failure;
use crate::telemetry::redact::Redactor;

use super::call::{CallError, UNKNOWN_USER};
use super::desk::{DeskError, Desked};
use super::lobby::Author;
use super::setup::Setup;
use super::state::{ReadWish, State};
use super::{Engine, Shared, profile};

/// A token whose check met no answer is checked again after this.
const AGAIN: TimeDelta = TimeDelta::seconds(15);

/// Where tokens come from and where new ones are kept. The error is one sentence.
pub trait TokenBook: Send + Sync {
    /// The token from where the settings say that it is.
    fn fetch(&self, account: &Account) -> BoxFuture<'static, Result<SecretString, String>>;
    /// Keeps a token that a person typed, and says where, or how long it holds.
    fn keep(&self, account: &Account, token: &SecretString) -> Result<String, String>;
}

/// Who hears how it went: the viewer that asked, under its command's id, or everybody.
pub type Asker = Option<(Author, String)>;

/// What stood before, to be put back when the new token is no good.
struct Before {
    token: SecretString,
    refused: Option<String>,
    knock: Knock,
    alert: Option<Alert>,
}

impl Engine {
    /// Changes what the engine was started with, and lets everything follow. Tokens are renewed by [`Engine::renew`].
    pub fn adjust(&self, change: impl FnOnce(&mut Setup)) {
        change(&mut self.state().setup);
        self.touch_work();
    }

    /// Raises an alert about the settings, or takes it back.
    pub fn complain(&self, say: Option<String>) {
        let now = self.seams.now();
        let mut state = self.state();
        match say {
            Some(say) => state.alert("settings", now, 7, say),
            None => state.calm("settings"),
        }
        drop(state);
        self.touch();
    }

    /// The accounts whose token is refused now.
    pub fn refused(&self) -> Vec<Account> {
        let state = self.state();
        state.running.iter().filter(|(_, r)| r.refused.is_some()).map(|(a, _)| a.clone()).collect()
    }

    /// Takes a new token of an account over: checks whose it is, and lets what waited go on. The token in force, while
    /// it works, is left alone. True when there is something to check.
    pub fn renew(self: &Arc<Self>, account: &Account, token: SecretString, asker: Asker, keep: bool) -> bool {
        Redactor::global().register(token.expose_secret());
        let mut state = self.state();
        let Some(present) = token_of(&mut state.setup, account) else { return false };
        let same = present.expose_secret() == token.expose_secret();
        let before = std::mem::replace(present, token.clone());
        let alert = state.alerts.get(&Alert::of_token(account)).cloned();
        let now = self.seams.now();
        let Some(running) = state.running.get_mut(account) else { return false };
        if same && running.refused.is_none() {
            return false;
        }
        running.token_since = Some(now);
        running.unproven = true;
        // Nothing else leaves until the token has said whose it is.
        let refused = running.refused.replace("token is being checked".into());
        let before = Before { token: before, refused, knock: running.knock.clone(), alert };
        let user = Some(TOGGL_SIZES[0]).filter(|_| state.setup.sources.iter().any(|s| s.account == *account));
        if user.is_some() {
            state.meters.limit(account, UNKNOWN_USER, user, Window::Anchored);
        }
        drop(state);
        self.touch();
        tokio::spawn(check(self.clone(), account.clone(), before, asker, keep.then_some(token)));
        true
    }
}

fn token_of<'a>(setup: &'a mut Setup, account: &Account) -> Option<&'a mut SecretString> {
    let source = setup.sources.iter_mut().find(|s| s.account == *account).map(|s| &mut s.token);
    source.or_else(|| setup.targets.iter_mut().find(|t| t.account == *account).map(|t| &mut t.token))
}

async fn check(engine: Shared, account: Account, before: Before, asker: Asker, keep: Option<SecretString>) {
    let say = loop {
        let is_source = engine.state().setup.sources.iter().any(|s| s.account == account);
        let asked = async {
            if is_source {
                profile::read_source(&engine, &account, Cause::Person).await.map(drop)
            } else {
                profile::who_is_target(&engine, &account, Cause::Person).await.map(drop)
            }
        };
        let outcome = tokio::select! { biased;
            () = engine.stop.cancelled() => return,
            outcome = asked => outcome,
        };
        match outcome {
            Ok(()) => break welcome(&engine, &account, is_source, keep.as_ref()),
            Err(CallError::Failed(Failure::Auth { status, .. })) => {
                break Ok(put_back(&engine, &account, before, &format!("is refused (HTTP {status})")));
            }
            Err(CallError::Stopped(why)) => break Ok(put_back(&engine, &account, before, &why)),
            Err(CallError::Desk(e)) if !matches!(e, DeskError::NotReady) => return,
            // No verdict: it stays unused until there is one.
            Err(e) => {
                tracing::info!(account = %account, error = %e, "the new token could not be checked; trying again");
                let until = engine.seams.now() + AGAIN;
                tokio::select! { biased;
                    () = engine.stop.cancelled() => return,
                    () = engine.seams.sleep_until(until) => {}
                }
            }
        }
    };
    let Ok(say) = say else { return };
    engine.touch_work();
    let (to, id) = asker.as_ref().map(|(by, id)| (by, id.as_str())).unzip();
    engine.tell(to, id, say);
}

/// The token works: what waited goes on, in its order.
fn welcome(
    engine: &Shared,
    account: &Account,
    is_source: bool,
    keep: Option<&SecretString>,
) -> Desked<String> {
    let now = engine.seams.now();
    let tokens = engine.lobby.facts().tokens;
    let kept = keep.and_then(|token| {
        Some(match tokens?.keep(account, token) {
            Ok(say) => say,
            Err(why) => format!("it holds until the next start: {why}"),
        })
    });
    let mut state = engine.state();
    let name = state.profile(account).map(|p| p.name.clone()).unwrap_or_default();
    let said = format!("{account}: token renewed, it is {name}'s; what waited goes on");
    state.write("renewed", |_, draft| draft.say("engine", "info", said.clone(), None))?;
    state.last = Some((now, said.clone()));
    if is_source {
        let wish = ReadWish { not_before: now, cause: Cause::Health, since: None };
        state.reading.entry(account.clone()).or_insert(wish);
    }
    drop(state);
    engine.wakes.pull.notify_waiters();
    engine.wakes.upkeep.notify_waiters();
    engine.wakes.guard.notify_one();
    Ok(match kept {
        Some(kept) => format!("{said} · {kept}"),
        None => said,
    })
}

impl State {
    /// Forgets what was spent for somebody who turned out not to be the account's own user.
    pub(super) fn disown(&mut self, account: &Account) -> Desked<()> {
        self.requests.forget(account, UNKNOWN_USER);
        let Self { desk, meters, .. } = self;
        desk.write("disowned", |draft| meters.forget(account, UNKNOWN_USER, draft))
    }
}

/// The token is no good: what stood before stands again.
fn put_back(engine: &Shared, account: &Account, before: Before, why: &str) -> String {
    let now = engine.seams.now();
    let mut state = engine.state();
    if let Err(error) = state.disown(account) {
        tracing::warn!(account = %account, %error, "the calls of a refused token could not be forgotten");
    }
    let State { setup, running, alerts, .. } = &mut *state;
    if let Some(token) = token_of(setup, account) {
        *token = before.token;
    }
    let worked = before.refused.is_none();
    if let Some(running) = running.get_mut(account) {
        running.unproven = false;
        running.refused = before.refused;
        running.knock = before.knock;
        running.token_since = Some(now);
    }
    match before.alert {
        Some(alert) => alerts.insert(alert.id.clone(), alert),
        None => alerts.remove(&Alert::of_token(account)),
    };
    let stays = if worked { "the one in force stays" } else { "nothing changes" };
    format!("{account}: the new token {why}; {stays}")
}
