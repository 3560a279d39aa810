//! The tunnel in front of a receiver, and starts that fail with a reason.

use std::net::SocketAddr;

use hourwire::simulator::serve::{ServeError, ServeOptions, start};
use hourwire::simulator::tunnel::Tunnel;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

async fn status(address: SocketAddr) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(b"GET /admin/plan HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    text.lines().next().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn a_tunnel_passes_or_answers_502_and_ends_open_connections() {
    let stop = CancellationToken::new();
    let options = ServeOptions { listen: Some("127.0.0.1:0".parse().unwrap()), ..ServeOptions::default() };
    let running = start(options, stop.clone()).await.unwrap();
    let target = running.toggl.strip_prefix("http://").unwrap().parse().unwrap();
    let tunnel = Tunnel::start(target, stop.clone()).await.unwrap();
    assert_eq!(status(tunnel.address()).await, "HTTP/1.1 200 OK");
    let mut open = TcpStream::connect(tunnel.address()).await.unwrap();
    open.write_all(b"GET /admin/plan HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    assert!(open.read(&mut [0; 1024]).await.unwrap() > 0);
    tunnel.set_down(true);
    assert!(matches!(open.read(&mut [0; 1024]).await, Ok(0) | Err(_)));
    assert_eq!(status(tunnel.address()).await, "HTTP/1.1 502 Bad Gateway");
    tunnel.set_down(false);
    assert_eq!(status(tunnel.address()).await, "HTTP/1.1 200 OK");
    stop.cancel();
}

#[tokio::test]
async fn a_taken_address_and_a_missing_certificate_are_named() {
    let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = taken.local_addr().unwrap();
    let options = ServeOptions { listen: Some(address), ..ServeOptions::default() };
    let error = start(options, CancellationToken::new()).await.err().unwrap();
    assert!(
        matches!(error, ServeError::Listen { .. }) && error.to_string().contains(&address.to_string()),
        "{error}"
    );
    let tls = Some(("no/such/cert.pem".into(), "no/such/key.pem".into()));
    let error =
        start(ServeOptions { tls, ..ServeOptions::default() }, CancellationToken::new()).await.err().unwrap();
    assert!(error.to_string().contains("no/such/cert.pem"), "{error}");
}
