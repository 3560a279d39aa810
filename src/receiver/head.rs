//! How long a request may take to show its head. The time runs from its first byte, so that a reverse proxy may keep
//! an idle connection: hyper's own header timeout runs from the end of the answer before. Must not read the bytes.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep};

/// How often the head under way is looked at; a timer a request would cost every request.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What a connection waits for.
#[derive(Clone, Copy)]
enum Wait {
    /// For the first byte of the next request.
    Idle,
    /// For the rest of a head, since then.
    Head(Instant),
    /// For the answer to a request whose head is whole.
    Answer,
}

/// The head that a connection waits for, if any.
#[derive(Clone)]
pub(super) struct Head(Arc<Mutex<Wait>>);

impl Head {
    /// A new connection is to send its first head at once.
    pub fn awaited() -> Self {
        Self(Arc::new(Mutex::new(Wait::Head(Instant::now()))))
    }

    /// The head is whole.
    pub fn came(&self) {
        *self.wait() = Wait::Answer;
    }

    /// The request is answered; the next one may take its time to begin.
    pub fn answered(&self) {
        *self.wait() = Wait::Idle;
    }

    /// Ends when a head has taken longer than `limit`.
    pub async fn overdue(&self, limit: Duration) {
        loop {
            let wait = *self.wait();
            if matches!(wait, Wait::Head(since) if since.elapsed() >= limit) {
                return;
            }
            sleep(LOOK_EVERY).await;
        }
    }

    fn byte_came(&self) {
        let mut wait = self.wait();
        if matches!(*wait, Wait::Idle) {
            *wait = Wait::Head(Instant::now());
        }
    }

    fn wait(&self) -> MutexGuard<'_, Wait> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection that notes when a request begins.
pub(super) struct Watched {
    stream: TcpStream,
    head: Head,
}

impl Watched {
    /// Notes into `head`.
    pub fn new(stream: TcpStream, head: Head) -> Self {
        Self { stream, head }
    }
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        to: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = to.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, to);
        if to.filled().len() > before {
            self.head.byte_came();
        }
        read
    }
}

impl AsyncWrite for Watched {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, from: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, from)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        from: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, from)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
