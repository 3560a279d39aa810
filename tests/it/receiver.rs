//! The receiver through its in-process seam; `sockets` holds what only a connection shows.

mod clockify;
mod own_address;
mod refused;
mod rotation;
mod sockets;

use std::sync::{Arc, Condvar, Mutex};

use bytes::Bytes;
use hourwire::domain::delivery::Delivered;
use hourwire::domain::id::Service;
use hourwire::journal::{Disk, DiskFile, Fault, Inbox, InboxOptions, InboxWriter, SimDisk, Sizes, Stored};
use hourwire::receiver::{Counts, Hook, Hooks, Receiver, Refusal, signature};
use http::{HeaderMap, Method, Request, Response, StatusCode};

const PATH: &str = "/hooks/mfrggzdfmztwq2lknnwg23tpob";
const SECRET: &str = "own-test-secret-01";
const EVENT: &[u8] = br#"{"event_id":8300000000000001,"payload":{"id":1},"subscription_id":20417}"#;
const NOW: i64 = 1_772_442_000_000_000_000;

pub struct Post {
    pub disk: SimDisk,
    pub receiver: Arc<Receiver>,
    inbox: InboxWriter,
}

impl Post {
    pub fn stored(&self) -> Vec<Stored> {
        self.inbox.read_from(0, usize::MAX).unwrap()
    }

    fn counts(&self) -> Counts {
        self.receiver.counters().read()
    }

    async fn send(&self, body: &[u8], headers: HeaderMap) -> Response<Bytes> {
        self.request(Method::POST, PATH, body, headers).await
    }

    async fn request(&self, method: Method, path: &str, body: &[u8], headers: HeaderMap) -> Response<Bytes> {
        let mut request = Request::new(Bytes::copy_from_slice(body));
        *request.method_mut() = method;
        *request.uri_mut() = path.parse().unwrap();
        *request.headers_mut() = headers;
        self.receiver.handle(request).await
    }
}

fn hooks() -> Arc<Hooks> {
    let hooks = Hooks::new(Arc::new(|| NOW));
    let label = "toggl/main".to_owned();
    let hook = Hook { service: Service::Toggl, label, secret: SECRET.into(), previous: None, event: None };
    hooks.set(PATH.strip_prefix("/hooks/").unwrap(), hook);
    Arc::new(hooks)
}

pub fn post(disk: SimDisk) -> Post {
    let options = InboxOptions { sizes: Sizes::small(), ..InboxOptions::default() };
    let (inbox, _) = Inbox::open(Arc::new(disk.clone()), options).unwrap();
    let inbox = InboxWriter::inline(Arc::new(Mutex::new(inbox)), Arc::new(|| NOW));
    let receiver = Arc::new(Receiver::new(hooks(), inbox.clone(), Arc::new(|| NOW)));
    Post { disk, receiver, inbox }
}

pub fn signed(body: &[u8]) -> HeaderMap {
    let value = signature::sign(SECRET.as_bytes(), body).parse().unwrap();
    HeaderMap::from_iter([(signature::HEADER.parse().unwrap(), value)])
}

#[tokio::test]
async fn a_signed_delivery_is_durable_before_it_is_answered() {
    let post = post(SimDisk::new(1));
    let mut headers = signed(EVENT);
    headers.insert("content-type", "application/json".parse().unwrap());
    headers.insert("x-forwarded-for", "192.0.2.1".parse().unwrap());
    let answer = post.send(EVENT, headers).await;
    assert_eq!((answer.status(), answer.body().len()), (StatusCode::OK, 0));
    // The power goes at once.
    let options = InboxOptions { sizes: Sizes::small(), ..InboxOptions::default() };
    let (inbox, _) = Inbox::open(Arc::new(post.disk.crash(1)), options).unwrap();
    let stored = inbox.read_from(0, 9).unwrap();
    assert_eq!(stored.len(), 1);
    let delivered = Delivered::decode(&stored[0].payload).unwrap();
    assert_eq!((&delivered.hook[..], &delivered.body[..]), ("toggl/main", EVENT));
    assert_eq!(delivered.received_at.timestamp_nanos_opt(), Some(NOW));
    let kept: Vec<&str> = delivered.headers.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(kept, ["content-type", signature::HEADER], "what is needed to check it again, and no address");
    let counts = post.counts();
    assert_eq!((counts.received, counts.accepted, counts.bytes), (1, 1, EVENT.len() as u64));
    assert_eq!(counts.last_received_ns, Some(NOW));
}

