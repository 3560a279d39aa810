//! The door over a Unix socket, with an engine played by the test.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::time::Duration;

use hourwire::control::link::{Door, EngineEnd, ViewerEnd};
use hourwire::control::message::{FromEngine, PROTOCOL, ToEngine};
use hourwire::control::socket::{ConnectError, FRAME, Limits, ListenError, Listening, connect, listen};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// A ceiling, not a duration: nothing here takes near as long.
const CEILING: Duration = Duration::from_secs(20);

struct House {
    folder: TempDir,
    path: PathBuf,
    cancel: CancellationToken,
    arrivals: mpsc::Receiver<EngineEnd>,
    listening: Listening,
}

fn open(limits: Limits) -> House {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("run").join("control.sock");
    let (door, arrivals) = Door::new();
    let cancel = CancellationToken::new();
    let listening = listen(&path, door, limits, cancel.clone()).expect("an open door");
    House { folder, path, cancel, arrivals, listening }
}

async fn soon<T>(future: impl Future<Output = T>) -> T {
    timeout(CEILING, future).await.expect("within the ceiling")
}

impl House {
    async fn attach(&mut self, name: &str) -> (ViewerEnd, EngineEnd) {
        let viewer = soon(connect(&self.path, name)).await.expect("attached");
        let mut engine = soon(self.arrivals.recv()).await.expect("announced");
        match soon(engine.from_viewer.recv()).await {
            Some(ToEngine::Hello { protocol: PROTOCOL, viewer, .. }) => assert_eq!(viewer, name),
            other => panic!("the engine learns who came, got {other:?}"),
        }
        (viewer, engine)
    }
}

fn notice(say: &str) -> FromEngine {
    FromEngine::Notice { at: chrono::DateTime::UNIX_EPOCH, say: say.into(), id: None }
}

async fn raw(path: &Path, body: &[u8]) -> UnixStream {
    let mut stream = UnixStream::connect(path).await.expect("connected");
    stream.write_u32(u32::try_from(body.len()).expect("short")).await.expect("a length");
    stream.write_all(body).await.expect("a body");
    stream
}

async fn answer(stream: &mut UnixStream) -> FromEngine {
    let length = soon(stream.read_u32()).await.expect("a length");
    let mut body = vec![0; length as usize];
    soon(stream.read_exact(&mut body)).await.expect("a body");
    serde_json::from_slice(&body).expect("a message")
}

#[tokio::test]
async fn two_viewers_talk_to_the_engine_at_once() {
    let mut house = open(Limits::default());
    let (mut first, mut first_end) = house.attach("tty1").await;
    let (mut second, second_end) = house.attach("tty2").await;

    first.to_engine.send(ToEngine::Resync).await.expect("sent");
    assert_eq!(soon(first_end.from_viewer.recv()).await, Some(ToEngine::Resync));
    second_end.to_viewer.send(notice("to the second")).await.expect("sent");
    first_end.to_viewer.send(notice("to the first")).await.expect("sent");
    assert_eq!(soon(first.from_engine.recv()).await, Some(notice("to the first")));
    assert_eq!(soon(second.from_engine.recv()).await, Some(notice("to the second")));

    drop(first);
    assert_eq!(soon(first_end.from_viewer.recv()).await, None, "the engine sees who left");
    second_end.to_viewer.send(FromEngine::Bye).await.expect("the other stays");
    assert_eq!(soon(second.from_engine.recv()).await, Some(FromEngine::Bye));
}

#[tokio::test]
async fn what_a_viewer_sent_before_it_left_arrives() {
    let mut house = open(Limits::default());
    let (viewer, mut engine) = house.attach("one-shot").await;
    for view in 0..100 {
        viewer.to_engine.send(ToEngine::Close { view }).await.expect("sent");
    }
    drop(viewer);
    for view in 0..100 {
        assert_eq!(soon(engine.from_viewer.recv()).await, Some(ToEngine::Close { view }));
    }
}

