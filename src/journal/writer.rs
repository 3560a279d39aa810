//! Appending to the inbox from many tasks: group commit without a timer.
//!
//! While one sync runs, arrivals queue up; the next sync takes them all. So a lone delivery waits for one sync and a
//! crowd shares each.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot, watch};

use super::error::JournalError;
use super::inbox::{Inbox, InboxReader, Stored};
use super::log::Alarms;

/// Deliveries that may wait for the writer.
const QUEUE: usize = 1024;
/// Deliveries of one group.
const GROUP: usize = 512;
/// Bytes of one group.
const GROUP_BYTES: usize = 1024 * 1024;

/// Tells the time in Unix nanoseconds.
pub type Clock = Arc<dyn Fn() -> i64 + Send + Sync>;

/// The clock of this machine.
pub fn system_clock() -> Clock {
    Arc::new(|| {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
    })
}

/// Why a delivery was not accepted. It was not acknowledged, so the sender sends it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// The queue is full; try again in some seconds.
    #[error("the inbox is busy")]
    Busy,
    /// The disk refused; see the log and [`InboxWriter::alarms`].
    #[error("the inbox cannot write to its disk")]
    Disk,
    /// The writer was closed.
    #[error("the inbox is closed")]
    Closed,
}

struct Waiting {
    payload: Bytes,
    answer: oneshot::Sender<Result<u64, AppendError>>,
}

enum Errand {
    Append(Waiting),
    MakeGood,
}

#[derive(Clone)]
enum Lane {
    Thread(mpsc::Sender<Errand>),
    Inline(Arc<Mutex<Inbox>>),
}

/// A handle to append to the inbox and to read it; clones share it.
#[derive(Clone)]
pub struct InboxWriter {
    lane: Lane,
    clock: Clock,
    reader: InboxReader,
    durable: Arc<watch::Sender<u64>>,
    alarms: Arc<Mutex<Alarms>>,
}

impl InboxWriter {
    /// Starts the writer thread. It ends when the last handle is gone; joining it waits for the last sync.
    pub fn spawn(inbox: Inbox, clock: Clock) -> Result<(Self, JoinHandle<()>), JournalError> {
        let (sender, receiver) = mpsc::channel(QUEUE);
        let writer = Self::new(Lane::Thread(sender), &inbox, clock.clone());
        let (durable, alarms) = (writer.durable.clone(), writer.alarms.clone());
        let thread = std::thread::Builder::new()
            .name("inbox".into())
            .spawn(move || write_groups(inbox, receiver, &clock, &durable, &alarms))
            .map_err(|e| JournalError::io("start the thread of", "the inbox", e))?;
        Ok((writer, thread))
    }

    /// Appends and syncs in the caller's own step: for worlds, where there are no threads.
    pub fn inline(inbox: Arc<Mutex<Inbox>>, clock: Clock) -> Self {
        let lane = Lane::Inline(inbox.clone());
        let inbox = inbox.lock().unwrap_or_else(PoisonError::into_inner);
        Self::new(lane, &inbox, clock)
    }

    fn new(lane: Lane, inbox: &Inbox, clock: Clock) -> Self {
        let durable = Arc::new(watch::Sender::new(inbox.last_seq()));
        Self { lane, clock, reader: inbox.reader(), durable, alarms: Arc::new(Mutex::new(inbox.alarms())) }
    }

    /// Appends a delivery; answers its sequence number when it is durable.
    pub async fn append(&self, payload: Bytes) -> Result<u64, AppendError> {
        match &self.lane {
            Lane::Thread(queue) => {
                let (answer, done) = oneshot::channel();
                queue.try_send(Errand::Append(Waiting { payload, answer })).map_err(|e| match e {
                    mpsc::error::TrySendError::Full(_) => AppendError::Busy,
                    mpsc::error::TrySendError::Closed(_) => AppendError::Closed,
                })?;
                done.await.unwrap_or(Err(AppendError::Closed))
            }
            Lane::Inline(inbox) => {
                let mut inbox = inbox.lock().unwrap_or_else(PoisonError::into_inner);
                let outcome =
                    inbox.append(&payload, (self.clock)()).and_then(|seq| inbox.sync().map(|()| seq));
                tell(&inbox, &self.durable, &self.alarms);
                outcome.map_err(|_| AppendError::Disk)
            }
        }
    }

    /// Has the reserve taken back when the disk has room again; does not wait for it.
    pub fn make_good(&self) {
        match &self.lane {
            // A full queue has an append in it, and the next look asks again.
            Lane::Thread(queue) => drop(queue.try_send(Errand::MakeGood)),
            Lane::Inline(inbox) => {
                let mut inbox = inbox.lock().unwrap_or_else(PoisonError::into_inner);
                inbox.make_good();
                tell(&inbox, &self.durable, &self.alarms);
            }
        }
    }

    /// Watches the newest durable sequence number.
    pub fn subscribe(&self) -> watch::Receiver<u64> {
        self.durable.subscribe()
    }

    /// Up to `max` durable deliveries from `seq` on; never waits for the writer.
    pub fn read_from(&self, seq: u64, max: usize) -> Result<Vec<Stored>, JournalError> {
        self.reader.read_from(seq, max)
    }

    /// A handle for reading, retention and checking.
    pub fn reader(&self) -> InboxReader {
        self.reader.clone()
    }

    /// The newest durable sequence number.
    pub fn last_seq(&self) -> u64 {
        self.reader.last_seq()
    }

    /// What went wrong since the opening.
    pub fn alarms(&self) -> Alarms {
        *self.alarms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn write_groups(
    mut inbox: Inbox,
    mut queue: mpsc::Receiver<Errand>,
    clock: &Clock,
    durable: &watch::Sender<u64>,
    alarms: &Mutex<Alarms>,
) {
    let mut answers = Vec::with_capacity(GROUP);
    while let Some(first) = queue.blocking_recv() {
        let now = clock();
        let mut next = Some(first);
        let mut bytes = 0;
        while let Some(errand) = next {
            let Errand::Append(Waiting { payload, answer }) = errand else {
                inbox.make_good();
                break;
            };
            bytes += payload.len();
            match inbox.append(&payload, now) {
                Ok(seq) => answers.push((answer, seq)),
                Err(_) => drop(answer.send(Err(AppendError::Disk))),
            }
            let room = answers.len() < GROUP && bytes < GROUP_BYTES;
            next = if room { queue.try_recv().ok() } else { None };
        }
        let outcome = inbox.sync_first();
        if let Err(error) = &outcome {
            tracing::error!(%error, deliveries = answers.len(), "the inbox could not make deliveries durable");
        }
        tell(&inbox, durable, alarms);
        for (answer, seq) in answers.drain(..) {
            // A waiter that went away needs no answer.
            let _ = answer.send(if outcome.is_ok() { Ok(seq) } else { Err(AppendError::Disk) });
        }
        inbox.prepare();
    }
}

fn tell(inbox: &Inbox, durable: &watch::Sender<u64>, alarms: &Mutex<Alarms>) {
    *alarms.lock().unwrap_or_else(PoisonError::into_inner) = inbox.alarms();
    durable.send_if_modified(|known| {
        let newer = inbox.last_seq() != *known;
        *known = inbox.last_seq();
        newer
    });
}
