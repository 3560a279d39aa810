//! What still stands although its alert was read: the same troubles as the header's words, worst first.

use crate::control::snapshot::SubscriptionLine;
use crate::domain::text::count;

use super::{Model, Pane};

/// A trouble that stands.
pub struct Standing {
    /// The pane that shows it, where one does.
    pub pane: Option<Pane>,
    /// What it is: `24 failed in Sync`.
    pub say: String,
}

impl Model {
    /// The worst trouble that needs a person or keeps things from going on; nothing where all is well.
    pub fn standing(&self) -> Option<Standing> {
        let snapshot = self.snapshot.as_ref()?;
        let tag = |tag: &str, trouble: &str| format!("{tag} {trouble}");
        if let Some(word) = snapshot.disk.word() {
            return Some(Standing { pane: None, say: word });
        }
        let mut accounts = snapshot.accounts.iter();
        if let Some(say) = accounts.find_map(|a| Some(tag(&a.tag, a.trouble.as_ref()?))) {
            return Some(Standing { pane: None, say });
        }
        if let Some(hold) = snapshot.holds.iter().min_by_key(|hold| hold.since) {
            let say = format!("held {} since {}", hold.reason, snapshot.clock(hold.since));
            return Some(Standing { pane: Some(Pane::Sync), say });
        }
        let counted = |word: &str, pane: Pane| {
            let n = snapshot.counted(&[word]);
            (n > 0).then(|| Standing { pane: Some(pane), say: format!("{n} {word} in {}", pane.name()) })
        };
        let bonds = ["failed", "conflict", "held"].into_iter().find_map(|word| counted(word, Pane::Sync));
        let hooks = || {
            let bad: Vec<&SubscriptionLine> =
                snapshot.subscriptions.iter().filter(|s| !s.is_well()).collect();
            let first = bad.first()?;
            let say = match bad.len() {
                1 => format!("{} is {}", first.description, first.state),
                n => format!("{} not well", count(n as u64, "subscription", "subscriptions")),
            };
            Some(Standing { pane: Some(Pane::Webhooks), say })
        };
        let mapping = || {
            let say = snapshot.mapping.alert.clone()?;
            Some(Standing { pane: Some(Pane::Mapping), say })
        };
        bonds.or_else(hooks).or_else(mapping).or_else(|| counted("unmapped", Pane::Mapping))
    }
}
