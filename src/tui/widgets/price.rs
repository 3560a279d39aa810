//! The price line: what the next key will cost, or what just happened. The only place for both.

use ratatui::style::Style;

use crate::control::command::Price;
use crate::control::snapshot::{AccountLine, CacheWord, HoldLine, Snapshot};
use crate::domain::word::SyncWord;

use super::super::model::{Connection, Drawer, Model, Pane, Tone};
use super::super::paint::Paint;
use super::super::text::{clock, clock_s, count, width};

/// Draws the price line into a row.
pub fn draw(model: &Model, p: &mut Paint<'_>) {
    let (accent, warn, muted) = (p.s.accent, p.s.warn, p.s.muted);
    if let Some(question) = &model.question {
        line(p, &question.say, warn, &question.price);
        return;
    }
    if let Some(input) = &model.typing {
        field(model, p, "/", input);
        return;
    }
    if let Some(notice) = &model.notice {
        let style = match notice.tone {
            Tone::Said => p.s.fg,
            Tone::Price => accent,
            Tone::Trouble => warn,
        };
        // What the next key of the picker costs stays in sight beside whatever was said.
        if let Some(Drawer::Picker(_)) = &model.drawer
            && model.is_live()
        {
            line(p, &notice.say, style, &picked(model));
            return;
        }
        line(p, &notice.say, style, "");
        return;
    }
    if let Connection::Lost { since, retry_s, why } = &model.connection {
        let again =
            if *retry_s == 0 { "trying again".to_owned() } else { format!("trying again in {retry_s} s") };
        if model.snapshot.is_none() {
            line(p, &format!("{why} · {again}"), warn, "");
            return;
        }
        let from = clock(*since, model.zone());
        line(p, &format!("showing {from} · {again} · keys that change things wait"), warn, "");
        return;
    }
    let Some(snapshot) = &model.snapshot else {
        line(p, "waiting for the engine · keys that change things wait", muted, "");
        return;
    };
    if snapshot.disk.room.is_short() {
        line(p, &snapshot.disk.say(snapshot.deliveries.unavailable), warn, "");
        return;
    }
    if snapshot.cache != CacheWord::Ready {
        let why = snapshot.cache_why.as_ref().map(|why| format!(" · {why}")).unwrap_or_default();
        let say = format!("the cache opens · deliveries are kept meanwhile, nothing is lost{why}");
        line(p, &say, muted, "");
        return;
    }
    if let Some(Drawer::Picker(_)) = &model.drawer {
        link_price(model, p);
        return;
    }
    if let Some(account) = snapshot.accounts.iter().find(|a| is_refused(a)) {
        let waits = match waiting(snapshot) {
            0 => String::new(),
            n => format!("{} · ", count(n, "change waits", "changes wait")),
        };
        line(p, &format!("{waits}:token {} to renew · deliveries still arrive", account.tag), warn, "");
        return;
    }
    let hold = snapshot.holds.iter().find(|h| h.is_open());
    if let Some((say, price)) = decision(model).filter(|_| hold.is_none()) {
        line(p, &say, accent, &price);
        return;
    }
    if let Some(account) = snapshot.accounts.iter().find(|a| a.trouble.is_some()) {
        let kept = match waiting(snapshot) {
            0 => String::new(),
            n => format!("{} kept here · ", count(n, "change", "changes")),
        };
        let why = account.why.as_ref().map(|why| format!(" · {}: {why}", account.tag)).unwrap_or_default();
        line(p, &format!("{kept}nothing is lost{why}"), warn, "");
        return;
    }
    if let Some(hold) = hold {
        let say = if hold.is_another() { held_by(hold) } else { format!("{} · ! to decide", hold.say) };
        line(p, &say, warn, "");
        return;
    }
    match &snapshot.last {
        Some((at, say)) => {
            let time = if p.w() >= 100 { clock_s(*at, model.zone()) } else { clock(*at, model.zone()) };
            let x = p.text(1, 0, &time, muted) + 2;
            let (fg, room) = (p.s.fg, p.w().saturating_sub(x + 1));
            p.cell(x, 0, room, say, fg);
        }
        None => line(p, "nothing has happened yet", muted, ""),
    }
}

/// What sends here again comes first, for a narrow screen cuts the end.
pub fn held_by(hold: &HoldLine) -> String {
    format!(":take sends from here · {}", hold.say)
}

