//! Stories on a paused clock, and many seeds of one on two threads.

use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// A number from the environment.
pub fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// Plays a story in a runtime of its own, with its own paused clock.
pub fn play<T>(story: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("a runtime").block_on(story)
}

/// Plays all of them; what each told, and what failed.
pub fn all<T: Send>(
    seeds: Range<u64>,
    one: impl Fn(u64) -> Result<T, String> + Sync,
) -> (Vec<T>, Vec<String>) {
    let next = AtomicU64::new(seeds.start);
    let results = Mutex::new((Vec::new(), Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds.end {
                        break;
                    }
                    let told = one(seed);
                    let mut results = results.lock().expect("nobody panics while it holds this");
                    match told {
                        Ok(told) => results.0.push(told),
                        Err(why) => results.1.push(why),
                    }
                }
            });
        }
    });
    results.into_inner().expect("nobody panics while it holds this")
}
