//! Both values of a conflict side by side, field by field, for the top of an entry's drawer.

use chrono_tz::Tz;
use unicode_width::UnicodeWidthStr;

use crate::control::view::DetailLine;
use crate::domain::catalogue::Kind;
use crate::domain::echo::is_gone;
use crate::domain::entry::TargetEntry;
use crate::domain::id::Account;
use crate::domain::link::{Link, Trouble, Wish};
use crate::domain::outcome::ALIKE_THERE;
use crate::engine::state::State;

/// Longer values stand below each other.
const BESIDE: usize = 26;

/// The lines; none where there is no conflict.
pub fn lines(state: &State, target: &Account, link: &Link, zone: Tz) -> Vec<DetailLine> {
    let Some(Trouble::Conflict(what)) = &link.trouble else { return Vec::new() };
    let line = |label: &str, value: String, why: String| DetailLine { label: label.to_owned(), value, why };
    let theirs = link.there.as_ref().map(|there| &there.entry).filter(|_| !is_gone(link));
    let what = match &theirs {
        Some(_) if what.starts_with(ALIKE_THERE) => format!("{target} has one that is perhaps the same"),
        Some(_) => format!("changed in {target} by somebody"),
        None => format!("deleted in {target} by somebody"),
    };
    let mut lines = vec![line("conflict", what, String::new())];
    match (&link.wish, theirs) {
        (Wish::Present(ours), Some(theirs)) => {
            lines.push(line("", "ours".to_owned(), "theirs".to_owned()));
            let fields =
                fields(state, target, ours, zone).into_iter().zip(fields(state, target, theirs, zone));
            for ((field, ours), (_, theirs)) in fields.filter(|(ours, theirs)| ours.1 != theirs.1) {
                let field = format!("  {field}");
                if ours.width().max(theirs.width()) <= BESIDE {
                    lines.push(line(&field, ours, theirs));
                } else {
                    lines.push(line(&field, ours, "ours".to_owned()));
                    lines.push(line("", theirs, "theirs".to_owned()));
                }
            }
        }
        (wish, theirs) => {
            let ours = match wish {
                Wish::Present(ours) => summary(state, target, ours, zone),
                Wish::Gone => "(deleted)".to_owned(),
                Wish::Retired => "(kept for the audit, not billable)".to_owned(),
                Wish::Wait(word) => format!("({word})"),
                Wish::Left => "(as it is there)".to_owned(),
            };
            let theirs = theirs.map_or_else(|| "(deleted)".to_owned(), |t| summary(state, target, t, zone));
            lines.push(line("  ours", ours, String::new()));
            lines.push(line("  theirs", theirs, String::new()));
        }
    }
    lines
}

fn fields(state: &State, target: &Account, entry: &TargetEntry, zone: Tz) -> [(&'static str, String); 7] {
    let name =
        |kind, id| state.item(target, kind, id).map_or_else(|| format!("{id}"), |item| item.name.clone());
    let or_none = |text: String| if text.is_empty() { "(none)".to_owned() } else { text };
    let clock =
        |at: chrono::DateTime<chrono::Utc>| at.with_timezone(&zone).format("%-d %b %H:%M:%S").to_string();
    [
        ("description", or_none(entry.description.clone())),
        ("project", entry.project.as_ref().map_or_else(|| "(none)".to_owned(), |id| name(Kind::Project, id))),
        ("start", clock(entry.start)),
        ("stop", clock(entry.stop)),
        ("billable", if entry.billable { "yes".to_owned() } else { "no".to_owned() }),
        ("tags", or_none(entry.tags.join(", "))),
        ("person", name(Kind::User, &entry.user)),
    ]
}

fn summary(state: &State, target: &Account, entry: &TargetEntry, zone: Tz) -> String {
    let [description, project, start, stop, ..] = fields(state, target, entry, zone);
    format!("{} · {} · {}–{}", description.1, project.1, start.1, stop.1)
}
