//! Everything outside goes through here: time, randomness, network, the own public address, and the places at
//! which a test pulls the plug. So a whole engine runs in one process under one seed.

use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::BoxFuture;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use crate::domain::order::OrderRules;

/// The wall clock.
pub type Clock = Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>;
/// Asks the own public address whether it reaches this process; the error says what is wrong.
pub type Probe = Arc<dyn Fn() -> BoxFuture<'static, Result<(), ProbeFailure>> + Send + Sync>;
/// Returns true when the plug is pulled at this named place.
pub type Plug = Arc<dyn Fn(&'static str) -> bool + Send + Sync>;

/// Why the own public address does not reach this process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProbeFailure {
    /// One word: `name`, `certificate`, `connection`, `timeout`, `status`, `stranger`.
    pub kind: &'static str,
    /// In words: `HTTP 502`.
    pub say: String,
}

impl ProbeFailure {
    /// The cause in a few words; the whole sentence may be long and foreign.
    pub fn cause(&self) -> &str {
        match self.kind {
            "name" => "name not found",
            "certificate" => "certificate not valid",
            "connection" => "no connection",
            "timeout" => "no answer in time",
            _ => &self.say,
        }
    }
}

/// The seams of one engine.
#[derive(Clone)]
pub struct Seams {
    /// The wall clock.
    pub clock: Clock,
    /// One seeded source of randomness.
    pub random: Arc<Mutex<StdRng>>,
    /// The own public address; `None` without one.
    pub probe: Option<Probe>,
    /// Pulled only in tests.
    pub plug: Plug,
    /// All on but in tests that prove that a rule is needed.
    pub rules: Rules,
}

/// Switches of the rules that the first promise rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// An uncertain write is looked up before it is repeated.
    pub lookup: bool,
    /// The ledger is synced before anything is acted on.
    pub journal_sync: bool,
    /// Order and tombstones.
    pub order: OrderRules,
    /// An event is applied once.
    pub dedup: bool,
}

impl Default for Rules {
    fn default() -> Self {
        Self { lookup: true, journal_sync: true, order: OrderRules::default(), dedup: true }
    }
}

impl Seams {
    /// The real ones: the system's clock and randomness, nothing pulled.
    pub fn real(probe: Option<Probe>) -> Self {
        Self {
            clock: Arc::new(Utc::now),
            random: Arc::new(Mutex::new(StdRng::from_os_rng())),
            probe,
            plug: Arc::new(|_| false),
            rules: Rules::default(),
        }
    }

    /// Our clock.
    pub fn now(&self) -> DateTime<Utc> {
        (self.clock)()
    }

    /// A random number in 0..1.
    pub fn draw(&self) -> f64 {
        self.random.lock().unwrap_or_else(PoisonError::into_inner).random_range(0.0..1.0)
    }

    /// Random lower-case hex digits.
    pub fn hex(&self, digits: usize) -> String {
        let mut random = self.random.lock().unwrap_or_else(PoisonError::into_inner);
        (0..digits).map(|_| char::from_digit(random.random_range(0..16), 16).unwrap_or('0')).collect()
    }

    /// Sleeps until the wall clock shows `at`, at least a millisecond.
    pub async fn sleep_until(&self, at: DateTime<Utc>) {
        let wait = (at - self.now()).max(TimeDelta::milliseconds(1));
        tokio::time::sleep(wait.to_std().unwrap_or_default()).await;
    }
}
