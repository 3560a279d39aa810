//! The terminal's keys, mouse, pastes and sizes as a stream, read on a thread of its own.
//!
//! crossterm reads a terminal that was hung up for ever without coming back. On the loop's own thread that would leave
//! an engine and a spinning core behind a closed window; here the loop hears the hang-up and leaves.

use std::io;
use std::pin::Pin;
use std::sync::{Mutex, Once, PoisonError};
use std::task::{Context, Poll};

use crossterm::event::Event;
use futures_util::Stream;
use tokio::sync::mpsc::{Receiver, Sender, channel};

/// Events that may wait for the loop; the terminal keeps the rest.
const WAITING: usize = 256;

/// One thread reads for the whole process, since two would take each other's keys: it serves the newest [`Input`].
static READER: Once = Once::new();
static NEWEST: Mutex<Option<Sender<io::Result<Event>>>> = Mutex::new(None);

/// What the person types and does; ends when the terminal can't be read any more.
#[derive(Debug)]
pub struct Input {
    events: Receiver<io::Result<Event>>,
}

impl Input {
    /// From now on events come here.
    pub fn open() -> Self {
        let (tell, events) = channel(WAITING);
        *NEWEST.lock().unwrap_or_else(PoisonError::into_inner) = Some(tell);
        READER.call_once(|| {
            std::thread::spawn(read);
        });
        Self { events }
    }
}

impl Stream for Input {
    type Item = io::Result<Event>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.events.poll_recv(cx)
    }
}

fn read() {
    loop {
        let event = crossterm::event::read();
        let over = event.is_err();
        let newest = NEWEST.lock().unwrap_or_else(PoisonError::into_inner).clone();
        // Nobody listens between two screens.
        if let Some(newest) = newest {
            let _ = newest.blocking_send(event);
        }
        if over {
            *NEWEST.lock().unwrap_or_else(PoisonError::into_inner) = None;
            return;
        }
    }
}
