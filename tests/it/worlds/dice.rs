//! Randomness from the seed. Each part has a stream of its own, so that a change of the engine's draws leaves the
//! script of the office as it was and a failing seed keeps its story.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

/// One stream; clones share it.
#[derive(Clone)]
pub struct Dice(Arc<Mutex<StdRng>>);

impl Dice {
    /// The stream of a part of the world.
    pub fn new(seed: u64, part: u64) -> Self {
        let mixed = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ part.wrapping_mul(0xd1b5_4a32_d192_ed03);
        Self(Arc::new(Mutex::new(StdRng::seed_from_u64(mixed))))
    }

    fn rng(&self) -> MutexGuard<'_, StdRng> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The stream itself, for seams that want one.
    pub fn shared(&self) -> Arc<Mutex<StdRng>> {
        Arc::clone(&self.0)
    }

    /// True with this probability.
    pub fn chance(&self, share: f64) -> bool {
        self.rng().random_bool(share.clamp(0.0, 1.0))
    }

    /// A whole number of `from..to`.
    pub fn int(&self, from: i64, to: i64) -> i64 {
        self.rng().random_range(from..to)
    }

    /// A number of `from..to`.
    pub fn float(&self, from: f64, to: f64) -> f64 {
        self.rng().random_range(from..to)
    }

    /// A fresh seed.
    pub fn seed(&self) -> u64 {
        self.rng().random()
    }

    /// One of a list that is not empty.
    pub fn pick<'a, T>(&self, list: &'a [T]) -> &'a T {
        &list[self.rng().random_range(0..list.len())]
    }

    /// An index by weights.
    pub fn weighted(&self, weights: &[u32]) -> usize {
        let mut left = self.rng().random_range(0..weights.iter().sum::<u32>());
        for (index, weight) in weights.iter().enumerate() {
            if left < *weight {
                return index;
            }
            left -= weight;
        }
        0
    }
}
