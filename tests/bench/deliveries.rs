//! How many deliveries a second are verified, made durable and answered, and how fast one is.
//!
//! `cargo bench --bench deliveries`. The receiver runs as a process of its own on loopback, and so does the Node 20 +
//! Express receiver it is compared with (same work, one fdatasync per request), in interleaved rounds. Without Node or
//! without Express the comparison is left out and said so. `HOURWIRE_BENCH_ROUNDS` sets the rounds (default 9).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, clippy::panic)] // a program for developers

#[path = "deliveries/disk.rs"]
mod disk;
#[path = "deliveries/load.rs"]
mod load;
#[path = "deliveries/node.rs"]
mod node;
#[path = "deliveries/ours.rs"]
mod ours;

use std::time::Duration;

use disk::Bare;
use load::{Figures, Plan};

/// The path and secret that both receivers know.
pub const HOOK: &str = "mfrggzdfmztwq2lknnwg23tpob";
pub const SECRET: &str = "own-test-secret-01";
const CONNECTIONS: usize = 32;

fn main() {
    if let Some(folder) = std::env::var_os(ours::FOLDER) {
        return ours::run(folder.as_ref());
    }
    // `cargo test --benches` only wants to see that it works.
    let measured = std::env::args().any(|argument| argument == "--bench");
    let rounds = if measured { rounds() } else { 1 };
    let scale = if measured { 1 } else { 100 };
    let folder = tempfile::tempdir().unwrap();
    println!("folder {}, load average {}", folder.path().display(), load_average());

    let ours = ours::start(folder.path());
    let node = if measured { node::start(folder.path()) } else { Err("only measured by cargo bench".into()) };
    if let Err(reason) = &node {
        println!("SKIPPED: no comparison with Node and Express: {reason}");
    }
    let mut plan = Plan::default();
    warm_up(&mut plan, ours.port, node.as_ref().ok().map(|node| node.port), scale);

    let mut table = Table::default();
    for round in 1..=rounds {
        let mut files = [Bare::filled(folder.path(), 400), Bare::growing(folder.path())];
        let alone = plan.interleaved(ours.port, &mut files, 400 / scale.min(40));
        // Ours, theirs and ours again: whichever pace the disk has, it has it for both.
        let before = plan.run(ours.port, CONNECTIONS, 8000 / scale);
        let other = node.as_ref().ok().map(|node| plan.run(node.port, CONNECTIONS, 3000 / scale));
        let after = plan.run(ours.port, CONNECTIONS, 8000 / scale);
        table.add(round, &alone, [before, after], other);
    }
    table.summary();
}

fn rounds() -> usize {
    std::env::var("HOURWIRE_BENCH_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(9).max(1)
}

fn warm_up(plan: &mut Plan, ours: u16, node: Option<u16>, scale: usize) {
    for port in [Some(ours), node].into_iter().flatten() {
        plan.run(port, CONNECTIONS, 2000 / scale);
    }
}

fn load_average() -> String {
    std::fs::read_to_string("/proc/loadavg").map_or_else(|_| "unknown".into(), |text| text.trim().to_owned())
}

/// The rounds so far.
#[derive(Default)]
struct Table {
    filled_ratio: Vec<f64>,
    growing_ratio: Vec<f64>,
    alone: Vec<f64>,
    crowd_rate: Vec<f64>,
    crowd_p50: Vec<f64>,
    crowd_p99: Vec<f64>,
    node_rate: Vec<f64>,
    node_ratio: Vec<f64>,
}

impl Table {
    fn add(&mut self, round: usize, alone: &[[Duration; 3]], crowd: [Figures; 2], other: Option<Figures>) {
        let [filled, growing, one] =
            [0, 1, 2].map(|which| median(&mut alone.iter().map(|took| ms(took[which])).collect::<Vec<_>>()));
        println!(
            "round {round}: bare write and fdatasync p50 {filled:.3} ms zero-filled, {growing:.3} ms growing; one connection p50 {one:.3} ms = {:.2} x and {:.2} x",
            one / filled,
            one / growing
        );
        self.filled_ratio.push(one / filled);
        self.growing_ratio.push(one / growing);
        self.alone.push(one);
        let rate = f64::midpoint(crowd[0].rate, crowd[1].rate);
        for run in &crowd {
            println!("  hourwire, {CONNECTIONS} connections: {run}");
            self.crowd_p50.push(ms(run.p50));
            self.crowd_p99.push(ms(run.p99));
        }
        self.crowd_rate.push(rate);
        if let Some(other) = other {
            println!(
                "  node,     {CONNECTIONS} connections: {other}; hourwire is {:.1} x",
                rate / other.rate
            );
            self.node_rate.push(other.rate);
            self.node_ratio.push(rate / other.rate);
        }
    }

    fn summary(&mut self) {
        let rounds = self.crowd_rate.len();
        println!("medians of {rounds} rounds (worst), load average {}:", load_average());
        println!(
            "  hourwire {:.0}/s ({:.0}), p50 {:.2} ms, p99 {:.2} ms",
            median(&mut self.crowd_rate),
            self.crowd_rate[0],
            median(&mut self.crowd_p50),
            median(&mut self.crowd_p99)
        );
        let one = median(&mut self.alone);
        for (ratios, what) in [(&mut self.filled_ratio, "zero-filled"), (&mut self.growing_ratio, "growing")]
        {
            let ratio = median(ratios);
            println!(
                "  one connection p50 {one:.3} ms, {ratio:.2} x a bare fdatasync, {what} ({:.2})",
                ratios[ratios.len() - 1]
            );
        }
        if self.node_ratio.is_empty() {
            println!("  Node and Express: SKIPPED");
        } else {
            let (rate, ratio) = (median(&mut self.node_rate), median(&mut self.node_ratio));
            println!("  node {rate:.0}/s; hourwire / node {ratio:.1} x ({:.1})", self.node_ratio[0]);
        }
    }
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
