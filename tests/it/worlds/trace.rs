//! What happened in a world, printed while it is replayed.

use super::time::Time;

/// Prints or stays silent; clones alike.
#[derive(Clone)]
pub struct Trace {
    on: bool,
    time: Time,
}

impl Trace {
    /// A trace that prints when `on`.
    pub fn new(on: bool, time: &Time) -> Self {
        Self { on, time: time.clone() }
    }

    /// Notes a line; it is only made when it is printed.
    pub fn say(&self, line: impl FnOnce() -> String) {
        if self.on {
            println!("{:10.3}  {}", self.time.elapsed_s(), line());
        }
    }
}
