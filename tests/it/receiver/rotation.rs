//! A secret that is replaced, over the file that keeps it: the old one is taken for its time and no longer, also when
//! the process is killed in between.

use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering::SeqCst};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use chrono::Utc;
use hourwire::cli::host::books::SecretsOnDisk;
use hourwire::domain::id::{Account, RemoteId};
use hourwire::engine::setup::HookBook as _;
use hourwire::journal::{Inbox, InboxOptions, InboxWriter, SimDisk, Sizes};
use hourwire::receiver::{Hooks, Receiver, signature};
use http::{Request, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};

const DAY: i64 = 24 * 3_600;

/// A process: the file, the table that the receiver believes, the receiver.
struct Life {
    book: SecretsOnDisk,
    receiver: Receiver,
    path: String,
    clock: Arc<AtomicI64>,
    sent: AtomicI64,
}

impl Life {
    fn begin(folder: &Path) -> Self {
        let clock = Arc::new(AtomicI64::new(Utc::now().timestamp()));
        let seconds = clock.clone();
        let ns: hourwire::journal::Clock = Arc::new(move || seconds.load(SeqCst) * 1_000_000_000);
        let hooks = Arc::new(Hooks::new(ns.clone()));
        let book = SecretsOnDisk::open(folder.to_owned(), "den", hooks.clone()).expect("the file");
        let path = book.hook(&main(), &RemoteId::from(4_440_001)).expect("a hook").path;
        let options = InboxOptions { sizes: Sizes::small(), ..InboxOptions::default() };
        let (inbox, _) = Inbox::open(Arc::new(SimDisk::new(1)), options).expect("an inbox");
        let inbox = InboxWriter::inline(Arc::new(Mutex::new(inbox)), ns.clone());
        Self { book, receiver: Receiver::new(hooks, inbox, ns), path, clock, sent: AtomicI64::new(0) }
    }

    fn current(&self) -> SecretString {
        self.book.secrets(&main()).remove(0).1
    }

    /// Delivers an event signed with a secret.
    async fn takes(&self, secret: &SecretString) -> bool {
        let event = self.sent.fetch_add(1, SeqCst);
        let body = format!(r#"{{"event_id":{event},"payload":{{"id":1}},"subscription_id":20417}}"#);
        let signed = signature::sign(secret.expose_secret().as_bytes(), body.as_bytes());
        let request = Request::post(format!("/hooks/{}", self.path)).header(signature::HEADER, signed);
        let answer = self.receiver.handle(request.body(Bytes::from(body)).expect("a request")).await;
        assert!(matches!(answer.status(), StatusCode::OK | StatusCode::UNAUTHORIZED));
        answer.status() == StatusCode::OK
    }

    async fn takes_all(&self, secrets: [&SecretString; 2]) -> [bool; 2] {
        [self.takes(secrets[0]).await, self.takes(secrets[1]).await]
    }
}

fn main() -> Account {
    Account::from("main")
}

#[tokio::test]
async fn a_replaced_secret_is_taken_for_its_time_also_over_a_kill() {
    for adopted in [false, true] {
        let folder = tempfile::tempdir().expect("a folder");
        let life = Life::begin(folder.path());
        let old = life.current();
        let stranger = SecretString::from("nobody's");
        assert_eq!(life.takes_all([&old, &stranger]).await, [true, false]);
        let new = if adopted {
            // What somebody set at the service.
            life.book.accept(&main(), stranger.clone(), DAY).expect("kept");
            stranger
        } else {
            life.book.rotate(&main(), DAY).expect("kept")
        };
        assert_eq!(life.takes_all([&old, &new]).await, [true, true], "within the overlap");
        // Killed: nothing is written any more, and the next process knows only the file.
        drop(life);
        let life = Life::begin(folder.path());
        assert_eq!(life.current().expose_secret(), new.expose_secret());
        assert_eq!(life.takes_all([&old, &new]).await, [true, true], "within the overlap, after a kill");
        life.clock.fetch_add(DAY - 60, SeqCst);
        assert_eq!(life.takes_all([&old, &new]).await, [true, true], "a minute before its end");
        life.clock.fetch_add(120, SeqCst);
        assert_eq!(life.takes_all([&old, &new]).await, [false, true], "after its end");
    }
}