#[tokio::test]
async fn every_kind_of_wrong_signature_gets_the_same_401_and_changes_nothing() {
    let post = post(SimDisk::new(1));
    let good = signature::sign(SECRET.as_bytes(), EVENT);
    let wrong = signature::sign(b"another secret", EVENT);
    let cases: [(&str, &[&str], Refusal); 9] = [
        (PATH, &[], Refusal::NoSignature),
        (PATH, &[&good, &good], Refusal::NoSignature),
        (PATH, &[&good[..good.len() - 1]], Refusal::BadForm),
        (PATH, &[&format!("{good}a")], Refusal::BadForm),
        (PATH, &[&good.replace("sha256", "sha1")], Refusal::BadForm),
        (PATH, &[&good["sha256=".len()..]], Refusal::BadForm),
        (PATH, &[&wrong], Refusal::WrongSignature),
        ("/hooks/mfrggzdfmztwq2lknnwg23tpoc", &[&good], Refusal::UnknownPath),
        ("/hooks/", &[&good], Refusal::UnknownPath),
    ];
    let mut answers = Vec::new();
    for (path, values, _) in cases {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(signature::HEADER, value.parse().unwrap());
        }
        let answer = post.request(Method::POST, path, EVENT, headers).await;
        answers.push(format!("{:?} {:?} {:?}", answer.status(), answer.headers(), answer.body()));
    }
    assert_eq!(answers[0], "401 {} b\"\"");
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    assert_eq!((post.stored().len(), post.counts().received, post.counts().rejected), (0, 0, 9));
    let reasons: Vec<&str> = post.receiver.rejected().iter().rev().map(|r| r.reason).collect();
    assert_eq!(reasons, cases.map(|(_, _, reason)| reason.as_str()));
}

#[tokio::test]
async fn the_ring_of_rejected_deliveries_is_bounded() {
    let post = post(SimDisk::new(1));
    for n in 0..1100_u32 {
        post.send(&vec![n as u8; 5000], HeaderMap::new()).await;
    }
    let rejected = post.receiver.rejected();
    assert_eq!((rejected.len(), rejected[0].size, rejected[0].body.len()), (1000, 5000, 4096));
    assert_eq!((rejected[0].body[0], rejected[999].body[0]), (1099_u32 as u8, 100));
    assert_eq!(post.counts().rejected, 1100);
}

#[tokio::test]
async fn a_byte_exact_copy_is_answered_and_counted_but_not_stored_also_after_a_restart() {
    let first = post(SimDisk::new(1));
    for _ in 0..3 {
        assert_eq!(first.send(EVENT, signed(EVENT)).await.status(), StatusCode::OK);
    }
    let other = [EVENT, b" "].concat();
    assert_eq!(first.send(&other, signed(&other)).await.status(), StatusCode::OK);
    assert_eq!((first.stored().len(), first.counts().duplicates, first.counts().received), (2, 2, 4));

    let second = post(first.disk.clone());
    assert_eq!(second.send(EVENT, signed(EVENT)).await.status(), StatusCode::OK);
    assert_eq!((second.stored().len(), second.counts().duplicates), (2, 1));
}

