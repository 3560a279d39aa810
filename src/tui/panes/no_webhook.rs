//! The Webhooks pane without a public address: what is read instead, what that costs, and three ways to one, each with
//! the command to type.

use ratatui::style::Style;

use crate::control::snapshot::Snapshot;
use crate::domain::id::Service;
use crate::domain::text::every;

use super::super::paint::Paint;
use super::super::text::{requests, wrap};
use super::super::widgets::table::{self, Col, Place};

/// Read this often where nobody said otherwise, in seconds.
const OFTEN: u32 = 300;

/// How far a way's command is set in below its name.
const SET_IN: u16 = 2;

/// A part of the text: its column, what it says, whether it goes first where there is no room for all.
struct Part {
    x: u16,
    text: String,
    style: Style,
    spare: bool,
}

/// Draws the row of the account that is read, then the text.
pub fn draw(snapshot: &Snapshot, p: &mut Paint<'_>, y: u16, cols: &[Col], places: &[Place]) {
    let seconds = snapshot.reading.unwrap_or(OFTEN);
    let source = snapshot.accounts.iter().find(|account| account.service == Service::Toggl);
    let tag = source.map_or("", |account| account.tag.as_str());
    let row = [
        "  reading".to_owned(),
        format!("Toggl {tag}").trim().to_owned(),
        format!("every {}", every(seconds)),
    ];
    let fg = p.s.fg;
    for (text, at) in row.iter().zip(cols.iter().zip(places)) {
        table::cell(p, y, at, text, fg);
    }
    let (w, h) = (p.w().saturating_sub(4), p.h());
    let mut parts = parts(snapshot, p, seconds);
    let rows = |parts: &[Part]| -> u16 {
        parts.iter().map(|part| wrap(&part.text, w - part.x.min(w)).len() as u16).sum()
    };
    if y + 1 + rows(&parts) > h {
        parts.retain(|part| !part.spare);
    }
    let mut y = y + 1;
    for part in &parts {
        y += p.wrapped(3 + part.x, y, w.saturating_sub(part.x), &part.text, part.style).max(1);
    }
}

fn parts(snapshot: &Snapshot, p: &Paint<'_>, seconds: u32) -> Vec<Part> {
    let (fg, muted, key) = (p.s.fg, p.s.muted, p.s.key);
    let late = every(seconds);
    let reads = 3_600 / seconds.max(1);
    let of_user = |bucket: &str| bucket.starts_with("user");
    let meter = snapshot.meters.iter().find(|m| m.service == Service::Toggl && of_user(&m.bucket));
    let cost = match meter.and_then(|meter| meter.limit) {
        Some(limit) => format!("{reads} of the {} an hour", requests(limit)),
        None => format!("{} an hour", requests(reads)),
    };
    let listens = snapshot.listens.as_deref().unwrap_or("127.0.0.1:8787");
    let blank = || Part { x: 0, text: String::new(), style: fg, spare: true };
    let say = |text: String| Part { x: 0, text, style: fg, spare: false };
    let name = |text: &str| Part { x: 0, text: text.to_owned(), style: muted, spare: true };
    let command = |text: String| Part { x: SET_IN, text, style: key, spare: false };
    vec![
        blank(),
        say(format!(
            "A change arrives up to {late} late; nothing is lost. Reading takes {cost}. A public address brings \
             changes at once, three ways to one:"
        )),
        blank(),
        name("a server with its own name: a reverse proxy that fetches its certificate"),
        command(format!("caddy reverse-proxy --from hooks.example.com --to {listens}")),
        name("no server: a tunnel, which prints its address"),
        command(format!("cloudflared tunnel --url http://{listens}")),
        name("a server elsewhere: this beside the reverse proxy there"),
        command(format!("ssh -N -R {listens}:{listens} you@hooks.example.com")),
        blank(),
        Part { spare: true, ..say("Then say so under [receiver] in hourwire.toml, and restart:".to_owned()) },
        command("public_url = \"https://hooks.example.com\"".to_owned()),
    ]
}
