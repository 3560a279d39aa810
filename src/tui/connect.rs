//! The road to the engine as a task of its own: it connects, carries messages both ways, and tries again with
//! growing pauses when the door closes; asked to, it starts the engine. The loop only sees what arrives. It must not
//! look into messages, nor start an engine unasked.

use std::time::Duration;

use tokio::sync::mpsc;

use crate::control::link::{QUEUE, ViewerEnd};
use crate::control::message::{FromEngine, ToEngine};

/// Makes connections to the engine.
pub trait Connector: Send + 'static {
    /// Connects once; the error says why not, in one sentence.
    fn connect(&mut self) -> impl Future<Output = Result<ViewerEnd, String>> + Send;

    /// Starts an engine unless one runs, and connects to it; the error says why not.
    fn start(&mut self) -> impl Future<Output = Result<ViewerEnd, String>> + Send {
        self.connect()
    }
}

/// A connector for an end that is there already, for the demo and for tests; it can't be made again.
#[derive(Debug)]
pub struct Once(Option<ViewerEnd>);

impl Once {
    /// Uses this end at the first connect.
    pub fn new(end: ViewerEnd) -> Self {
        Self(Some(end))
    }
}

impl Connector for Once {
    async fn connect(&mut self) -> Result<ViewerEnd, String> {
        self.0.take().ok_or_else(|| "the engine of this process is gone".to_owned())
    }
}

/// What the road brings.
#[derive(Debug)]
pub enum Arrival {
    /// Connected.
    Up,
    /// Not connected; the next try is in so many seconds.
    Down {
        /// Seconds.
        retry_s: u64,
        /// Why.
        why: String,
    },
    /// A message.
    Message(Box<FromEngine>),
}

/// The loop's side of the road.
#[derive(Debug)]
pub struct Road {
    /// To the engine; full means that it does not listen.
    pub to_engine: mpsc::Sender<ToEngine>,
    /// Asks for an engine to be started; full means that it is asked for already.
    pub start: mpsc::Sender<()>,
    /// From the engine.
    pub arrivals: mpsc::Receiver<Arrival>,
}

/// First and longest pause between two tries, in seconds.
const PAUSES: (u64, u64) = (1, 5);

/// Starts the task. It ends when the road is dropped.
pub fn start(connector: impl Connector) -> Road {
    let (to_engine, out) = mpsc::channel(QUEUE);
    let (tell, arrivals) = mpsc::channel(QUEUE);
    let (start, starts) = mpsc::channel(1);
    tokio::spawn(keep(connector, out, starts, tell));
    Road { to_engine, start, arrivals }
}

async fn keep(
    mut connector: impl Connector,
    mut out: mpsc::Receiver<ToEngine>,
    mut starts: mpsc::Receiver<()>,
    tell: mpsc::Sender<Arrival>,
) {
    let mut tries = 0u32;
    let mut asked = false;
    loop {
        let end = if asked { connector.start().await } else { connector.connect().await };
        asked = false;
        let why = match end {
            Ok(end) => {
                // What was meant for the door before this one must not reach this one.
                while out.try_recv().is_ok() {}
                while starts.try_recv().is_ok() {}
                if tell.send(Arrival::Up).await.is_err() {
                    return;
                }
                tries = 0;
                match carry(end, &mut out, &tell).await {
                    Some(why) => why,
                    None => return,
                }
            }
            Err(why) => why,
        };
        let pause = PAUSES.0.saturating_mul(1 << tries.min(5)).min(PAUSES.1);
        tries += 1;
        if tell.send(Arrival::Down { retry_s: pause, why }).await.is_err() {
            return;
        }
        tokio::select! { biased;
            () = tell.closed() => return,
            Some(()) = starts.recv() => asked = true,
            () = tokio::time::sleep(Duration::from_secs(pause)) => {}
        }
    }
}