#[tokio::test]
async fn only_the_newest_4096_are_known_after_a_restart() {
    let body = |n: u32| format!(r#"{{"event_id":{}}}"#, n + 1).into_bytes();
    let first = post(SimDisk::new(1));
    for n in 0..4100 {
        first.send(&body(n), signed(&body(n))).await;
    }
    let second = post(first.disk.clone());
    for (n, known) in [(4099, true), (4, true), (3, false)] {
        let before = second.counts().duplicates;
        second.send(&body(n), signed(&body(n))).await;
        assert_eq!(second.counts().duplicates - before, u64::from(known), "delivery {n}");
    }
}

#[tokio::test]
async fn a_ping_is_echoed_stored_and_never_a_duplicate() {
    let post = post(SimDisk::new(1));
    let ping = br#"{"event_id":0,"payload":"ping","subscription_id":20417,"validation_code":"0f1e2d3c4b5a69788796a5b4c3d2e1f0"}"#;
    for _ in 0..2 {
        let answer = post.send(ping, signed(ping)).await;
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(answer.headers()["content-type"], "application/json");
        assert_eq!(&answer.body()[..], br#"{"validation_code":"0f1e2d3c4b5a69788796a5b4c3d2e1f0"}"#);
    }
    let plain = br#"{"event_id":0,"payload":"ping","subscription_id":20417}"#;
    assert_eq!(post.send(plain, signed(plain)).await.body().len(), 0);
    assert_eq!((post.stored().len(), post.counts().pings, post.counts().duplicates), (3, 3, 0));
}

#[tokio::test]
async fn signed_nonsense_of_any_shape_is_stored() {
    let post = post(SimDisk::new(1));
    let shapes: [&[u8]; 7] =
        [b"", b"\xff\xfe\x00", b"null", b"[[[[", b"{\"event_id\":{}}", b"<xml/>", &[b'['; 9000]];
    for body in shapes {
        assert_eq!(post.send(body, signed(body)).await.status(), StatusCode::OK, "{body:?}");
    }
    let stored: Vec<_> = post.stored().iter().map(|s| Delivered::decode(&s.payload).unwrap().body).collect();
    assert_eq!(stored, shapes);
}

#[tokio::test]
async fn too_large_is_413_and_not_storable_is_503_until_the_disk_recovers() {
    let post = post(SimDisk::new(1));
    let large = vec![b'x'; (1 << 20) + 1];
    assert_eq!(post.send(&large, signed(&large)).await.status(), StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(post.send(&large[1..], signed(&large[1..])).await.status(), StatusCode::OK);

    for at in [0, 1] {
        post.disk.fail_at(post.disk.operations().len() + at, Fault::Eio);
    }
    let answer = post.send(EVENT, signed(EVENT)).await;
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.headers()["retry-after"], "5");
    assert_eq!(post.counts().unavailable, 1);
    // What failed is no duplicate when it comes again.
    for _ in 0..9 {
        if post.send(EVENT, signed(EVENT)).await.status() == StatusCode::OK {
            break;
        }
    }
    assert_eq!((post.stored().len(), post.counts().duplicates), (2, 0));
}

#[tokio::test]
async fn other_requests_learn_nothing() {
    let post = post(SimDisk::new(1));
    let get = |path: &'static str| post.request(Method::GET, path, b"", HeaderMap::new());
    assert_eq!(&get("/healthz").await.body()[..], b"ok\n");
    let mut answers = Vec::new();
    for path in ["/", "/hooks", "/healthz/", PATH, "/hooks/unknown", "/hooks/probe/00-00", "/metrics"] {
        let answer = get(path).await;
        answers.push(format!("{:?} {:?} {:?}", answer.status(), answer.headers(), answer.body()));
    }
    assert!(answers.iter().all(|answer| *answer == "404 {} b\"\""), "{answers:?}");
    assert_eq!((post.stored().len(), post.counts().rejected), (0, 0));
}

#[tokio::test]
async fn a_probe_proves_that_the_address_reaches_this_process() {
    let (here, elsewhere) = (post(SimDisk::new(1)), post(SimDisk::new(1)));
    let asked = here.receiver.probe().ask();
    for method in [Method::GET, Method::POST] {
        let answer = here.request(method, &asked.path, b"", HeaderMap::new()).await;
        assert!(asked.is_answered_by(answer.body()));
    }
    // Also behind a proxy that leaves a prefix.
    let answer = here.request(Method::GET, &format!("/hourwire{}", asked.path), b"", HeaderMap::new()).await;
    assert!(asked.is_answered_by(answer.body()));
    let answer = elsewhere.request(Method::GET, &asked.path, b"", HeaderMap::new()).await;
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);
    assert!(!asked.is_answered_by(answer.body()));
}

/// A disk whose syncs wait at a gate.
struct Slow {
    disk: SimDisk,
    gate: Arc<(Mutex<bool>, Condvar)>,
}

struct SlowFile(Arc<dyn DiskFile>, Arc<(Mutex<bool>, Condvar)>);

impl Disk for Slow {
    fn list(&self) -> std::io::Result<Vec<String>> {
        self.disk.list()
    }
    fn open(&self, name: &str) -> std::io::Result<Arc<dyn DiskFile>> {
        Ok(Arc::new(SlowFile(self.disk.open(name)?, self.gate.clone())))
    }
    fn create(&self, name: &str) -> std::io::Result<Arc<dyn DiskFile>> {
        Ok(Arc::new(SlowFile(self.disk.create(name)?, self.gate.clone())))
    }
    fn rename(&self, from: &str, to: &str) -> std::io::Result<()> {
        self.disk.rename(from, to)
    }
    fn remove(&self, name: &str) -> std::io::Result<()> {
        self.disk.remove(name)
    }
    fn sync_dir(&self) -> std::io::Result<()> {
        self.disk.sync_dir()
    }
    fn free_space(&self) -> std::io::Result<u64> {
        self.disk.free_space()
    }
    fn random(&self) -> u64 {
        self.disk.random()
    }
}

impl DiskFile for SlowFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> std::io::Result<usize> {
        self.0.read_at(buffer, offset)
    }
    fn write_at(&self, bytes: &[u8], offset: u64) -> std::io::Result<usize> {
        self.0.write_at(bytes, offset)
    }
    fn len(&self) -> std::io::Result<u64> {
        self.0.len()
    }
    fn preallocate(&self, size: u64) -> std::io::Result<()> {
        self.0.preallocate(size)
    }
    fn sync_data(&self) -> std::io::Result<()> {
        let (open, changed) = &*self.1;
        drop(changed.wait_while(open.lock().unwrap(), |open| !*open).unwrap());
        self.0.sync_data()
    }
}

