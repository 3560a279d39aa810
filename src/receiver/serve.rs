//! The socket side: HTTP/1 with limits on time, size and number. hyper's own builder, because it takes timeouts.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use bytes::Bytes;
use http::header::CONNECTION;
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::body::{Body as _, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::connections::{Connections, Place};
use super::handler::{MAX_BODY, Receiver, empty};
use super::head::{Head, Watched};

/// From the first byte of a request to the end of its head; also from the start of a connection to its first head.
const HEADER_TIME: Duration = Duration::from_secs(5);
/// Longer than reverse proxies keep an idle connection by default (nginx 60 s, Traefik 90 s, Caddy 120 s): whoever
/// closes first must not be this side, or a delivery sent at that moment is lost to a reset.
const IDLE_TIME: Duration = Duration::from_secs(180);
const BODY_TIME: Duration = Duration::from_secs(5);
/// The first answer after this says that the connection ends with it.
const CONNECTION_TIME: Duration = Duration::from_secs(600);
const STOP_TIME: Duration = Duration::from_secs(5);
const HEADER_BYTES: usize = 16 * 1024;

/// Serves on a thread of its own until `cancel`, so that nothing else of the process delays an answer; on one thread,
/// because deliveries wait for the disk and not for a processor. Joining it waits for the last answer.
pub fn spawn(
    listener: std::net::TcpListener,
    receiver: Arc<Receiver>,
    cancel: CancellationToken,
) -> io::Result<JoinHandle<()>> {
    listener.set_nonblocking(true)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    std::thread::Builder::new().name("receiver".into()).spawn(move || {
        runtime.block_on(async {
            match TcpListener::from_std(listener) {
                Ok(listener) => serve(listener, receiver, cancel).await,
                Err(error) => tracing::error!(%error, "the receiver cannot listen"),
            }
        });
    })
}

/// Serves until `cancel`; then answers what is under way, for at most 5 s.
pub async fn serve(listener: TcpListener, receiver: Arc<Receiver>, cancel: CancellationToken) {
    let connections = Connections::default();
    let tasks = TaskTracker::new();
    loop {
        let accepted = tokio::select! {
            biased;
            () = cancel.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => {
                // Too many and all busy: the service tries again.
                if let Some(place) = connections.admit() {
                    tasks.spawn(connection(stream, receiver.clone(), place, cancel.clone()));
                }
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                sleep(Duration::from_millis(50)).await;
            }
        }
    }
    drop(listener);
    tasks.close();
    if timeout(STOP_TIME, tasks.wait()).await.is_err() {
        tracing::warn!("connections were cut off at the stop");
    }
}

async fn connection(stream: TcpStream, receiver: Arc<Receiver>, place: Place, cancel: CancellationToken) {
    // Answers are small: waiting to fill a packet would only delay them.
    let _ = stream.set_nodelay(true);
    let (place, head, opened) = (&place, &Head::awaited(), Instant::now());
    let service = service_fn(move |request| {
        let receiver = receiver.clone();
        async move {
            head.came();
            place.set_busy(true);
            let mut response = respond(&receiver, request).await;
            place.set_busy(false);
            head.answered();
            if opened.elapsed() >= CONNECTION_TIME {
                response = last(response);
            }
            Ok::<_, Infallible>(response.map(Full::new))
        }
    });
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(IDLE_TIME)
        .max_buf_size(HEADER_BYTES)
        .keep_alive(true);
    let connection = builder.serve_connection(TokioIo::new(Watched::new(stream, head.clone())), service);
    tokio::pin!(connection);
    let ended = tokio::select! {
        biased;
        () = place.dropped.cancelled() => return,
        ended = connection.as_mut() => Some(ended),
        () = cancel.cancelled() => None,
        () = head.overdue(HEADER_TIME) => return,
    };
    let ended = match ended {
        Some(ended) => ended,
        None => {
            connection.as_mut().graceful_shutdown();
            timeout(STOP_TIME, connection).await.unwrap_or(Ok(()))
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}

async fn respond(receiver: &Receiver, request: Request<Incoming>) -> Response<Bytes> {
    let (parts, body) = request.into_parts();
    if body.size_hint().lower() > MAX_BODY as u64 {
        return last(receiver.too_large());
    }
    match timeout(BODY_TIME, Limited::new(body, MAX_BODY).collect()).await {
        Ok(Ok(whole)) => receiver.handle(Request::from_parts(parts, whole.to_bytes())).await,
        Ok(Err(error)) if error.is::<LengthLimitError>() => last(receiver.too_large()),
        Ok(Err(_)) => last(empty(StatusCode::BAD_REQUEST)),
        Err(_) => last(empty(StatusCode::REQUEST_TIMEOUT)),
    }
}

/// The connection ends with this answer.
fn last(mut response: Response<Bytes>) -> Response<Bytes> {
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    response
}
