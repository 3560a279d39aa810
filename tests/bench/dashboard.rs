//! What a person feels of the dashboard, and what it holds in memory, with 100,000 entries in the ledger.
//!
//! `cargo bench --bench dashboard`. The real binary runs on a pseudo-terminal of 120×36 against simulated services on
//! loopback. `HOURWIRE_BENCH_ROUNDS` sets the starts of each kind (default 7), `HOURWIRE_BENCH_ENTRIES` the entries.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, clippy::panic)] // a program for developers

#[path = "dashboard/books.rs"]
mod books;
#[path = "figures.rs"]
mod figures;
#[allow(dead_code)]
#[path = "../it/office.rs"]
mod office;
#[allow(dead_code)]
#[path = "../it/process.rs"]
mod process;
#[path = "dashboard/screen.rs"]
mod screen;
#[path = "../it/settings.rs"]
mod settings;
#[path = "stage.rs"]
mod stage;
#[allow(dead_code)]
#[path = "../it/web.rs"]
mod web;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};

use figures::{head, row, share};
use process::Process;
use screen::Screen;

fn setting(name: &str, default: usize) -> usize {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default).max(1)
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    runtime.block_on(measure());
}

async fn measure() {
    let measured = figures::is_measured();
    let rounds = if measured { setting("HOURWIRE_BENCH_ROUNDS", 7) } else { 1 };
    let entries = if measured { setting("HOURWIRE_BENCH_ENTRIES", 100_000) } else { 300 };
    let seconds = if measured { 20 } else { 1 };
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path();
    println!("{entries} entries, {rounds} starts of each kind, load average {}", figures::load_average());

    let mut simulate = Process::start(home, &["simulate", "--world", "empty"]);
    let simulator = simulate.ready().await.simulator.unwrap();
    let office = office::Office::open(&simulator, 1).await;
    let port = stage::configure(home, &simulator, &office, false);

    // The first start reads who the tokens are; the books are filled after it.
    let mut engine = Process::start(home, &["serve"]);
    engine.ready().await;
    settle(home).await;
    tokio::time::sleep(Duration::from_secs(8)).await;
    engine.stop().await;
    let bytes = books::fill(&home.join("state"), entries);
    println!("ledger {} MiB", bytes >> 20);
    let began = Instant::now();
    let mut engine = Process::start(home, &["serve"]);
    engine.ready().await;
    settle(home).await;
    println!("cache made from the ledger in {:.1} s", began.elapsed().as_secs_f64());
    engine.stop().await;

    head();
    receiver(home, port, rounds).await;
    starting(home, rounds).await;
    attached(home, rounds, seconds).await;
    let mut costs = Vec::new();
    for timers in [1, 4] {
        books::run_timers(&home.join("state"), entries, timers);
        costs.push(ticking(home, seconds).await);
    }
    row("bytes a second, one ticking timer", &mut costs[..1], "B", "<= 60");
    row("bytes a second, each further ticking cell", &mut [(costs[1] - costs[0]) / 3.0], "B", "<= 16");
    println!("load average {}", figures::load_average());
    simulate.stop().await;
}

