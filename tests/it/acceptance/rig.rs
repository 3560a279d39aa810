//! A simulator, an office, and engines with a folder each.

use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::{Duration, Instant};

use hourwire::control::command::{Command, Reply, Wish};
use hourwire::control::link::ViewerEnd;
use hourwire::control::message::{FromEngine, ToEngine};
use hourwire::control::socket::connect;
use hourwire::control::view::{Open, Page, ViewKind};
use serde_json::Value;
use tempfile::TempDir;
use tokio::time::timeout;

use crate::office::Office;
use crate::process::{CEILING, Process};
pub use crate::settings::{Settings, free_port, write_private};

/// Reading beside the webhook waits for 30 s of uptime, and a disk under load is slow.
pub const PATIENCE: Duration = Duration::from_secs(150);

/// Two simulated services and the people who work with them.
pub struct Rig {
    home: TempDir,
    pub simulator: Value,
    pub office: Office,
    _simulate: Process,
}

impl Rig {
    pub async fn new(seed: u64) -> Self {
        let home = tempfile::tempdir().expect("a folder");
        let mut simulate =
            Process::start(home.path(), &["simulate", "--world", "empty", "--seed", &seed.to_string()]);
        let simulator = simulate.ready().await.simulator.expect("its services");
        let office = Office::open(&simulator, seed).await;
        Self { home, simulator, office, _simulate: simulate }
    }

    /// The folder of an engine, with its configuration written. The port stays the same over its starts.
    pub fn engine(&self, name: &str, settings: &Settings<'_>) -> Seat {
        let home = self.home.path().join(name);
        std::fs::create_dir_all(&home).expect("a folder");
        let kept = home.join("port");
        let port = std::fs::read_to_string(&kept).unwrap_or_else(|_| free_port().to_string());
        std::fs::write(&kept, &port).expect("written");
        settings.write(&home, &self.simulator, port);
        write_private(&home.join("config/mapping.toml"), &self.office.mapping());
        Seat { home }
    }

    /// Waits until Clockify holds exactly what Toggl implies.
    pub async fn settle(&self) {
        let began = Instant::now();
        loop {
            let (implied, present) = (self.office.implied().await, self.office.present().await);
            if implied == present {
                return;
            }
            assert!(
                began.elapsed() < PATIENCE,
                "not settled: implied {} entries, present {}\nimplied {implied:?}\npresent {present:?}",
                implied.values().sum::<usize>(),
                present.values().sum::<usize>(),
            );
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
}

/// One engine's folder.
pub struct Seat {
    pub home: PathBuf,
}

impl Seat {
    /// Starts `serve` and waits until it is ready.
    pub async fn serve(&self) -> Process {
        let mut engine = Process::start(&self.home, &["serve"]);
        engine.ready().await;
        engine
    }

    pub fn state(&self) -> PathBuf {
        self.home.join("state")
    }

    /// Runs one command to its end.
    pub async fn run(&self, args: &[&str]) -> Output {
        timeout(CEILING, self.command(args)).await.expect("it ends in time").expect("the binary runs")
    }

    /// One command, however long it takes.
    pub fn command(&self, args: &[&str]) -> impl Future<Output = std::io::Result<Output>> {
        tokio::process::Command::new(env!("CARGO_BIN_EXE_hourwire"))
            .args(args)
            .env_clear()
            .env("HOME", &self.home)
            .env("HOURWIRE_CONFIG_DIR", self.home.join("config"))
            .env("HOURWIRE_STATE_DIR", self.state())
            .stdin(std::process::Stdio::null())
            .kill_on_drop(true)
            .output()
    }

    pub async fn status(&self) -> Value {
        let output = self.run(&["status", "--json"]).await;
        serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)))
    }

    /// The table of `status`.
    pub async fn words(&self) -> String {
        String::from_utf8(self.run(&["status"]).await.stdout).expect("UTF-8")
    }

    /// Waits until `status --json` is as wanted, and returns it.
    pub async fn until(&self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let began = Instant::now();
        loop {
            let status = self.status().await;
            if wanted(&status) {
                return status;
            }
            assert!(began.elapsed() < PATIENCE, "waited for: {what}; the status is {status}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Waits until the table of `status` says something, and returns it.
    pub async fn until_said(&self, words: &str) -> String {
        let began = Instant::now();
        loop {
            let table = self.words().await;
            if table.contains(words) {
                return table;
            }
            assert!(began.elapsed() < PATIENCE, "never said {words:?}:\n{table}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Waits until the own subscription delivers.
    pub async fn subscribed(&self) -> Value {
        self.until("an active subscription", |status| status["subscriptions"][0]["state"] == "active").await
    }

    /// What the process said on its standard error: nothing, when all goes well.
    pub fn complaints(&self) -> String {
        std::fs::read_to_string(self.home.join("serve.stderr")).unwrap_or_default()
    }

    /// A viewer at the door.
    pub async fn viewer(&self) -> Viewer {
        let status: Value =
            serde_json::from_slice(&std::fs::read(self.state().join("engine.lock")).expect("the lock file"))
                .expect("JSON");
        let socket = status["control"].as_str().expect("a socket");
        Viewer { end: connect(Path::new(socket), "test").await.expect("attached") }
    }
}

/// A dashboard's side of the door.
pub struct Viewer {
    end: ViewerEnd,
}

impl Viewer {
    pub async fn wish(&mut self, id: &str, wish: Wish) -> Reply {
        self.end.to_engine.send(ToEngine::Command(Command { id: id.into(), wish })).await.expect("sent");
        loop {
            let message = timeout(CEILING, self.end.from_engine.recv()).await.expect("in time");
            match message.expect("the engine stays") {
                FromEngine::Reply { id: of, reply } if of == id => return reply,
                _ => {}
            }
        }
    }

    /// What came of a command later.
    pub async fn notice(&mut self, id: &str) -> String {
        loop {
            let message = timeout(CEILING, self.end.from_engine.recv()).await.expect("in time");
            match message.expect("the engine stays") {
                FromEngine::Notice { id: Some(of), say, .. } if of == id => return say,
                _ => {}
            }
        }
    }

    pub async fn page(&mut self, kind: ViewKind) -> Page {
        let open = Open { view: 1, kind, filter: String::new(), offset: 0, rows: 500 };
        self.end.to_engine.send(ToEngine::Open(open)).await.expect("sent");
        loop {
            let message = timeout(CEILING, self.end.from_engine.recv()).await.expect("in time");
            match message.expect("the engine stays") {
                FromEngine::Page(page) if page.view == 1 => return page,
                _ => {}
            }
        }
    }
}

/// How many of these requests went to `service` with `method` and `part` in the path.
pub fn count(requests: &[Value], service: &str, method: &str, part: &str) -> usize {
    let fits = |row: &&Value| {
        row["service"] == service
            && row["method"] == method
            && row["path"].as_str().is_some_and(|path| path.contains(part))
    };
    requests.iter().filter(fits).count()
}
