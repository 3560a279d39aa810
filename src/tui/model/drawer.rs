//! What can be open below the table. A drawer never opens a second one: it changes its content.

use crate::control::command::SubscriptionRef;
use crate::control::deliveries::Which;
use crate::control::snapshot::{HoldLine, SubscriptionLine};
use crate::control::view::Row;
use crate::domain::id::{Key, Service};
use crate::domain::mapping::SourceRef;

use super::{Cursor, List, Model, Picker, Slot};

/// The cause of a subscription that a key here deleted.
pub const DELETED: &str = "deleted here";

/// What is open below the table.
#[derive(Clone, Debug)]
pub enum Drawer {
    /// All facts of an entry.
    Entry {
        /// The entry.
        key: Key,
        /// What the person knows it by.
        title: String,
    },
    /// Candidates for a link.
    Picker(Box<Picker>),
    /// An incident of a subscription.
    Incident {
        /// The subscription.
        of: SubscriptionRef,
        /// Which of its incidents, 0 is the newest.
        at: usize,
    },
    /// The ledger of incidents.
    Incidents,
    /// The timeline of one of them.
    Timeline {
        /// Its number.
        id: u64,
        /// What was selected in the ledger.
        under: Cursor,
    },
    /// What a bucket was spent on.
    Ledger {
        /// Account and bucket, as the list's id.
        id: String,
        /// The hour shown, in whole hours since 1970; `None` is the window that runs.
        hour: Option<i64>,
    },
    /// A sentence of the log in full.
    Said {
        /// Its number.
        seq: u64,
        /// The sentence.
        say: String,
    },
    /// The deliveries kept raw.
    Deliveries,
    /// One of them in full.
    Delivery {
        /// Which.
        which: Which,
        /// The row of the list that it was opened from.
        row: Cursor,
    },
    /// A held change that waits for a decision.
    Hold {
        /// Its id.
        id: String,
    },
}

/// The title of the open drawer's rule: left and right part.
pub fn drawer_title(model: &Model) -> (String, String) {
    match &model.drawer {
        None => (String::new(), String::new()),
        Some(Drawer::Entry { title, .. }) => (title.clone(), "why it is so".to_owned()),
        Some(Drawer::Picker(picker)) => {
            let service = picker.target_label(model);
            let total = model.views.total(Slot::Candidates);
            let right = if picker.typing.is_some() {
                format!("{} of {total} projects", picker.ranked.len())
            } else {
                format!("{total} projects, best first")
            };
            (format!("link \"{}\" in {service}", picker.source.name), right)
        }
        Some(Drawer::Incident { .. } | Drawer::Incidents | Drawer::Timeline { .. }) => model.incident_title(),
        Some(Drawer::Ledger { .. }) => model.ledger_title(),
        Some(Drawer::Said { seq, .. }) => (format!("log {seq}"), String::new()),
        Some(Drawer::Deliveries) => {
            let total = model.views.total(Slot::Deliveries);
            match model.views.filter(Slot::Deliveries) {
                "" => ("deliveries".to_owned(), format!("{total} kept, newest first")),
                words => (format!("deliveries /{words}"), format!("{total} of them, newest first")),
            }
        }
        Some(Drawer::Delivery { which: Which::Kept(seq), .. }) => {
            (format!("delivery {seq}"), "what it changed, and why".to_owned())
        }
        Some(Drawer::Delivery { which: Which::Refused(number), .. }) => {
            (format!("delivery r{number}"), "refused at the door".to_owned())
        }
        Some(Drawer::Hold { .. }) => match model.hold() {
            Some(hold) => (format!("held, {}", hold.reason), format!("{} entries", hold.entries)),
            None => ("held".to_owned(), "decided".to_owned()),
        },
    }
}

impl Model {
    /// The hold of the open drawer.
    pub fn hold(&self) -> Option<&HoldLine> {
        let Some(Drawer::Hold { id }) = &self.drawer else { return None };
        self.snapshot.as_ref()?.holds.iter().find(|h| h.id == *id)
    }

    /// The selected delivery that can be applied again.
    pub fn selected_delivery(&self) -> Option<u64> {
        match self.shown_delivery()? {
            Which::Kept(seq) => Some(seq),
            Which::Refused(_) => None,
        }
    }

    /// The delivery that is open or selected.
    pub fn shown_delivery(&self) -> Option<Which> {
        match &self.drawer {
            Some(Drawer::Delivery { which, .. }) => return Some(*which),
            Some(Drawer::Deliveries) => {}
            _ => return None,
        }
        match self.views.row(Slot::Deliveries, self.selected(List::Drawer))? {
            Row::Delivery(line) => line.which(),
            _ => None,
        }
    }

    /// The selected subscription of the Webhooks pane.
    pub fn selected_subscription(&self) -> Option<&SubscriptionLine> {
        self.snapshot.as_ref()?.subscriptions.get(self.selected(List::Webhooks))
    }

    /// Whether a subscription of ours is there.
    pub fn has_own_hook(&self) -> bool {
        let lines = self.snapshot.as_ref().map_or(&[][..], |s| s.subscriptions.as_slice());
        let of_source = |line: &&SubscriptionLine| line.service == Service::Toggl;
        lines.iter().filter(of_source).any(|line| line.ours && line.cause != DELETED)
    }

    /// The row of a source project, where it is loaded.
    pub fn project(&self, source: &SourceRef) -> Option<&crate::control::view::ProjectLine> {
        self.views.rows(Slot::Mapping).1.iter().find_map(|row| match row {
            Row::Project(line) if line.source.key() == source.key() => Some(line),
            _ => None,
        })
    }

    /// The selected project of the Mapping pane.
    pub fn selected_project(&self) -> Option<&crate::control::view::ProjectLine> {
        match self.selected_row(List::Mapping)? {
            Row::Project(line) => Some(line),
            _ => None,
        }
    }

    /// The selected line of the Sync pane.
    pub fn selected_sync(&self) -> Option<&crate::control::view::SyncLine> {
        match self.selected_row(List::Sync)? {
            Row::Sync(line) => Some(line),
            _ => None,
        }
    }
}