/// Waits until the cache answers.
async fn settle(home: &Path) {
    for _ in 0..1200 {
        let out = hourwire(home, &["status", "--json"]).output().await.unwrap();
        let status: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap_or_default();
        if status["cache"] == "ready" {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the cache was not ready in time");
}

fn hourwire(home: &Path, args: &[&str]) -> tokio::process::Command {
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_hourwire"));
    command.args(args).env_clear().env("HOME", home);
    command.env("HOURWIRE_CONFIG_DIR", home.join("config")).env("HOURWIRE_STATE_DIR", home.join("state"));
    command
}

/// From the start of `serve` until its ready line, and until the receiver answers.
async fn receiver(home: &Path, port: u16, rounds: usize) {
    for (what, clean, remove) in [
        ("after a clean end", true, false),
        ("after kill -9", false, false),
        ("without a cache", false, true),
    ] {
        let (mut lines, mut answers) = (Vec::new(), Vec::new());
        for _ in 0..rounds {
            if remove {
                // The engine before may have been killed before it made one.
                let _ = std::fs::remove_dir_all(home.join("state/cache"));
            }
            let began = Instant::now();
            let mut engine = Process::start(home, &["serve"]);
            let answer = tokio::task::spawn_blocking(move || healthy(port, began));
            engine.ready().await;
            lines.push(began.elapsed().as_secs_f64() * 1000.0);
            answers.push(answer.await.unwrap());
            if clean {
                settle(home).await;
                engine.stop().await;
            } else {
                engine.kill().await;
            }
        }
        row(&format!("serve {what}: ready line"), &mut lines, "ms", "<= 50");
        row(&format!("serve {what}: first 200 of /healthz"), &mut answers, "ms", "<= 50");
    }
    // The next figures start from a whole cache.
    let mut engine = Process::start(home, &["serve"]);
    engine.ready().await;
    settle(home).await;
    engine.stop().await;
}

/// Milliseconds until `/healthz` answers 200.
fn healthy(port: u16, began: Instant) -> f64 {
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    while began.elapsed() < process::CEILING {
        let asked =
            TcpStream::connect_timeout(&address, Duration::from_millis(500)).and_then(|mut stream| {
                stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")?;
                let mut answer = String::new();
                stream.read_to_string(&mut answer).map(|_| answer)
            });
        if asked.is_ok_and(|answer| answer.starts_with("HTTP/1.1 200")) {
            return began.elapsed().as_secs_f64() * 1000.0;
        }
        std::thread::sleep(Duration::from_micros(500));
    }
    panic!("the receiver never answered")
}

/// A dashboard that has to start its engine.
async fn starting(home: &Path, rounds: usize) {
    let (mut first, mut rows) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        let mut screen = Screen::start(home);
        first.push(screen.until(&["opening", books::newest()]));
        rows.push(screen.until(&[books::newest()]));
        drop(screen);
        let state = home.join("state");
        let owner = hourwire::config::state::owner(&state).unwrap().expect("its engine");
        let pid = rustix::process::Pid::from_raw(owner.pid as i32).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        while hourwire::config::state::owner(&state).unwrap().is_some() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    row("dashboard that starts the engine: header, `opening`", &mut first, "ms", "<= 150");
    row("dashboard that starts the engine: rows", &mut rows, "ms", "");
}

/// A dashboard beside a running engine.
async fn attached(home: &Path, rounds: usize, seconds: u64) {
    let mut engine = Process::start(home, &["serve"]);
    let pid = engine.ready().await.pid;
    let started = Instant::now();
    settle(home).await;
    let mut first = Vec::new();
    for _ in 0..rounds {
        first.push(Screen::start(home).until(&[books::newest()]));
    }
    row("attached: spawn to the Overview with rows", &mut first, "ms", "<= 100");

    let mut screen = Screen::start(home);
    screen.until(&[books::newest()]);
    screen.bytes(Duration::from_secs(2));
    let mut keys = Vec::new();
    for n in 0..200 {
        keys.push(screen.press(if n / 10 % 2 == 0 { "j" } else { "k" }));
        screen.bytes(Duration::from_millis(50));
    }
    row("key to bytes: median and worst of 200", &mut keys, "ms", "<= 5");
    row("key to bytes: p99", &mut [share(&mut keys, 0.99)], "ms", "<= 5");
    if figures::is_measured() {
        // After 30 s the engine reads once what was missed while it was down, and the meter that pays for it moves.
        screen.bytes(Duration::from_secs(45).saturating_sub(started.elapsed()));
    }
    let mut idle = Vec::new();
    for _ in 0..(seconds / 5).max(1) {
        within_a_minute(&mut screen);
        idle.push(screen.bytes(Duration::from_secs(5.min(seconds))) as f64);
    }
    row("idle screen, 5 s within a minute", &mut idle, "B", "0");
    if figures::is_measured() {
        // The header shows hours and minutes, and ages are counted in minutes: their turn is all that an idle screen says.
        let mut turn = Vec::new();
        for _ in 0..2 {
            within_a_minute(&mut screen);
            let left = 60 - chrono::Utc::now().timestamp().rem_euclid(60);
            turn.push(screen.bytes(Duration::from_secs(left.unsigned_abs() + 1)) as f64);
        }
        row("idle screen, up to and over the turn of a minute", &mut turn, "B", "");
    }

    browse(&mut screen);
    let (served, shown) = (resident(pid), resident(screen.pid()));
    row("resident after browsing: engine", &mut [served], "MiB", "");
    row("resident after browsing: dashboard", &mut [shown], "MiB", "");
    row("resident after browsing: both", &mut [served + shown], "MiB", "<= 60");
    drop(screen);
    engine.stop().await;
}

/// Waits until the next 6 s lie within one minute of the clock.
fn within_a_minute(screen: &mut Screen) {
    let second = chrono::Utc::now().timestamp().rem_euclid(60).unsigned_abs();
    if !(1..=53).contains(&second) {
        screen.bytes(Duration::from_secs((61 - second) % 60));
    }
}

/// Looks at everything: all panes, both ends of the entries, many pages, a filter.
fn browse(screen: &mut Screen) {
    for keys in ["1", "G", "\u{2}", "g", "g"] {
        screen.type_keys(keys);
        screen.bytes(Duration::from_millis(150));
    }
    for _ in 0..60 {
        screen.type_keys("\u{1b}[6~");
        screen.bytes(Duration::from_millis(40));
    }
    for pane in ["2", "3", "4", "5", "6", "1"] {
        screen.type_keys(pane);
        screen.bytes(Duration::from_millis(200));
    }
    screen.type_keys("/");
    screen.bytes(Duration::from_millis(100));
    screen.type_keys("checkout");
    screen.bytes(Duration::from_secs(3));
    screen.type_keys("\u{1b}");
    screen.bytes(Duration::from_secs(1));
    screen.type_keys("0");
    screen.bytes(Duration::from_secs(1));
}

/// MiB that a process holds.
fn resident(pid: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|rest| rest.split_whitespace().next()?.parse::<f64>().ok());
    kib.map_or(f64::NAN, |kib| kib / 1024.0)
}

/// Bytes a second while timers run.
async fn ticking(home: &Path, seconds: u64) -> f64 {
    let mut engine = Process::start(home, &["serve"]);
    engine.ready().await;
    settle(home).await;
    let mut screen = Screen::start(home);
    screen.until(&[books::newest()]);
    screen.bytes(Duration::from_secs(3));
    let bytes = screen.bytes(Duration::from_secs(seconds));
    drop(screen);
    engine.stop().await;
    bytes as f64 / seconds as f64
}
