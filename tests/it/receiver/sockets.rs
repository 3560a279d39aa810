//! Real connections on loopback: limits of time, size and number. Time is paused, so it runs on when nothing else does.

use std::net::SocketAddr;
use std::sync::Arc;

use hourwire::journal::SimDisk;
use hourwire::receiver::{serve, signature, spawn};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::{Duration, Instant, sleep};
use tokio_util::sync::CancellationToken;

use super::{EVENT, PATH, Post, SECRET, post};

struct Served {
    post: Post,
    address: SocketAddr,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

async fn served() -> Served {
    let post = post(SimDisk::new(1));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    let task = tokio::spawn(serve(listener, Arc::clone(&post.receiver), stop.clone()));
    Served { post, address, stop, task }
}

fn delivery(body: &[u8]) -> Vec<u8> {
    let head = format!(
        "POST {PATH} HTTP/1.1\r\nHost: hooks.example.com\r\nContent-Length: {}\r\n{}: {}\r\n\r\n",
        body.len(),
        signature::HEADER,
        signature::sign(SECRET.as_bytes(), body)
    );
    [head.as_bytes(), body].concat()
}

/// Sends bytes on a connection of its own and reads until the server closes it.
async fn exchange(address: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    let mut answer = Vec::new();
    // A reset after the answer is a close too.
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

/// Reads one answer without a body.
async fn answer(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        let byte = stream.read_u8().await.unwrap();
        answer.push(byte);
    }
    String::from_utf8(answer).unwrap()
}

#[tokio::test(start_paused = true)]
async fn one_connection_carries_many_deliveries_also_at_once() {
    let served = served().await;
    let mut stream = TcpStream::connect(served.address).await.unwrap();
    let bodies: Vec<Vec<u8>> = (1..=20).map(|n| format!(r#"{{"event_id":{n}}}"#).into_bytes()).collect();
    let all: Vec<u8> = bodies.iter().flat_map(|body| delivery(body)).collect();
    stream.write_all(&all).await.unwrap();
    for _ in &bodies {
        let answer = answer(&mut stream).await;
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    }
    assert_eq!(served.post.stored().len(), 20);
}

#[tokio::test(start_paused = true)]
async fn slow_and_silent_clients_are_let_go() {
    let served = served().await;
    for start in [&b""[..], b"POST ", b"POST /hooks/x HTTP/1.1\r\nHost: a\r\n"] {
        let answer = exchange(served.address, start).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408"), "{answer}");
    }
    let whole = delivery(EVENT);
    let answer = exchange(served.address, &whole[..whole.len() - 1]).await;
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert_eq!(served.post.stored().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_lives_and_its_next_head_must_still_be_quick() {
    let served = served().await;
    let mut stream = TcpStream::connect(served.address).await.unwrap();
    for (number, idle) in [(1, 75), (2, 90), (3, 0)] {
        stream.write_all(&delivery(format!(r#"{{"event_id":{number}}}"#).as_bytes())).await.unwrap();
        let answer = answer(&mut stream).await;
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        sleep(Duration::from_secs(idle)).await;
    }
    let began = Instant::now();
    stream.write_all(b"POST ").await.unwrap();
    assert!(matches!(stream.read(&mut [0; 64]).await, Ok(0) | Err(_)), "it is let go without an answer");
    assert!(began.elapsed() <= Duration::from_secs(7), "{:?}", began.elapsed());
    assert_eq!(served.post.stored().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn sizes_are_limited_before_and_while_reading() {
    let served = served().await;
    let declared = format!("POST {PATH} HTTP/1.1\r\nHost: a\r\nContent-Length: 1048577\r\n\r\n");
    assert!(exchange(served.address, declared.as_bytes()).await.starts_with("HTTP/1.1 413"));
    let mut chunked =
        format!("POST {PATH} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n").into_bytes();
    for _ in 0..17 {
        chunked.extend_from_slice(b"10000\r\n");
        chunked.extend(std::iter::repeat_n(b'x', 0x10000));
        chunked.extend_from_slice(b"\r\n");
    }
    assert!(exchange(served.address, &chunked).await.starts_with("HTTP/1.1 413"));
    let headers = format!("POST {PATH} HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n", "y".repeat(20_000));
    let answer = exchange(served.address, headers.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
    assert_eq!(served.post.counts().oversize, 2);
}

#[tokio::test(start_paused = true)]
async fn tricks_with_framing_and_versions_store_nothing() {
    let served = served().await;
    let both = format!(
        "POST {PATH} HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    );
    let twice =
        format!("POST {PATH} HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcde");
    for bytes in
        [both.as_bytes(), twice.as_bytes(), b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"\x16\x03\x01\x02\x00\x01"]
    {
        let answer = exchange(served.address, bytes).await;
        assert!(!answer.starts_with("HTTP/1.1 2"), "{answer}");
    }
    assert_eq!(served.post.stored().len(), 0);
    assert!(exchange(served.address, &delivery(EVENT)).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test(start_paused = true)]
async fn the_oldest_idle_connection_makes_room_for_the_257th() {
    let served = served().await;
    let mut streams = Vec::new();
    for n in 0..256_u32 {
        let mut stream = TcpStream::connect(served.address).await.unwrap();
        let body = format!(r#"{{"event_id":{}}}"#, n + 1);
        stream.write_all(&delivery(body.as_bytes())).await.unwrap();
        answer(&mut stream).await;
        streams.push(stream);
    }
    let mut newest = TcpStream::connect(served.address).await.unwrap();
    newest.write_all(&delivery(EVENT)).await.unwrap();
    assert!(answer(&mut newest).await.starts_with("HTTP/1.1 200"));
    let mut rest = Vec::new();
    assert_eq!(streams[0].read_to_end(&mut rest).await.unwrap(), 0, "the oldest is closed");
    streams[255].write_all(&delivery(b"{}")).await.unwrap();
    assert!(answer(&mut streams[255]).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test(start_paused = true)]
async fn a_stop_answers_what_is_under_way_and_ends() {
    let served = served().await;
    let whole = delivery(EVENT);
    let mut stream = TcpStream::connect(served.address).await.unwrap();
    let mut idle = TcpStream::connect(served.address).await.unwrap();
    idle.write_all(&delivery(b"{}")).await.unwrap();
    answer(&mut idle).await;
    let (start, rest) = whole.split_at(whole.len() - 1);
    stream.write_all(start).await.unwrap();
    // The head has been read when a second connection was served after it.
    exchange(served.address, b"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await;
    served.stop.cancel();
    stream.write_all(rest).await.unwrap();
    assert!(answer(&mut stream).await.starts_with("HTTP/1.1 200"));
    served.task.await.unwrap();
    assert!(TcpStream::connect(served.address).await.is_err(), "nobody listens any more");
    assert_eq!(served.post.stored().len(), 2);
}

#[test]
fn on_a_thread_of_its_own_it_serves_and_stops() {
    use std::io::{Read as _, Write as _};
    let post = post(SimDisk::new(1));
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    let thread = spawn(listener, Arc::clone(&post.receiver), stop.clone()).unwrap();
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    stream.write_all(&delivery(EVENT)).unwrap();
    let mut status = [0; 12];
    stream.read_exact(&mut status).unwrap();
    assert_eq!(&status, b"HTTP/1.1 200");
    stop.cancel();
    thread.join().unwrap();
    assert_eq!(post.stored().len(), 1);
}
