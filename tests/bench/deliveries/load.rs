//! A cheap load: requests are built before the clock starts, one thread writes them and reads the answers.

use std::fmt;
use std::io::{Read as _, Write as _};
use std::time::{Duration, Instant};

use hourwire::receiver::signature;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::disk::Bare;
use super::{HOOK, SECRET};

const BODY: usize = 900;

/// Makes requests that never repeat.
#[derive(Default)]
pub struct Plan {
    events: u64,
}

/// What one run showed.
pub struct Figures {
    /// Deliveries answered a second.
    pub rate: f64,
    /// Half of them were answered within this.
    pub p50: Duration,
    /// 99 of 100 were.
    pub p99: Duration,
}

impl Figures {
    fn of(took: Duration, latencies: &mut [Duration]) -> Self {
        latencies.sort();
        let at = |share: f64| latencies[((latencies.len() - 1) as f64 * share) as usize];
        Self { rate: latencies.len() as f64 / took.as_secs_f64(), p50: at(0.5), p99: at(0.99) }
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = |time: Duration| time.as_secs_f64() * 1000.0;
        write!(f, "{:.0}/s, p50 {:.2} ms, p99 {:.2} ms", self.rate, ms(self.p50), ms(self.p99))
    }
}

impl Plan {
    /// Sends `deliveries` over `connections`, each waiting for its answer.
    pub fn run(&mut self, port: u16, connections: usize, deliveries: usize) -> Figures {
        let each = (deliveries / connections).max(1);
        let lanes: Vec<Vec<Vec<u8>>> =
            (0..connections).map(|_| (0..each).map(|_| self.request()).collect()).collect();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (took, mut latencies) = runtime.block_on(async {
            let mut streams = Vec::new();
            for _ in 0..connections {
                let stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
                stream.set_nodelay(true).unwrap();
                streams.push(stream);
            }
            let began = Instant::now();
            let lanes = streams.into_iter().zip(&lanes).map(|(stream, requests)| lane(stream, requests));
            let latencies: Vec<Duration> = futures_util::future::join_all(lanes).await.concat();
            (began.elapsed(), latencies)
        });
        Figures::of(took, &mut latencies)
    }

    /// One connection without a runtime, so that what is measured is the receiver's time. Before each delivery a bare
    /// sync of either file: a disk that changes its pace changes it for all three.
    pub fn interleaved(&mut self, port: u16, files: &mut [Bare; 2], deliveries: usize) -> Vec<[Duration; 3]> {
        let mut stream = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.set_nodelay(true).unwrap();
        let [filled, growing] = files;
        (0..deliveries)
            .map(|_| {
                let request = self.request();
                [filled.sync(), growing.sync(), once(&mut stream, &request)]
            })
            .collect()
    }

    fn request(&mut self) -> Vec<u8> {
        self.events += 1;
        let event = 8_300_000_000_000_000 + self.events;
        let mut body = format!(
            r#"{{"event_id":{event},"created_at":"2026-03-02T09:00:00.123Z","creator_id":5550001,"metadata":{{"action":"updated","event_user_id":"5550001","model":"time_entry","path":"/api/v9/workspaces/4440001/time_entries/{event}","request_type":"PUT"}},"payload":{{"id":{event},"at":"2026-03-02T09:00:00+00:00","duration":3600,"start":"2026-03-02T08:00:00Z","stop":"2026-03-02T09:00:00Z","description":""#
        );
        let end = r#""},"subscription_id":20417,"timestamp":"2026-03-02T09:00:00.323456789Z"}"#;
        body.push_str(&"x".repeat(BODY - body.len() - end.len()));
        body.push_str(end);
        let head = format!(
            "POST /hooks/{HOOK} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {}\r\n{}: {}\r\n\r\n",
            body.len(),
            signature::HEADER,
            signature::sign(SECRET.as_bytes(), body.as_bytes())
        );
        [head.as_bytes(), body.as_bytes()].concat()
    }
}

/// One delivery from its first byte to the last of its answer.
fn once(stream: &mut std::net::TcpStream, request: &[u8]) -> Duration {
    let (mut answer, mut piece) = (Vec::new(), [0; 1024]);
    let began = Instant::now();
    stream.write_all(request).unwrap();
    while !is_whole(&answer) {
        let n = stream.read(&mut piece).unwrap();
        assert!(n > 0, "the receiver closed the connection");
        answer.extend_from_slice(&piece[..n]);
    }
    let took = began.elapsed();
    assert!(answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer));
    took
}

async fn lane(mut stream: TcpStream, requests: &[Vec<u8>]) -> Vec<Duration> {
    let mut latencies = Vec::with_capacity(requests.len());
    let mut answer = Vec::with_capacity(1024);
    for request in requests {
        let began = Instant::now();
        stream.write_all(request).await.unwrap();
        answer.clear();
        while !is_whole(&answer) {
            let n = stream.read_buf(&mut answer).await.unwrap();
            assert!(n > 0, "the receiver closed the connection");
        }
        assert!(answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer));
        latencies.push(began.elapsed());
    }
    latencies
}

/// Whether an answer has arrived with its body.
fn is_whole(answer: &[u8]) -> bool {
    let Some(head) = answer.windows(4).position(|window| window == b"\r\n\r\n") else { return false };
    let length = answer[..head].split(|&byte| byte == b'\n').find_map(|line| {
        let (name, value) = line.split_at_checked(15)?;
        name.eq_ignore_ascii_case(b"content-length:").then_some(value)
    });
    let length: usize = length.map_or(0, |value| String::from_utf8_lossy(value).trim().parse().unwrap_or(0));
    answer.len() >= head + 4 + length
}
