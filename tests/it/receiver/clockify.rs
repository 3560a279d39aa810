//! Deliveries of Clockify at the door: a token that comes verbatim, one event a path, no number to tell copies by.

use std::sync::atomic::{AtomicI64, Ordering::SeqCst};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use hourwire::domain::delivery::Delivered;
use hourwire::domain::id::Service;
use hourwire::journal::{Clock, Inbox, InboxOptions, InboxWriter, SimDisk, Sizes};
use hourwire::receiver::{Hook, Hooks, Receiver};
use http::{Request, StatusCode};

const TOKEN: &str = "abcdefghijklmnopqrstuvwxyz012345";
const UPDATED: &str = "TIME_ENTRY_UPDATED";
const ONE: &str = r#"{"id":"6586e3000000000000000f01","description":"One"}"#;
const TWO: &str = r#"{"id":"6586e3000000000000000f01","description":"Two"}"#;
const SECOND: i64 = 1_000_000_000;

struct Door {
    receiver: Receiver,
    inbox: InboxWriter,
    now: Arc<AtomicI64>,
}

impl Door {
    fn new() -> Self {
        let now = Arc::new(AtomicI64::new(1_772_442_000 * SECOND));
        let ticks = now.clone();
        let clock: Clock = Arc::new(move || ticks.load(SeqCst));
        let options = InboxOptions { sizes: Sizes::small(), ..InboxOptions::default() };
        let (inbox, _) = Inbox::open(Arc::new(SimDisk::new(1)), options).unwrap();
        let inbox = InboxWriter::inline(Arc::new(Mutex::new(inbox)), clock.clone());
        let hooks = Hooks::new(clock.clone());
        let hook = Hook {
            service: Service::Clockify,
            label: "mirror/TIME_ENTRY_UPDATED".into(),
            secret: TOKEN.into(),
            previous: None,
            event: Some(UPDATED.into()),
        };
        hooks.set("updated", hook);
        Self { receiver: Receiver::new(Arc::new(hooks), inbox.clone(), clock), inbox, now }
    }

    async fn deliver(&self, token: &str, event: &str, body: &str) -> StatusCode {
        let request = Request::post("/hooks/updated")
            .header("Clockify-Signature", token)
            .header("Clockify-Webhook-Event-Type", event)
            .body(Bytes::copy_from_slice(body.as_bytes()))
            .unwrap();
        self.receiver.handle(request).await.status()
    }

    fn later(&self, seconds: i64) {
        self.now.fetch_add(seconds * SECOND, SeqCst);
    }

    fn kept(&self) -> Vec<String> {
        let stored = self.inbox.read_from(1, 100).unwrap();
        let body = |d: Delivered| String::from_utf8(d.body.to_vec()).unwrap();
        stored.iter().filter_map(|one| Delivered::decode(&one.payload)).map(body).collect()
    }
}

#[tokio::test]
async fn an_edit_and_its_reversal_are_three_deliveries_and_a_copy_is_none() {
    let door = Door::new();
    for body in [ONE, ONE, TWO, ONE] {
        assert_eq!(door.deliver(TOKEN, UPDATED, body).await, StatusCode::OK);
    }
    assert_eq!(door.kept(), [ONE, TWO, ONE], "only what comes twice in a row and at once is a copy");
    door.later(121);
    assert_eq!(door.deliver(TOKEN, UPDATED, ONE).await, StatusCode::OK);
    assert_eq!(door.kept().len(), 4, "later it is news");
    assert_eq!(door.receiver.counters().read().duplicates, 1);
}

#[tokio::test]
async fn a_wrong_token_and_a_wrong_event_are_refused_alike_and_kept_nowhere() {
    let door = Door::new();
    assert_eq!(door.deliver("another token", UPDATED, ONE).await, StatusCode::UNAUTHORIZED);
    assert_eq!(door.deliver(TOKEN, "TIME_ENTRY_DELETED", ONE).await, StatusCode::UNAUTHORIZED);
    assert!(door.kept().is_empty());
    assert_eq!(door.receiver.counters().read().rejected, 2);
    assert_eq!(door.deliver(TOKEN, UPDATED, ONE).await, StatusCode::OK);
    let stored = door.inbox.read_from(1, 9).unwrap();
    let one = Delivered::decode(&stored[0].payload).unwrap();
    assert_eq!(one.hook, "mirror/TIME_ENTRY_UPDATED");
    assert!(one.headers.iter().all(|(_, value)| value != TOKEN), "the token itself is not kept");
}
