//! Figures of several runs, and the lines they are printed on.

/// The middle of several figures, or the one of a share (0.5 is the median).
pub fn share(values: &mut [f64], share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let place = (values.len() as f64 * share).ceil() as usize;
    values.get(place.clamp(1, values.len().max(1)) - 1).copied().unwrap_or(f64::NAN)
}

/// Prints a row: what, the median, the worst, the unit and the target.
pub fn row(what: &str, values: &mut [f64], unit: &str, target: &str) {
    let (median, worst) = (share(values, 0.5), share(values, 1.0));
    println!("{what:<58} {median:>9.1} {worst:>9.1} {unit:<4} {target}");
}

/// Prints the head of a table.
pub fn head() {
    println!("{:<58} {:>9} {:>9} {:<4} target", "figure", "median", "worst", "unit");
}

/// The load of the machine, for beside the figures.
pub fn load_average() -> String {
    std::fs::read_to_string("/proc/loadavg").map_or_else(|_| "unknown".into(), |text| text.trim().to_owned())
}

/// Whether this is a measurement; `cargo test --benches` only wants to see that it works.
pub fn is_measured() -> bool {
    std::env::args().any(|argument| argument == "--bench")
}
