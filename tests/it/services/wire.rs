//! The real transport against small servers on loopback: what is certain, and what is not.

use std::future::Future;

use bytes::Bytes;
use hourwire::services::http::{ReqwestWire, Wire, WireError};
use http::{Request, Response};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Reads one request up to the end of its head.
async fn head(stream: &mut TcpStream) -> String {
    let mut seen = Vec::new();
    let mut chunk = [0; 4096];
    while !seen.windows(4).any(|four| four == b"\r\n\r\n") {
        let read = stream.read(&mut chunk).await.expect("reads");
        assert_ne!(read, 0, "the request broke off");
        seen.extend_from_slice(&chunk[..read]);
    }
    String::from_utf8_lossy(&seen).into_owned()
}

/// Runs one call against a server that treats its only connection so.
async fn call<F>(treat: impl FnOnce(TcpStream) -> F + Send + 'static) -> Result<Response<Bytes>, WireError>
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("binds");
    let base = format!("http://{}", listener.local_addr().expect("address"));
    let wire = ReqwestWire::for_base(&base).expect("a wire");
    let server = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.expect("a caller");
        treat(stream).await;
    });
    let request = Request::get(format!("{base}/user?token=in-url")).body(Bytes::new()).expect("a request");
    let answer = wire.call(request).await;
    server.abort();
    answer
}

#[tokio::test]
async fn an_answer_comes_whole_and_redirects_are_not_followed() {
    let answer = call(|mut stream| async move {
        let head = head(&mut stream).await;
        assert!(head.contains("accept-encoding: gzip"), "{head}");
        let text = "HTTP/1.1 302 Found\r\nlocation: /else\r\nx-toggl-quota-remaining: 7\r\ncontent-length: 2\r\n\r\n[]";
        stream.write_all(text.as_bytes()).await.expect("writes");
    })
    .await
    .expect("an answer");
    assert_eq!((answer.status().as_u16(), answer.body().as_ref()), (302, &b"[]"[..]));
    assert_eq!(answer.headers()["x-toggl-quota-remaining"], "7");
}

#[tokio::test]
async fn a_connection_that_breaks_after_the_request_is_unknown() {
    let error = call(|mut stream| async move {
        head(&mut stream).await;
    })
    .await
    .expect_err("no answer");
    assert!(matches!(error, WireError::Unknown(_)), "{error}");
    assert!(!error.to_string().contains("in-url"), "{error}");
    let error = call(|mut stream| async move {
        head(&mut stream).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n[").await.expect("writes");
    })
    .await
    .expect_err("half an answer");
    assert!(matches!(error, WireError::Unknown(_)), "{error}");
}

#[tokio::test]
async fn silence_ends_after_the_time_limit_as_unknown() {
    let error = call(|mut stream| async move {
        head(&mut stream).await;
        tokio::time::pause();
        tokio::time::advance(std::time::Duration::from_secs(31)).await;
        std::future::pending::<()>().await;
    })
    .await
    .expect_err("no answer");
    assert!(matches!(&error, WireError::Unknown(text) if text.contains("30 s")), "{error}");
}

#[tokio::test]
async fn an_endless_answer_is_cut() {
    let error = call(|mut stream| async move {
        head(&mut stream).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 999999999\r\n\r\n").await.expect("writes");
        let chunk = vec![b' '; 1 << 20];
        while stream.write_all(&chunk).await.is_ok() {}
    })
    .await
    .expect_err("too long");
    assert!(matches!(&error, WireError::Unknown(text) if text.contains("16 MiB")), "{error}");
}

#[tokio::test]
async fn a_refused_connection_sent_nothing() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("binds");
    let base = format!("http://{}", listener.local_addr().expect("address"));
    drop(listener);
    let wire = ReqwestWire::for_base(&base).expect("a wire");
    let request = Request::post(format!("{base}/x?token=in-url")).body(Bytes::new()).expect("a request");
    let error = wire.call(request).await.expect_err("refused");
    assert!(matches!(error, WireError::NotSent(_)), "{error}");
    assert!(!error.to_string().contains("in-url"), "{error}");
}

#[tokio::test]
async fn tls_that_fails_sent_nothing_and_clear_text_is_refused() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("binds");
    let address = listener.local_addr().expect("address");
    // A machine without CA certificates says so at once; one with them fails in the handshake.
    let wire = match ReqwestWire::for_base(&format!("https://{address}")) {
        Ok(wire) => wire,
        Err(error) => return assert!(error.to_string().contains("CA certificates"), "{error}"),
    };
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a caller");
        let mut hello = [0; 64];
        let read = stream.read(&mut hello).await.expect("reads");
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.expect("writes");
        (read > 0).then_some(hello[0])
    });
    let request = Request::get(format!("https://{address}/user")).body(Bytes::new()).expect("a request");
    let error = wire.call(request).await.expect_err("no TLS");
    assert!(matches!(error, WireError::NotSent(_)), "{error}");
    assert_eq!(server.await.expect("served"), Some(0x16), "a TLS handshake came");
    let request = Request::get(format!("http://{address}/user")).body(Bytes::new()).expect("a request");
    assert!(matches!(wire.call(request).await, Err(WireError::NotSent(_))));
}
