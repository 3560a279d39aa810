//! A stand-in for the reverse proxy or tunnel in front of a receiver, which can go down.
//!
//! While it is up it passes bytes through; while it is down it answers everything with 502. It knows no webhook.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// A running tunnel. Clones are the same tunnel.
#[derive(Clone, Debug)]
pub struct Tunnel {
    address: SocketAddr,
    down: Arc<watch::Sender<bool>>,
}

impl Tunnel {
    /// Listens on a free loopback port and leads to `target`, until `stop`.
    pub async fn start(target: SocketAddr, stop: CancellationToken) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let (down, state) = watch::channel(false);
        tokio::spawn(async move {
            loop {
                let stream = tokio::select! {
                    biased;
                    () = stop.cancelled() => return,
                    accepted = listener.accept() => accepted,
                };
                if let Ok((stream, _)) = stream {
                    tokio::spawn(pass(stream, target, state.clone(), stop.clone()));
                }
            }
        });
        Ok(Self { address, down: Arc::new(down) })
    }

    /// The address that the world sees.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://` and the address: a `public_url`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Takes the tunnel down or up. Connections that are open end with a change.
    pub fn set_down(&self, down: bool) {
        self.down.send_replace(down);
    }
}

async fn pass(
    mut stream: TcpStream,
    target: SocketAddr,
    mut state: watch::Receiver<bool>,
    stop: CancellationToken,
) {
    let down = *state.borrow_and_update();
    let passing = async {
        if down {
            return refuse(&mut stream).await;
        }
        match TcpStream::connect(target).await {
            Ok(mut behind) => {
                // Small packets must not wait for more on either side.
                let _ = (stream.set_nodelay(true), behind.set_nodelay(true));
                tokio::io::copy_bidirectional(&mut stream, &mut behind).await.map(|_| ())
            }
            Err(_) => refuse(&mut stream).await,
        }
    };
    // However a connection ends, the client finds out by itself.
    tokio::select! {
        biased;
        () = stop.cancelled() => {}
        () = changed(&mut state) => {}
        _ = passing => {}
    }
}

/// Waits for a change; without anybody left to make one, for ever.
async fn changed(state: &mut watch::Receiver<bool>) {
    if state.changed().await.is_err() {
        std::future::pending::<()>().await;
    }
}

const REFUSAL: &[u8] = b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

/// Reads what the client has to say, so that it gets the answer instead of a reset, and says 502.
async fn refuse(stream: &mut TcpStream) -> io::Result<()> {
    let mut seen = vec![0; 64 * 1024];
    let _ = stream.read(&mut seen).await?;
    stream.write_all(REFUSAL).await?;
    stream.shutdown().await?;
    while stream.read(&mut seen).await? > 0 {}
    Ok(())
}
