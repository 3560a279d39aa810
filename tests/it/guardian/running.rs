//! An engine at work: what it knows, what it is asked, and its end.

use std::sync::Arc;

use hourwire::cache::{KeyRange, Memory, Store, rows};
use hourwire::control::command::{Command, Reply, Reshape, SubscriptionRef, Wish};
use hourwire::control::link::{EngineEnd, ViewerEnd, pair};
use hourwire::control::message::{FromEngine, PROTOCOL, ToEngine};
use hourwire::control::view::LogLine;
use hourwire::domain::id::{Account, Key, RemoteId};
use hourwire::domain::incident::Incident;
use hourwire::domain::link::Link;
use hourwire::domain::order::EntryRow;
use hourwire::domain::subscription::Subscription;
use hourwire::domain::target_hook::TargetHook;
use hourwire::engine::Engine;
use hourwire::engine::guard_wish::Asked;
use hourwire::journal::InboxWriter;
use serde_json::Value;

use super::mirror::mirror;
use super::stage::Office;

/// An engine at work.
pub struct Running {
    pub engine: Arc<Engine>,
    pub store: Arc<Memory>,
    pub(super) inbox: InboxWriter,
    pub(super) task: tokio::task::JoinHandle<Result<(), hourwire::engine::DeskError>>,
    /// Where viewers come in.
    pub(super) door: tokio::sync::mpsc::Sender<EngineEnd>,
    pub(super) host: String,
}

impl Running {
    /// kill -9: nothing more is written, the receiver is gone.
    pub async fn kill(self, office: &Office) {
        office.way.receivers.lock().unwrap().remove(&self.host);
        self.task.abort();
        self.engine.stop();
        let _ = self.task.await;
    }

    /// As [`Running::kill`]; what it wrote can still be looked at.
    pub async fn stop(&mut self, office: &Office) {
        office.way.receivers.lock().unwrap().remove(&self.host);
        self.task.abort();
        self.engine.stop();
        let _ = (&mut self.task).await;
    }

    fn get<T: serde::de::DeserializeOwned>(&self, key: &[u8]) -> Option<T> {
        let bytes = self.store.get(key).unwrap()?;
        Some(rows::decode(&bytes).unwrap())
    }

    fn all<T: serde::de::DeserializeOwned>(&self, range: KeyRange) -> Vec<(Vec<u8>, T)> {
        let mut all = Vec::new();
        let mut visit = |key: &[u8], value: &[u8]| {
            all.push((key.to_owned(), rows::decode(value).unwrap()));
            std::ops::ControlFlow::Continue(())
        };
        self.store.scan(range, false, usize::MAX, &mut visit).unwrap();
        all
    }

    /// A viewer's end of the door.
    pub async fn enter(&self) -> ViewerEnd {
        let (viewer, end) = pair();
        self.door.send(end).await.expect("the engine listens");
        viewer
    }

    /// Asks for something as a viewer does, and waits for the first answer.
    pub async fn wish(&self, wish: Wish) -> Reply {
        let mut viewer = self.enter().await;
        let hello = ToEngine::Hello { protocol: PROTOCOL, version: "0".into(), viewer: "test".into() };
        viewer.to_engine.send(hello).await.expect("the engine listens");
        let id = format!("{:032x}", rand::random::<u128>());
        let command = ToEngine::Command(Command { id: id.clone(), wish });
        viewer.to_engine.send(command).await.expect("the engine listens");
        loop {
            match viewer.from_engine.recv().await.expect("an answer") {
                FromEngine::Reply { id: of, reply } if of == id => return reply,
                _ => {}
            }
        }
    }

    /// Our own subscription as the ledger has it.
    pub fn own(&self) -> Option<Subscription> {
        let id: RemoteId = self.get(&rows::meta("bound:main"))?;
        self.get(&rows::subscription(&Account::from("main"), &id))
    }

    /// A key on our own subscription: what was done, or why not.
    pub async fn ask(&self, what: Asked) -> Result<String, String> {
        let own = self.own().expect("a subscription");
        match self.engine.ask_guardian(SubscriptionRef::new(&"main".into(), &own.id), what).await {
            Reply::Done { say } => Ok(say),
            Reply::Failed { reason } => Err(reason),
            other => panic!("{other:?}"),
        }
    }

    /// As [`Running::ask`], for a change.
    pub async fn reshape(&self, change: Reshape) -> Result<String, String> {
        self.ask(Asked::Reshape(change)).await
    }

    /// The fields of our own subscription that somebody changed.
    pub fn drift(&self) -> Vec<String> {
        self.own().map(|s| s.drift.into_iter().map(|d| d.field).collect()).unwrap_or_default()
    }

    /// The place of the newest delivery kept raw.
    pub fn kept(&self) -> u64 {
        self.inbox.last_seq()
    }

    pub fn is_well(&self) -> bool {
        self.own().is_some_and(|s| s.enabled && s.validated)
    }

    pub fn knows(&self, entry: i64) -> bool {
        let key = Key { account: "main".into(), id: entry.into() };
        self.get::<Value>(&rows::entry(&key)).is_some()
    }

    /// Incidents, oldest first.
    pub fn incidents(&self) -> Vec<Incident> {
        (1..).map_while(|id| self.get(&rows::incident(id))).collect()
    }

    /// Whether the first incident is over.
    pub fn is_healed(&self) -> bool {
        self.incidents().first().is_some_and(|i| i.closed_at.is_some())
    }

    pub fn entries(&self) -> usize {
        self.all::<EntryRow>(rows::entries()).len()
    }

    /// Id and description of every entry that is not deleted.
    pub fn texts(&self) -> Vec<(String, String)> {
        self.texts_of(None)
    }

    /// As [`Running::texts`], of one user's entries.
    pub fn texts_of(&self, user: Option<&RemoteId>) -> Vec<(String, String)> {
        let text = |(key, row): (Vec<u8>, EntryRow)| {
            let entry = row.entry.filter(|e| row.deleted.is_none() && user.is_none_or(|u| e.user == *u))?;
            Some((rows::named_by(&key[1..]).unwrap().id.to_string(), entry.description))
        };
        self.all(rows::entries()).into_iter().filter_map(text).collect()
    }

    /// The reason for which another instance holds sending.
    pub fn held(&self) -> Option<String> {
        let holds: Vec<hourwire::control::snapshot::HoldLine> =
            self.get(&rows::meta("holds")).unwrap_or_default();
        holds.into_iter().find(|h| h.id.starts_with("other:")).map(|h| h.say)
    }

    /// The log, oldest first, for messages of failing tests.
    pub fn log(&self) -> Vec<String> {
        let text =
            |(_, line): (_, LogLine)| format!("{} {} {}", line.at.format("%H:%M:%S"), line.topic, line.say);
        self.all(rows::logs()).into_iter().rev().map(text).collect()
    }

    /// The target's webhooks of ours, as the ledger has them.
    pub fn hooks(&self) -> Vec<TargetHook> {
        self.all(rows::hooks_of(&mirror())).into_iter().map(|(_, hook)| hook).collect()
    }

    /// The bonds with the target.
    pub fn links(&self) -> Vec<Link> {
        self.all(rows::links(&mirror())).into_iter().map(|(_, link)| link).collect()
    }

    /// How many bonds have a word.
    pub fn count(&self, word: &str) -> usize {
        self.links().iter().filter(|link| link.word(false).name() == word).count()
    }

    /// Entries confirmed as billable in the target.
    pub fn billable(&self) -> usize {
        self.links().iter().filter(|link| link.there.as_ref().is_some_and(|t| t.entry.billable)).count()
    }
}