#[tokio::test(start_paused = true)]
async fn a_disk_that_hangs_gets_503_within_the_deadline_and_a_full_queue_at_once() {
    let gate = Arc::new((Mutex::new(true), Condvar::new()));
    let disk = Slow { disk: SimDisk::new(1), gate: gate.clone() };
    let (inbox, _) = Inbox::open(Arc::new(disk), InboxOptions::default()).unwrap();
    let (inbox, thread) = InboxWriter::spawn(inbox, Arc::new(|| NOW)).unwrap();
    let receiver = Receiver::new(hooks(), inbox.clone(), Arc::new(|| NOW));
    *gate.0.lock().unwrap() = false;
    let began = tokio::time::Instant::now();
    let body = |n: usize| format!(r#"{{"event_id":{}}}"#, n + 1).into_bytes();
    let requests = (0..3000).map(|n| {
        let mut request = Request::new(Bytes::from(body(n)));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = PATH.parse().unwrap();
        *request.headers_mut() = signed(&body(n));
        receiver.handle(request)
    });
    let answers = futures_util::future::join_all(requests).await;
    assert!(answers.iter().all(|answer| answer.status() == StatusCode::SERVICE_UNAVAILABLE));
    assert!(began.elapsed() < std::time::Duration::from_secs(3), "{:?}", began.elapsed());
    *gate.0.lock().unwrap() = true;
    gate.1.notify_all();
    drop((receiver, inbox));
    thread.join().unwrap();
}
