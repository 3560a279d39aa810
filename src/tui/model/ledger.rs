//! The ledger of a bucket: who spent it, hour by hour and request by request.

use chrono::{DateTime, TimeDelta, Utc};

use crate::control::snapshot::Meter;
use crate::control::view::{RequestLine, Row, ViewKind};
use crate::domain::hours::{KEPT, hour_of};

use super::super::signs::sparkline;
use super::super::text::clock;
use super::{Drawer, List, Model, Slot};

/// Who spent a bucket: in its window, or, while that is empty, in the last 24 hours.
fn lately(meter: &Meter) -> (&[(String, u32)], bool) {
    if meter.spent.is_empty() { (&meter.day, true) } else { (&meter.spent, false) }
}

fn starts(hour: i64) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp(hour * 3_600, 0)
}

impl Model {
    /// The meter of the open ledger drawer.
    pub fn ledger_meter(&self) -> Option<&Meter> {
        let Some(Drawer::Ledger { id, .. }) = &self.drawer else { return None };
        self.snapshot.as_ref()?.meters.iter().find(|m| format!("{}/{}", m.account, m.bucket) == *id)
    }

    /// The hour that the open ledger drawer shows; `None` is the window that runs.
    pub fn ledger_hour(&self) -> Option<i64> {
        let Some(Drawer::Ledger { hour, .. }) = &self.drawer else { return None };
        *hour
    }

    /// The view behind the open ledger drawer.
    pub fn ledger_view(&self) -> Option<ViewKind> {
        let meter = self.ledger_meter()?;
        let (account, bucket) = (meter.account.clone(), meter.bucket.clone());
        Some(ViewKind::Requests { account, bucket, hour: self.ledger_hour() })
    }

    /// The hour before or after the one shown, if it can be shown; the outer `None` means: nothing more there.
    pub fn ledger_step(&self, by: i64) -> Option<Option<i64>> {
        self.ledger_meter()?;
        let now = hour_of(self.now);
        match self.ledger_hour() {
            None if by < 0 => Some(Some(now - 1)),
            None => None,
            Some(hour) if hour + by >= now => Some(None),
            Some(hour) if hour + by <= hour_of(self.now - KEPT) => None,
            Some(hour) => Some(Some(hour + by)),
        }
    }

    /// What each cause spent in the time shown, most first, others last.
    pub fn ledger_causes(&self) -> Vec<(String, u32)> {
        match (self.ledger_hour(), self.ledger_meter()) {
            (Some(_), _) => {
                let (_, rows) = self.views.rows(Slot::Requests);
                let spent = rows.iter().map_while(|row| match row {
                    Row::Spent(line) => Some((line.cause.clone(), line.requests)),
                    _ => None,
                });
                spent.collect()
            }
            (None, Some(meter)) => lately(meter).0.to_vec(),
            (None, None) => Vec::new(),
        }
    }

    /// Rows of the view before its first request.
    fn ledger_lead(&self) -> usize {
        self.views.rows(Slot::Requests).1.iter().take_while(|row| matches!(row, Row::Spent(_))).count()
    }

    /// How many single requests are listed.
    pub fn ledger_len(&self) -> usize {
        self.views.total(Slot::Requests).saturating_sub(self.ledger_lead())
    }

    /// One of them, newest first.
    pub fn ledger_request(&self, index: usize) -> Option<&RequestLine> {
        match self.views.row(Slot::Requests, self.ledger_lead() + index)? {
            Row::Request(line) => Some(line),
            _ => None,
        }
    }

    /// The selected one.
    pub fn selected_request(&self) -> Option<&RequestLine> {
        self.ledger_request(self.selected(List::Drawer))
    }

    /// The title of the drawer: whose, how much, since when; right the hours of the last day.
    pub fn ledger_title(&self) -> (String, String) {
        let Some(meter) = self.ledger_meter() else { return ("bucket".to_owned(), "gone".to_owned()) };
        let zone = self.zone();
        let spent: u32 = self.ledger_causes().iter().map(|(_, requests)| requests).sum();
        let span = match (self.ledger_hour().and_then(starts), meter.since) {
            (Some(from), _) => {
                let day = from.with_timezone(&zone).date_naive();
                let today = self.now.with_timezone(&zone).date_naive();
                let day = if day == today { String::new() } else { format!("{} ", day.format("%-d %b")) };
                format!("{day}{}–{}", clock(from, zone), clock(from + TimeDelta::hours(1), zone))
            }
            (None, _) if lately(meter).1 => "in the last 24 hours".to_owned(),
            (None, Some(at)) => format!("since {}", clock(at, zone)),
            (None, None) => "lately".to_owned(),
        };
        let only = match self.views.filter(Slot::Requests) {
            "" => String::new(),
            cause => format!(", only {cause}"),
        };
        let most = meter.hours.iter().copied().max().unwrap_or(0);
        let right = if most > 0 { format!("by hour {}", sparkline(&meter.hours)) } else { String::new() };
        (format!("{}, {spent} spent {span}{only}", meter.label), right)
    }
}
