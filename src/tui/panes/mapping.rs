//! Mapping: where each source project leads, problems first.

use crate::control::command::Certainty;
use crate::control::view::{ProjectLine, Row};

use super::super::model::{List, Model, Pane, Slot};
use super::super::paint::Paint;
use super::super::text::{count, hours, width};
use super::super::widgets::table::{self, Col, GUTTER};
use super::super::widgets::words;
use super::{has_keys, nothing, overview, title};

/// Draws the pane.
pub fn draw(model: &Model, p: &mut Paint<'_>) {
    let w = p.w();
    let mut right = Vec::new();
    if let Some(snapshot) = &model.snapshot {
        let total = snapshot.mapping.linked + snapshot.mapping.left_out + snapshot.mapping.unmapped;
        right.push((count(total, "project", "projects"), p.s.muted));
        right.push((format!("{} linked", snapshot.mapping.linked), p.s.muted));
        if snapshot.mapping.left_out > 0 {
            right.push((format!("{} left out", snapshot.mapping.left_out), p.s.muted));
        }
        if snapshot.mapping.unmapped > 0 {
            right.push((format!("{} unmapped", snapshot.mapping.unmapped), p.s.warn));
        }
        if snapshot.mapping.alert.is_some() {
            right.push(("file unusable, last good version holds".to_owned(), p.s.error));
        }
    }
    let focused = title(model, p, Pane::Mapping, right);
    let targets = model.targets().len().max(1) as u16;
    let mut cols =
        vec![Col::new("Toggl project", 16, 0, 9).flex(12, 2), Col::new("client", 13, 1, 1).flex(8, 1)];
    for _ in 0..targets {
        cols.push(Col::new("", 17, 1, 8).flex(10, 3));
    }
    cols.push(Col::new("this week", 10, 1, 4).right());
    let places = table::lay(w - 1, &cols);
    table::head(p, 1, &cols, &places);
    for (at, place) in places.iter().skip(2).take(model.targets().len()).enumerate() {
        if let Some((x, w)) = place {
            let faint = p.s.faint;
            p.cell(*x, 1, *w, &model.target_label(at), faint);
        }
    }
    if model.len(List::Mapping) == 0 {
        nothing(model, p, Pane::Mapping, 2, "no projects yet · they are read with the first entries");
        return;
    }
    table::rows(p, model, List::Mapping, 2, focused, |row, index| {
        let Some(Row::Project(line)) = model.views.row(Slot::Mapping, index) else {
            let faint = row.s.faint;
            row.text(3, 0, "…", faint);
            return;
        };
        let s = row.s;
        mark(model, row, line);
        if let Some((x, w)) = places[0] {
            let style = if line.archived || line.gone { s.muted } else { s.fg };
            row.cell(x, 0, w, &line.source.name, style);
        }
        if let Some((x, w)) = places[1] {
            row.cell(x, 0, w, &line.client, s.muted);
        }
        for (at, link) in line.links.iter().enumerate() {
            if let Some(Some((x, w))) = places.get(2 + at) {
                let (sign, word, style) = words::link(link, s);
                let style = if style == s.warn && !line.needs_person() { s.muted } else { style };
                let text = if sign.is_empty() { word.to_owned() } else { format!("{sign} {word}") };
                row.cell(*x, 0, *w, &text, style);
            }
        }
        if let Some(Some((x, w))) = places.last() {
            if line.waiting > 0 {
                row.right(x + w, 0, *w, &format!("{} waiting", line.waiting), s.warn);
            } else {
                let style = if line.week_s == 0 { s.faint } else { s.fg };
                row.right(x + w, 0, *w, &hours(line.week_s), style);
            }
        }
    });
}

fn mark(model: &Model, p: &mut Paint<'_>, line: &ProjectLine) {
    let s = p.s;
    if line.needs_person() {
        p.text(1, 0, "!", s.warn);
    } else if model.fresh.contains(&line.source.key().to_string()) {
        p.text(1, 0, "~", s.info);
    }
}

/// Draws the tile of the Overview.
pub fn tile(model: &Model, p: &mut Paint<'_>) {
    let w = p.w();
    let summary = model.snapshot.as_ref().map(|s| &s.mapping);
    let beside = summary
        .map(|m| match m.unmapped {
            0 => format!("{} linked", m.linked),
            n => format!("{n} unmapped · {} linked", m.linked),
        })
        .unwrap_or_default();
    overview::title(model, p, Pane::Mapping, &beside, None);
    let h = p.h();
    if model.len(List::Mapping) == 0 {
        nothing(model, p, Pane::Mapping, 1, "no projects yet");
        return;
    }
    let names: Vec<String> =
        (0..model.targets().len()).map(|at| model.target_label(at).chars().take(3).collect()).collect();
    // Signs stand under three letters of each target, the time at the end.
    let signs = names.len() as u16 * 4;
    let time = 7;
    let room = w.saturating_sub(GUTTER + signs + time + 1);
    let mut list = p.part(0, 1, w, h.saturating_sub(1));
    let faint = list.s.faint;
    list.cell(GUTTER, 0, room, "project", faint);
    for (at, short) in names.iter().enumerate() {
        list.text(GUTTER + room + at as u16 * 4, 0, short, faint);
    }
    list.right(w.saturating_sub(1), 0, time, "week", faint);
    let focused = has_keys(model, Pane::Mapping);
    table::rows(&mut list, model, List::Mapping, 1, focused, |row, index| {
        let Some(Row::Project(line)) = model.views.row(Slot::Mapping, index) else { return };
        let s = row.s;
        mark(model, row, line);
        let style = if line.archived || line.gone { s.muted } else { s.fg };
        if line.waiting > 0 {
            let waits = format!("{} waiting", line.waiting);
            let from = row.right(w.saturating_sub(1), 0, w, &waits, s.warn);
            row.cell(GUTTER, 0, from.saturating_sub(GUTTER + 1), &line.source.name, style);
            return;
        }
        row.cell(GUTTER, 0, room.saturating_sub(1), &line.source.name, style);
        for (at, link) in line.links.iter().enumerate() {
            let (sign, _, style) = words::link(link, s);
            let style = if style == s.warn && !line.needs_person() { s.muted } else { style };
            row.text(GUTTER + room + at as u16 * 4 + 1, 0, if sign.is_empty() { "!" } else { sign }, style);
        }
        row.right(
            w.saturating_sub(1),
            0,
            time,
            &hours(line.week_s),
            if line.week_s == 0 { s.faint } else { s.fg },
        );
    });
    best(model, p);
}

/// The engine's best guess for the first unmapped project, on the tile's last row.
fn best(model: &Model, p: &mut Paint<'_>) {
    let (_, rows) = model.views.rows(Slot::Best);
    let Some(Row::Candidate(candidate)) = rows.first() else { return };
    let (w, y) = (p.w(), p.h().saturating_sub(1));
    if y < 4 {
        return;
    }
    let word = match candidate.certainty {
        Certainty::Sure => "sure",
        Certainty::Likely => "likely",
        Certainty::Weak => "weak",
    };
    let style = if candidate.certainty == Certainty::Weak { p.s.faint } else { p.s.accent };
    p.blank(0, y, w, 1);
    p.text(1, y, "!", p.s.warn);
    let x = p.text(GUTTER, y, word, style) + 2;
    let text = format!("{}?", candidate.project.name);
    let room = w.saturating_sub(x + 1);
    if width(&text) <= room || room > 8 {
        p.cell(x, y, room, &text, p.s.fg);
    }
}