/// Changes that are not at their target yet.
fn waiting(snapshot: &Snapshot) -> u64 {
    let counts = snapshot.targets.iter().flat_map(|t| &t.counts);
    let waits = counts.filter(|(word, _)| matches!(word.as_str(), "queued" | "sending" | "waiting quota"));
    waits.map(|(_, n)| u64::from(*n)).sum()
}

/// What the key for the selected entry does and costs, where it waits for one.
fn decision(model: &Model) -> Option<(String, String)> {
    let row = model.selected_sync().filter(|_| model.active() == Pane::Sync && !model.in_drawer)?;
    let price = || format!("1 request{}", model.left_of(&row.target));
    match &row.word {
        SyncWord::Failed(why) => Some((format!("R sends it again · {why}"), price())),
        SyncWord::Conflict => {
            Some(("< sends what Toggl has · > leaves it as it is there".to_owned(), price()))
        }
        _ => None,
    }
}

/// Its token does not work; beside this only the network can be in the way.
fn is_refused(account: &AccountLine) -> bool {
    account.trouble.as_ref().is_some_and(|t| !t.starts_with("offline"))
}

fn line(p: &mut Paint<'_>, say: &str, style: Style, right: &str) {
    let w = p.w();
    let muted = p.s.muted;
    let mut room = w.saturating_sub(2);
    if !right.is_empty() && width(right) + 24 < w {
        p.right(w - 1, 0, width(right), right, muted);
        room = room.saturating_sub(width(right) + 2);
    }
    p.cell(1, 0, room, say, style);
}

/// A line of text being typed, with the cursor where the terminal shows it.
pub fn field(model: &Model, p: &mut Paint<'_>, lead: &str, input: &tui_input::Input) {
    let (key, fg, muted) = (p.s.key, p.s.fg, p.s.muted);
    let w = p.w();
    let hint = match model.active().slot().and_then(|slot| model.views.get(slot)) {
        Some(view) if view.waiting => "asking".to_owned(),
        Some(view) => view
            .page
            .as_ref()
            .map(|page| format!("{} of {}", page.total, page.unfiltered))
            .unwrap_or_default(),
        None => String::new(),
    };
    p.right(w.saturating_sub(1), 0, width(&hint), &hint, muted);
    let x = p.text(1, 0, lead, key);
    let room = w.saturating_sub(x + width(&hint) + 3);
    typed(p, x, 0, room, input, fg);
}

/// The visible part of an input and its cursor.
pub fn typed(p: &mut Paint<'_>, x: u16, y: u16, room: u16, input: &tui_input::Input, style: Style) {
    let scroll = input.visual_scroll(usize::from(room.max(1)));
    let mut skipped = 0usize;
    let visible: String = input
        .value()
        .chars()
        .skip_while(|c| {
            let skip = skipped < scroll;
            skipped += unicode_width::UnicodeWidthChar::width(*c).unwrap_or(0);
            skip
        })
        .collect();
    let w = p.w();
    p.part(0, y, x.saturating_add(room).min(w), 1).text(x, 0, &visible, style);
    let column = u16::try_from(input.visual_cursor().saturating_sub(scroll)).unwrap_or(0);
    p.cursor(x + column.min(room), y);
}

/// The price of linking the selected candidate, once the engine has told it.
fn price_of(model: &Model) -> Option<&Price> {
    let Some(Drawer::Picker(picker)) = &model.drawer else { return None };
    let id = model.candidate()?.project.id.to_string();
    picker.price.as_ref().filter(|(of, _)| *of == id).map(|(_, price)| price)
}

fn cost(price: &Price) -> String {
    let left = price.left.map(|n| format!(" · {n} left")).unwrap_or_default();
    format!("{}{left}", count(u64::from(price.requests), "request", "requests"))
}

/// The same in a few words, where a sentence has the line.
fn picked(model: &Model) -> String {
    match price_of(model) {
        Some(price) => {
            let sends = count(u64::from(price.creates), "entry", "entries");
            format!("{sends} · {}", cost(price))
        }
        None if model.candidate().is_some() => "the price is being asked".to_owned(),
        None => String::new(),
    }
}

fn link_price(model: &Model, p: &mut Paint<'_>) {
    let (accent, muted) = (p.s.accent, p.s.muted);
    if model.candidate().is_none() {
        line(p, "no candidate · / searches · c creates it there", muted, "");
        return;
    }
    let Some(price) = price_of(model) else {
        line(p, "Enter links it · the price is being asked", muted, "");
        return;
    };
    let say = if price.say.is_empty() {
        format!("Enter links it and sends the {} waiting", price.creates)
    } else {
        format!("Enter {}", price.say)
    };
    line(p, &say, accent, &cost(price));
}
