//! The look at our own address meets what a delivery would meet in front of the receiver.

use std::sync::Arc;

use hourwire::cli::host::wiring;
use hourwire::journal::SimDisk;
use hourwire::receiver::Receiver;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

/// Passes requests on to the receiver, but answers 502 to those of a method.
async fn proxy(refused: &'static str, receiver: Arc<Receiver>, cancel: &CancellationToken) -> String {
    let behind = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = behind.local_addr().unwrap().port();
    hourwire::receiver::spawn(behind, receiver, cancel.clone()).unwrap();
    let front = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", front.local_addr().unwrap());
    let cancel = cancel.clone();
    tokio::spawn(cancel.run_until_cancelled_owned(async move {
        while let Ok((client, _)) = front.accept().await {
            let mut client = BufReader::new(client);
            let mut line = String::new();
            if client.read_line(&mut line).await.is_err() {
                continue;
            }
            if line.starts_with(refused) {
                let refusal = b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
                let _ = client.get_mut().write_all(refusal).await;
                let _ = client.read_to_end(&mut Vec::new()).await;
                continue;
            }
            let mut server = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
            server.write_all(line.as_bytes()).await.unwrap();
            tokio::spawn(async move { tokio::io::copy_bidirectional(&mut client, &mut server).await });
        }
    }));
    address
}

#[tokio::test]
async fn an_address_that_takes_no_deliveries_is_not_well() {
    let receiver = super::post(SimDisk::new(1)).receiver;
    let cancel = CancellationToken::new();
    for (refused, expected) in [("GET ", None), ("POST ", Some("HTTP 502"))] {
        let address = proxy(refused, receiver.clone(), &cancel).await;
        let look = wiring::probe(&address, receiver.clone()).unwrap();
        let said = look().await.err().map(|failure| failure.say);
        assert_eq!(said.as_deref(), expected, "with {refused}refused");
    }
    cancel.cancel();
}