#[tokio::test]
async fn a_viewer_that_does_not_read_is_dropped_and_others_stay() {
    let mut house = open(Limits { patience: Duration::from_millis(50), ..Limits::default() });
    let hello = format!(r#"{{"hello":{{"protocol":{PROTOCOL},"version":"1","viewer":"asleep"}}}}"#);
    let asleep = raw(&house.path, hello.as_bytes()).await;
    let asleep_end = soon(house.arrivals.recv()).await.expect("announced");
    let (mut awake, awake_end) = house.attach("awake").await;

    let long = notice(&"x".repeat(64 * 1024));
    soon(async {
        // `try_send` is how an engine talks: it never waits. Full or closed, the viewer is given up.
        while !asleep_end.to_viewer.is_closed() {
            let _ = asleep_end.to_viewer.try_send(long.clone());
            tokio::task::yield_now().await;
        }
    })
    .await;
    awake_end.to_viewer.send(notice("still here")).await.expect("sent");
    assert_eq!(soon(awake.from_engine.recv()).await, Some(notice("still here")));
    drop(asleep);
}

#[tokio::test]
async fn another_protocol_is_refused_by_name_of_the_older_side() {
    let house = open(Limits::default());
    let (old, new) = (PROTOCOL - 1, PROTOCOL + 1);
    for (theirs, words) in [
        (new, vec!["the running engine", "is older", "9.0.0", "restart the engine", "kill "]),
        (old, vec!["this program (9.0.0", "is older", "update it", "kill "]),
    ] {
        // Another protocol may say more, or say it otherwise.
        let hello = format!(r#"{{"hello":{{"protocol":{theirs},"version":"9.0.0","who":[1]}}}}"#);
        let mut stream = raw(&house.path, hello.as_bytes()).await;
        let FromEngine::Refused { reason, protocol } = answer(&mut stream).await else {
            panic!("not refused")
        };
        assert!(words.iter().all(|word| reason.contains(word)), "{reason}");
        assert_eq!(protocol, Some(PROTOCOL));
        assert_eq!(soon(stream.read(&mut [0; 1])).await.expect("closed"), 0);
    }
}

/// An engine of another protocol, as far as its first answer goes.
async fn stranger(path: &Path, said: &'static str) {
    let listener = tokio::net::UnixListener::bind(path).expect("a socket");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let length = stream.read_u32().await.unwrap_or(0);
            let mut hello = vec![0; length as usize];
            let _ = stream.read_exact(&mut hello).await;
            let _ = stream.write_u32(u32::try_from(said.len()).expect("short")).await;
            let _ = stream.write_all(said.as_bytes()).await;
        }
    });
}