/// Carries messages until the door closes (the reason) or the loop is gone (`None`).
async fn carry(
    mut end: ViewerEnd,
    out: &mut mpsc::Receiver<ToEngine>,
    tell: &mpsc::Sender<Arrival>,
) -> Option<String> {
    let mut listens = true;
    loop {
        tokio::select! { biased;
            // Its last words may be on their way still when it has stopped listening.
            message = out.recv(), if listens => listens = end.to_engine.send(message?).await.is_ok(),
            message = end.from_engine.recv() => match message {
                Some(message) => tell.send(Arrival::Message(Box::new(message))).await.ok()?,
                None => return Some("the engine closed the door".to_owned()),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::link::Door;

    struct Doors(Door);

    impl Connector for Doors {
        async fn connect(&mut self) -> Result<ViewerEnd, String> {
            self.0.enter().await.ok_or_else(|| "nobody is home".to_owned())
        }
    }

    /// Nobody is home until it is started.
    struct Asleep(Door);

    impl Connector for Asleep {
        async fn connect(&mut self) -> Result<ViewerEnd, String> {
            Err("nobody is home".to_owned())
        }

        async fn start(&mut self) -> Result<ViewerEnd, String> {
            self.0.enter().await.ok_or_else(|| "it does not start".to_owned())
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_engine_is_started_when_it_is_asked_for_and_only_then() {
        let (door, mut engines) = Door::new();
        let mut road = start(Asleep(door));
        for _ in 0..20 {
            assert!(matches!(road.arrivals.recv().await, Some(Arrival::Down { .. })));
        }
        road.start.try_send(()).unwrap();
        assert!(matches!(road.arrivals.recv().await, Some(Arrival::Up)));
        drop(engines.recv().await.unwrap());
        // It was asked for once.
        for _ in 0..20 {
            assert!(matches!(road.arrivals.recv().await, Some(Arrival::Down { .. })));
        }
        drop(engines);
        road.start.try_send(()).unwrap();
        let Some(Arrival::Down { why, .. }) = road.arrivals.recv().await else { panic!("it did not start") };
        assert_eq!(why, "it does not start");
    }

    #[tokio::test(start_paused = true)]
    async fn last_words_are_heard_after_it_has_stopped_listening() {
        let (door, mut engines) = Door::new();
        let mut road = start(Doors(door));
        let first = engines.recv().await.unwrap();
        assert!(matches!(road.arrivals.recv().await, Some(Arrival::Up)));
        drop(first.from_viewer);
        first.to_viewer.send(FromEngine::Bye).await.unwrap();
        drop(first.to_viewer);
        road.to_engine.send(ToEngine::Resync).await.unwrap();
        let Some(Arrival::Message(message)) = road.arrivals.recv().await else { panic!("nothing was heard") };
        assert_eq!(*message, FromEngine::Bye);
        assert!(matches!(road.arrivals.recv().await, Some(Arrival::Down { .. })));
    }

    #[tokio::test(start_paused = true)]
    async fn it_comes_back_and_says_how_long_it_waits() {
        let (door, mut engines) = Door::new();
        let mut road = start(Doors(door));
        let first = engines.recv().await.unwrap();
        assert!(matches!(road.arrivals.recv().await, Some(Arrival::Up)));
        first.to_viewer.send(FromEngine::Bye).await.unwrap();
        assert!(matches!(road.arrivals.recv().await, Some(Arrival::Message(_))));
        drop(first);
        assert!(matches!(road.arrivals.recv().await, Some(Arrival::Down { retry_s: 1, .. })));
        // Said while nobody listened: it does not reach the next engine.
        road.to_engine.send(ToEngine::Resync).await.unwrap();
        let mut second = engines.recv().await.unwrap();
        assert!(matches!(road.arrivals.recv().await, Some(Arrival::Up)));
        road.to_engine.send(ToEngine::Close { view: 7 }).await.unwrap();
        assert_eq!(second.from_viewer.recv().await, Some(ToEngine::Close { view: 7 }));
        drop(engines);
        drop(second);
        assert!(matches!(road.arrivals.recv().await, Some(Arrival::Down { retry_s: 1, .. })));
        assert!(matches!(road.arrivals.recv().await, Some(Arrival::Down { retry_s: 2, .. })));
        assert!(matches!(road.arrivals.recv().await, Some(Arrival::Down { retry_s: 4, .. })));
        // A door on this machine costs nothing to try, and whoever looks at the screen waits for it.
        for _ in 0..3 {
            assert!(matches!(road.arrivals.recv().await, Some(Arrival::Down { retry_s: 5, .. })));
        }
    }
}
