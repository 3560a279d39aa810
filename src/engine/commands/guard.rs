//! Wishes about subscriptions: handed to the guardian, whose answer follows as a notice.

use secrecy::ExposeSecret as _;

use crate::cache::rows;
use crate::control::command::{NOT_DONE, Reply, Reshape, SubscriptionRef};
use crate::domain::id::{Account, RemoteId};
use crate::domain::subscription::Subscription;
use crate::domain::text::clean;
use crate::engine::Shared;
use crate::engine::guard_wish::Asked;
use crate::engine::state::LOOKING;
use crate::engine::target_guard;

use super::{Answered, Asker, because};

/// Hands a wish over.
pub fn ask(engine: &Shared, asker: &Asker<'_>, subscription: SubscriptionRef, what: Asked) -> Answered {
    let key = rows::subscription(&subscription.account, &subscription.id);
    let row: Option<Subscription> = engine.state().desk.get(&key)?;
    let makes = what == Asked::Reshape(Reshape::Create);
    let of_target = target_guard::hook(&engine.state(), &subscription)?;
    if row.is_none() && of_target.is_none() && !makes {
        return because(format!(
            "{} has no subscription {}; the Webhooks pane lists them",
            subscription.account, subscription.id
        ));
    }
    hand_over(engine, asker, subscription, what);
    Ok(Reply::Accepted)
}

/// The secret of an account's own hook. It goes to the one who asks and is kept nowhere.
pub fn reveal(engine: &Shared, subscription: &SubscriptionRef) -> Answered {
    let state = engine.state();
    if let Some(hook) = target_guard::hook(&state, subscription)? {
        return match target_guard::token(&state, &subscription.account, &hook) {
            Some(token) => Ok(Reply::Done { say: token.expose_secret().to_owned() }),
            None => because("it is not ours; its token is not kept here"),
        };
    }
    let key = rows::subscription(&subscription.account, &subscription.id);
    let row: Option<Subscription> = state.desk.get(&key)?;
    if !row.is_some_and(|row| row.ours) {
        return because("it is not ours; its secret is not known here");
    }
    match state.setup.hooks.secrets(&subscription.account).first() {
        Some((_, secret)) => Ok(Reply::Done { say: secret.expose_secret().to_owned() }),
        None => because("there is no secret yet"),
    }
}

/// Makes this engine the sender of every account where another instance was seen.
pub fn take(engine: &Shared, asker: &Asker<'_>) -> Answered {
    let accounts: Vec<Account> = {
        let state = engine.state();
        if !state.holds.iter().any(|h| h.is_another() || h.reason == LOOKING) {
            return because("no other engine holds this one back");
        }
        state.setup.sources.iter().map(|s| s.account.clone()).collect()
    };
    for account in accounts {
        hand_over(engine, asker, SubscriptionRef::new(&account, &RemoteId::default()), Asked::Take);
    }
    Ok(Reply::Accepted)
}

/// The guardian answers when the service has.
fn hand_over(engine: &Shared, asker: &Asker<'_>, subscription: SubscriptionRef, what: Asked) {
    let (engine, by, id) = (engine.clone(), asker.by.clone(), asker.id.to_owned());
    let account = subscription.account.clone();
    tokio::spawn(async move {
        let stopping = engine.stopping();
        tokio::select! { biased;
            () = stopping.cancelled() => {}
            reply = engine.ask_guardian(subscription, what) => {
                let say = match reply {
                    Reply::Done { say } => say,
                    Reply::Failed { reason } => {
                        keep(&engine, &account, &reason);
                        format!("{NOT_DONE}{reason}")
                    }
                    Reply::Price(price) => price.say,
                    Reply::Accepted => return,
                };
                engine.tell(Some(&by), Some(&id), say);
            }
        }
    });
}

/// Keeps a refusal in the log, whole: the one who asked may look away, or have left.
fn keep(engine: &Shared, account: &Account, reason: &str) {
    let say = format!("{account}: {NOT_DONE}{}", clean(reason));
    let kept = engine.state().desk.write("said", |draft| draft.say("webhook", "warn", say, None));
    if let Err(error) = kept {
        tracing::debug!(%error, "a refusal could not be kept in the log");
    }
    engine.touch();
}
