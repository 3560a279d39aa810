//! Request meters: spent, expected until the reset, free, kept for the person. One column, one request, where the
//! bucket is small enough.

use ratatui::style::Style;

use crate::control::snapshot::Meter;
use crate::domain::quota::Source;

use super::super::paint::Paint;
use super::super::theme::Styles;

/// The style of what is spent.
pub fn style(meter: &Meter, s: &Styles) -> Style {
    let left = meter.remaining.unwrap_or(1);
    if left <= 0 || meter.waiting_until.is_some() {
        s.meter_high
    } else if meter.dry_at.is_some() || left - i64::from(meter.expected) < i64::from(meter.reserve) {
        s.meter_mid
    } else {
        s.meter_low
    }
}

/// The sign before a number that the service does not tell.
pub fn about(meter: &Meter, ascii: bool) -> &'static str {
    match (meter.source, ascii) {
        (Source::Estimate, false) => "≤",
        (Source::Estimate, true) => "<=",
        (Source::Header, _) => "",
    }
}

/// Requests that will be left at the reset, if the window has a limit.
pub fn at_reset(meter: &Meter) -> Option<i64> {
    Some((meter.remaining? - i64::from(meter.expected)).max(0))
}

/// Draws a meter of at most `w` columns.
pub fn draw(p: &mut Paint<'_>, x: u16, y: u16, w: u16, meter: &Meter) {
    let Some(limit) = meter.limit.filter(|l| *l > 0) else {
        let faint = p.s.faint;
        p.cell(x, y, w, "no limit by the hour", faint);
        return;
    };
    let w = w.min(30);
    let scale = |requests: i64| -> u16 {
        let share = requests.clamp(0, i64::from(limit)) * i64::from(w);
        (share / i64::from(limit)) as u16
    };
    let left = meter.remaining.unwrap_or(i64::from(limit));
    let spent = scale(i64::from(limit) - left);
    // Something spent is always seen.
    let spent = if spent == 0 && left < i64::from(limit) { 1 } else { spent };
    let ghost = (spent + scale(i64::from(meter.expected)).max(u16::from(meter.expected > 0))).min(w);
    let kept = w - scale(i64::from(meter.reserve));
    let (full, faint) = (style(meter, p.s), p.s.faint);
    for col in 0..w {
        let (sign, style) = if col < spent {
            ("━", full)
        } else if col < ghost {
            ("╍", full)
        } else if col >= kept {
            ("┊", faint)
        } else {
            ("·", faint)
        };
        p.text(x + col, y, sign, style);
    }
}
