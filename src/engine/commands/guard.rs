//! Wishes about subscriptions: handed to the guardian, whose answer follows as a notice.

use crate::cache::rows;
use crate::control::command::{Reply, SubscriptionRef};
use crate::domain::subscription::Subscription;
use crate::engine::Shared;
use crate::engine::guard_wish::Asked;

use super::{Answered, Asker, because};

/// Hands a wish over.
pub fn ask(engine: &Shared, asker: &Asker<'_>, subscription: SubscriptionRef, what: Asked) -> Answered {
    let key = rows::subscription(&subscription.account, &subscription.id);
    let row: Option<Subscription> = engine.state().desk.get(&key)?;
    let Some(row) = row else {
        return because(format!(
            "{} has no subscription {}; the Webhooks pane lists them",
            subscription.account, subscription.id
        ));
    };
    if !row.ours && matches!(what, Asked::Enable | Asked::Disable) {
        return because(format!(
            "\"{}\" was not made here and is left alone; change it in Toggl's own settings",
            row.description
        ));
    }
    let (engine, by, id) = (engine.clone(), asker.by.clone(), asker.id.to_owned());
    tokio::spawn(async move {
        let stopping = engine.stopping();
        tokio::select! { biased;
            () = stopping.cancelled() => {}
            reply = engine.ask_guardian(subscription, what) => {
                let say = match reply {
                    Reply::Done { say } | Reply::Failed { reason: say } => say,
                    Reply::Price(price) => price.say,
                    Reply::Accepted => return,
                };
                engine.tell(Some(&by), Some(&id), say);
            }
        }
    });
    Ok(Reply::Accepted)
}
