//! A person's wishes about subscriptions, on their way to the guardian of their account.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use tokio::sync::{mpsc, oneshot};

use crate::control::command::{Reply, Reshape, SubscriptionRef};
use crate::domain::id::{Account, RemoteId};

use super::Engine;

/// Wishes of one account that may wait.
const QUEUE: usize = 16;

/// What a person wants of a subscription.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// Switched on, proved by a PING, the gap filled.
    Enable,
    /// Switched off, and kept so.
    Disable,
    /// A PING through the service.
    Test,
    /// The handshake completed.
    Validate,
    /// Changed in some way.
    Reshape(Reshape),
    /// What the service's log tells of its deliveries.
    Log,
    /// Sending from here, whoever else sends; for the account as a whole.
    Take,
}

/// A wish and the way back.
pub struct GuardWish {
    /// Which subscription.
    pub subscription: SubscriptionRef,
    /// What is wanted.
    pub what: Asked,
    /// Gets one sentence when it is done or refused.
    pub answer: oneshot::Sender<Reply>,
}

type Line = (mpsc::Sender<GuardWish>, Mutex<Option<mpsc::Receiver<GuardWish>>>);

/// A line of wishes for each account.
pub struct Lines(BTreeMap<Account, Line>);

impl Lines {
    /// Lines for these accounts.
    pub fn new<'a>(accounts: impl Iterator<Item = &'a Account>) -> Self {
        let line = || {
            let (sender, receiver) = mpsc::channel(QUEUE);
            (sender, Mutex::new(Some(receiver)))
        };
        Self(accounts.map(|a| (a.clone(), line())).collect())
    }

    /// Hands a wish over; it comes back when its account has no guardian or too many wait.
    pub fn send(&self, wish: GuardWish) -> Result<(), GuardWish> {
        let Some((sender, _)) = self.0.get(&wish.subscription.account) else { return Err(wish) };
        sender.try_send(wish).map_err(mpsc::error::TrySendError::into_inner)
    }

    /// The other end, once.
    pub fn listen(&self, account: &Account) -> Option<mpsc::Receiver<GuardWish>> {
        self.0.get(account)?.1.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Engine {
    /// Asks the guardian and waits for its answer (up to about a minute).
    pub async fn ask_guardian(&self, subscription: SubscriptionRef, what: Asked) -> Reply {
        let (answer, reply) = oneshot::channel();
        let nobody =
            || Reply::Failed { reason: "nobody looks after this account's subscriptions now".into() };
        match self.guard_wishes.send(GuardWish { subscription, what, answer }) {
            Ok(()) => reply.await.unwrap_or_else(|_| nobody()),
            Err(_) => nobody(),
        }
    }

    /// Makes this engine the sender of an account: its name outranks other instances, who hold when they look next.
    pub async fn take(&self, account: &Account) -> Reply {
        self.ask_guardian(SubscriptionRef::new(account, &RemoteId::default()), Asked::Take).await
    }
}
