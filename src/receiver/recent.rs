//! Byte-exact copies of the newest durable deliveries: answered and counted, not stored again.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use sha2::{Digest as _, Sha256};
use tokio::sync::oneshot;

/// How many deliveries are remembered.
const REMEMBERED: usize = 4096;

/// A delivery's hook and body in 32 bytes.
pub(super) type Print = [u8; 32];

/// The print of a delivery.
pub(super) fn print(hook: &str, body: &[u8]) -> Print {
    let mut hash = Sha256::new();
    hash.update((hook.len() as u64).to_le_bytes());
    hash.update(hook);
    hash.update(body);
    hash.finalize().into()
}

#[derive(Default)]
struct Known {
    order: VecDeque<Print>,
    durable: HashSet<Print>,
    /// With those who wait to hear that it became durable; hardly ever anybody.
    under_way: HashMap<Print, Vec<oneshot::Sender<()>>>,
}

/// The prints of the newest durable deliveries and of those under way.
#[derive(Default)]
pub(super) struct Recent(Mutex<Known>);

/// What is known of a delivery.
pub(super) enum Met<'a> {
    /// A copy of it is durable.
    Durable,
    /// A copy of it is being written: the answer is that one's.
    UnderWay(oneshot::Receiver<()>),
    /// It is the first; the claim tells those that come meanwhile how it went.
    First(Claim<'a>),
}

/// The right and duty to store a delivery.
pub(super) struct Claim<'a> {
    recent: &'a Recent,
    print: Print,
}

impl Recent {
    /// Looks a delivery up and claims it if it is new.
    pub fn meet(&self, print: Print) -> Met<'_> {
        let mut known = self.known();
        if known.durable.contains(&print) {
            return Met::Durable;
        }
        if let Some(waiting) = known.under_way.get_mut(&print) {
            let (tell, hear) = oneshot::channel();
            waiting.push(tell);
            return Met::UnderWay(hear);
        }
        known.under_way.insert(print, Vec::new());
        Met::First(Claim { recent: self, print })
    }

    /// Takes in what was durable before this process began, oldest first.
    pub fn load(&self, prints: impl IntoIterator<Item = Print>) {
        let mut known = self.known();
        for print in prints {
            known.remember(print);
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn remember(&mut self, print: Print) {
        if self.durable.insert(print) {
            self.order.push_back(print);
        }
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.durable.remove(&oldest);
        }
    }
}

impl Claim<'_> {
    /// The delivery is durable.
    pub fn settle(self) {
        let mut known = self.recent.known();
        known.remember(self.print);
        for waiting in known.under_way.remove(&self.print).unwrap_or_default() {
            // Whoever went away needs no word.
            let _ = waiting.send(());
        }
    }
}

impl Drop for Claim<'_> {
    /// Without a word before, those that wait learn that it failed.
    fn drop(&mut self) {
        self.recent.known().under_way.remove(&self.print);
    }
}

/// Whether the delivery that was under way became durable.
pub(super) async fn outcome(under_way: oneshot::Receiver<()>) -> bool {
    under_way.await.is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_are_known_and_the_oldest_forgotten() {
        let recent = Recent::default();
        let print = |n: u32| super::print("hook", &n.to_le_bytes());
        for n in 0..5000 {
            let Met::First(claim) = recent.meet(print(n)) else { panic!("{n} is new") };
            claim.settle();
        }
        assert!(matches!(recent.meet(print(5000 - 4096)), Met::Durable));
        assert!(matches!(recent.meet(print(5000 - 4097)), Met::First(_)));
        assert!(matches!(recent.meet(super::print("other", &4999_u32.to_le_bytes())), Met::First(_)));
        assert!(recent.known().under_way.is_empty());
    }

    #[tokio::test]
    async fn a_copy_of_one_under_way_shares_its_fate() {
        let recent = Recent::default();
        for durable in [false, true] {
            let Met::First(claim) = recent.meet([1; 32]) else { panic!("it is new") };
            let Met::UnderWay(waits) = recent.meet([1; 32]) else { panic!("it is under way") };
            if durable {
                claim.settle();
            } else {
                drop(claim);
            }
            assert_eq!(outcome(waits).await, durable);
        }
        assert!(matches!(recent.meet([1; 32]), Met::Durable));
    }
}