#[tokio::test]
async fn a_viewer_is_told_apart_what_it_was_refused_for() {
    let folder = tempfile::tempdir().expect("a folder");
    let (old, full) = (folder.path().join("old"), folder.path().join("full"));
    stranger(&old, r#"{"refused":{"reason":"the running engine is older","protocol":1}}"#).await;
    stranger(&full, r#"{"refused":{"reason":"no place"}}"#).await;
    let unequal = soon(connect(&old, "tty1")).await.expect_err("refused");
    assert!(matches!(&unequal, ConnectError::Unequal { reason } if reason.contains("older")), "{unequal}");
    let refused = soon(connect(&full, "tty1")).await.expect_err("refused");
    assert!(matches!(refused, ConnectError::Refused { .. }), "{refused}");
}

#[tokio::test]
async fn a_refusal_reaches_the_client_as_it_was_said() {
    let mut house = open(Limits { viewers: 1, ..Limits::default() });
    let (viewer, engine) = house.attach("first").await;
    match soon(connect(&house.path, "second")).await {
        Err(ConnectError::Refused { reason }) => assert!(reason.contains("viewers"), "{reason}"),
        other => panic!("the second does not fit, got {other:?}"),
    }
    drop((viewer, engine));
    soon(async {
        while connect(&house.path, "third").await.is_err() {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_frame_that_is_too_long_ends_that_viewer_only() {
    let mut house = open(Limits::default());
    let (_viewer, quiet) = house.attach("quiet").await;
    let hello = format!(r#"{{"hello":{{"protocol":{PROTOCOL},"version":"1","viewer":"loud"}}}}"#);
    let mut stream = raw(&house.path, hello.as_bytes()).await;
    let mut loud = soon(house.arrivals.recv()).await.expect("announced");
    assert!(matches!(soon(loud.from_viewer.recv()).await, Some(ToEngine::Hello { .. })));
    stream.write_u32(u32::try_from(FRAME + 1).expect("fits")).await.expect("a length");
    assert_eq!(soon(loud.from_viewer.recv()).await, None);
    assert!(!quiet.to_viewer.is_closed());
}

#[tokio::test]
async fn a_page_longer_than_a_frame_becomes_a_notice() {
    let mut house = open(Limits::default());
    let (mut viewer, engine) = house.attach("tty1").await;
    engine.to_viewer.send(notice(&"x".repeat(FRAME))).await.expect("sent");
    engine.to_viewer.send(notice("after")).await.expect("sent");
    let Some(FromEngine::Notice { say, .. }) = soon(viewer.from_engine.recv()).await else {
        panic!("nothing")
    };
    assert!(say.contains("fewer rows"), "{say}");
    assert_eq!(soon(viewer.from_engine.recv()).await, Some(notice("after")));
}

#[tokio::test]
async fn only_this_user_can_reach_the_socket() {
    let house = open(Limits::default());
    let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
    assert_eq!(mode(&house.path), 0o600);
    assert_eq!(mode(house.path.parent().expect("a folder")), 0o700);
}

#[tokio::test]
async fn a_folder_open_to_others_is_closed() {
    let folder = tempfile::tempdir().expect("a folder");
    let open = folder.path().join("open");
    fs::create_dir(&open).expect("made");
    fs::set_permissions(&open, fs::Permissions::from_mode(0o755)).expect("opened");
    let (door, _arrivals) = Door::new();
    let _listening =
        listen(&open.join("s"), door, Limits::default(), CancellationToken::new()).expect("listening");
    assert_eq!(fs::metadata(&open).expect("there").permissions().mode() & 0o777, 0o700);
}

#[tokio::test]
async fn a_socket_nobody_answers_on_is_replaced_and_a_live_one_is_not() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("control.sock");
    drop(std::os::unix::net::UnixListener::bind(&path).expect("left over"));
    assert!(matches!(connect(&path, "early").await, Err(ConnectError::NotRunning { .. })));

    let (door, _arrivals) = Door::new();
    let cancel = CancellationToken::new();
    let listening = listen(&path, door.clone(), Limits::default(), cancel.clone()).expect("replaced");
    let second = listen(&path, door, Limits::default(), CancellationToken::new());
    assert!(matches!(second, Err(ListenError::Taken { .. })), "{second:?}");

    cancel.cancel();
    soon(listening.ended()).await;
    assert!(!path.exists(), "a clean end leaves nothing behind");
    assert!(matches!(connect(&path, "late").await, Err(ConnectError::NotRunning { .. })));
}

#[tokio::test]
async fn links_and_files_in_the_way_are_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let target = folder.path().join("precious");
    fs::write(&target, "kept").expect("written");
    let link = folder.path().join("link.sock");
    symlink(&target, &link).expect("linked");
    for path in [&link, &target] {
        let (door, _arrivals) = Door::new();
        let refused = listen(path, door, Limits::default(), CancellationToken::new());
        assert!(matches!(refused, Err(ListenError::InTheWay { .. })), "{refused:?}");
        assert!(matches!(connect(path, "curious").await, Err(ConnectError::Foreign { .. })));
    }
    assert_eq!(fs::read_to_string(&target).expect("still there"), "kept");
}

#[tokio::test]
async fn last_words_go_out_when_the_door_closes() {
    let mut house = open(Limits::default());
    let (mut viewer, engine) = house.attach("tty1").await;
    engine.to_viewer.send(FromEngine::Bye).await.expect("sent");
    house.cancel.cancel();
    drop(engine);
    soon(house.listening.ended()).await;
    assert_eq!(soon(viewer.from_engine.recv()).await, Some(FromEngine::Bye));
    assert_eq!(soon(viewer.from_engine.recv()).await, None);
    assert!(house.folder.path().join("run").exists());
}

#[tokio::test]
async fn an_engine_that_leaves_while_somebody_comes_in_says_goodbye_or_is_gone() {
    let mut house = open(Limits::default());
    // Nobody attends any more, and the socket is still open.
    house.arrivals.close();
    let mut viewer = soon(connect(&house.path, "tty1")).await.expect("attached");
    assert_eq!(soon(viewer.from_engine.recv()).await, Some(FromEngine::Bye));
    assert_eq!(soon(viewer.from_engine.recv()).await, None);

    // Closed before it was greeted: whoever retries finds the next engine.
    let path = house.folder.path().join("leaving.sock");
    let leaving = UnixListener::bind(&path).expect("bound");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("closed to others");
    let (came, ()) = tokio::join!(connect(&path, "tty1"), async { drop(leaving.accept().await) });
    assert!(matches!(came, Err(ConnectError::NotRunning { .. })), "{came:?}");
}
