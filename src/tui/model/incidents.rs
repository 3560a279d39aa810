//! Incidents in the drawers: those of the selected subscription, the ledger of all, and the timeline of one. A timeline
//! opens at its newest line, which says how it stands; the lines before it tell how it came to that.

use crate::control::command::SubscriptionRef;
use crate::control::incidents::of_subscription;
use crate::control::snapshot::{IncidentLine, IncidentStep, SubscriptionLine};
use crate::control::view::{IncidentRow, Row};
use crate::domain::id::Service;

use super::super::text::{clock, date};
use super::{Drawer, List, Model, Slot};

impl Model {
    /// The subscription of the open incident drawer.
    pub fn incident_subscription(&self) -> Option<&SubscriptionLine> {
        let Some(Drawer::Incident { of, .. }) = &self.drawer else { return None };
        self.snapshot.as_ref()?.subscriptions.iter().find(|s| s.at == *of)
    }

    /// Where the subscription of the open drawer is listed no more, deleted or made anew, the drawer shows the one under
    /// the bar.
    pub fn follow_hook(&mut self) {
        let (Some(Drawer::Incident { of, .. }), Some(snapshot)) = (&self.drawer, &self.snapshot) else {
            return;
        };
        if snapshot.subscriptions.iter().any(|line| line.at == *of) {
            return;
        }
        if let Some(of) = self.selected_subscription().map(|line| line.at.clone()) {
            self.drawer = Some(Drawer::Incident { of, at: 0 });
        }
    }

    /// The incidents of the open drawer's subscription, newest first; those of its account, too, that no other row leads
    /// to: what is made anew has another id, and a target's webhooks share their incidents.
    pub fn incidents(&self) -> Vec<&IncidentLine> {
        let (Some(Drawer::Incident { of, .. }), Some(snapshot)) = (&self.drawer, &self.snapshot) else {
            return Vec::new();
        };
        let lines = &snapshot.subscriptions;
        let line = lines.iter().find(|line| line.at == *of);
        let ours = line.is_none_or(|line| line.ours);
        let target = line.is_some_and(|line| line.service == Service::Clockify);
        let is_of = |at: &SubscriptionRef| {
            let replaced = || target || !lines.iter().any(|line| line.at == *at);
            at == of || (ours && at.account == of.account && replaced())
        };
        snapshot.incidents.iter().filter(|i| i.subscription.as_ref().is_some_and(is_of)).collect()
    }

    /// The incident shown beside a subscription.
    pub fn incident(&self) -> Option<&IncidentLine> {
        let Some(Drawer::Incident { at, .. }) = &self.drawer else { return None };
        self.incidents().get(*at).copied()
    }

    /// The selected incident of the ledger.
    pub fn selected_incident(&self) -> Option<&IncidentRow> {
        match self.views.row(Slot::Incidents, self.selected(List::Drawer)) {
            Some(Row::Incident(row)) if matches!(self.drawer, Some(Drawer::Incidents)) => Some(row),
            _ => None,
        }
    }

    /// The incident of the ledger whose timeline is open.
    pub fn timeline_of(&self) -> Option<&IncidentRow> {
        let Some(Drawer::Timeline { id, .. }) = &self.drawer else { return None };
        self.views.rows(Slot::Incidents).1.iter().find_map(|row| match row {
            Row::Incident(row) if row.id == *id => Some(row),
            _ => None,
        })
    }

    /// A line of the open timeline.
    pub fn step(&self, index: usize) -> Option<&IncidentStep> {
        match &self.drawer {
            Some(Drawer::Incident { .. }) => self.incident()?.timeline.get(index),
            Some(Drawer::Timeline { .. }) => match self.views.row(Slot::Steps, index)? {
                Row::Step(step) => Some(step),
                _ => None,
            },
            _ => None,
        }
    }

    /// Where the bar of a list stands before anybody moved it.
    pub(super) fn begin_of(&self, list: List) -> usize {
        let timeline = matches!(&self.drawer, Some(Drawer::Incident { .. } | Drawer::Timeline { .. }));
        if list == List::Drawer && timeline { self.len(list).saturating_sub(1) } else { 0 }
    }

    /// Left and right part of the rule above incidents.
    pub(super) fn incident_title(&self) -> (String, String) {
        let zone = self.zone();
        match &self.drawer {
            Some(Drawer::Incidents) => {
                let total = self.views.total(Slot::Incidents);
                match self.views.filter(Slot::Incidents) {
                    "" => ("incidents".to_owned(), format!("{total} of all accounts, newest first")),
                    words => (format!("incidents /{words}"), format!("{total} of them, newest first")),
                }
            }
            Some(Drawer::Timeline { id, .. }) => match self.timeline_of() {
                Some(row) => {
                    let begin = format!("{} {}", date(row.from(), zone), clock(row.from(), zone));
                    let (word, end) = match row.closed_at {
                        Some(end) => ("closed", clock(end, zone)),
                        None => ("open", String::new()),
                    };
                    let left = format!("incident {id}, {}, {word}", row.what());
                    (left, format!("{} · {begin}–{end}", row.about))
                }
                None => (format!("incident {id}"), String::new()),
            },
            _ => {
                let name = self.incident_subscription().map_or("gone", |s| s.description.as_str());
                let Some(incident) = self.incident() else {
                    return (name.to_owned(), "no incident".to_owned());
                };
                let from = clock(incident.from(), zone);
                let span = match incident.closed_at {
                    Some(end) => format!("{from}–{} · closed", clock(end, zone)),
                    None => format!("since {from} · open"),
                };
                let others = self.incidents().len();
                let which = match &self.drawer {
                    Some(Drawer::Incident { at, .. }) if others > 1 => format!(", {} of {others}", at + 1),
                    _ => String::new(),
                };
                let what = of_subscription(&incident.kind).unwrap_or(&incident.kind);
                (format!("incident {}{which}, {what}", incident.id), format!("{name} · {span}"))
            }
        }
    }
}
