//! The price line: what the next key will cost, or what just happened. The only place for both.

use chrono::{DateTime, Utc};
use ratatui::style::Style;

use crate::control::command::Price;
use crate::control::snapshot::{AccountLine, CacheWord, HoldLine};
use crate::domain::word::SyncWord;

use super::super::model::{Drawer, Model, Pane, Tone};
use super::super::paint::Paint;
use super::super::text::{clock, clock_s, count, date, safe, width, wrap};
use super::lost;

/// A screen gives this part of its rows at most to a sentence, and never more rows than these.
const SHARE: u16 = 3;
const MOST: u16 = 6;

/// How a sentence is meant.
#[derive(Clone, Copy)]
enum Look {
    /// Something was said.
    Plain,
    /// What a key will do.
    Price,
    /// It needs eyes.
    Warn,
    /// All is as it should be.
    Muted,
}

/// What the line says now.
enum Content<'a> {
    /// Text is being typed.
    Typing(&'a tui_input::Input),
    /// What happened last; the log has it in full.
    Last(DateTime<Utc>, &'a str),
    /// A sentence with its price at the right.
    Said(String, Look, String),
}

/// Rows that the line takes: one, or as many as its sentence needs to be read whole.
pub fn rows(model: &Model) -> u16 {
    let (w, h) = model.size;
    match content(model) {
        Content::Said(say, _, right) => {
            (lay(&safe(&say), &right, w).len() as u16).clamp(1, (h / SHARE).clamp(1, MOST))
        }
        _ => 1,
    }
}

/// The rows of a sentence, the price at the end of the last one or in one of its own.
fn lay(say: &str, right: &str, w: u16) -> Vec<String> {
    let room = w.saturating_sub(2);
    if say.is_empty() || width(say) + beside(right) <= room {
        return vec![say.to_owned()];
    }
    let mut lines = wrap(say, room);
    if lines.last().is_some_and(|last| width(last) + beside(right) > room) {
        lines.push(String::new());
    }
    lines
}

fn beside(right: &str) -> u16 {
    if right.is_empty() { 0 } else { width(right) + 2 }
}

/// Draws the price line.
pub fn draw(model: &Model, p: &mut Paint<'_>) {
    match content(model) {
        Content::Typing(input) => field(model, p, "/", input),
        Content::Last(at, say) => {
            let muted = p.s.muted;
            let zone = model.zone();
            let today = at.with_timezone(&zone).date_naive() == model.now.with_timezone(&zone).date_naive();
            let time = match today {
                false => format!("{} {}", date(at, zone), clock(at, zone)),
                true if p.w() >= 100 => clock_s(at, zone),
                true => clock(at, zone),
            };
            let x = p.text(1, 0, &time, muted) + 2;
            let (fg, room) = (p.s.fg, p.w().saturating_sub(x + 1));
            p.cell(x, 0, room, say, fg);
        }
        Content::Said(say, look, right) => {
            let style = match look {
                Look::Plain => p.s.fg,
                Look::Price => p.s.accent,
                Look::Warn => p.s.warn,
                Look::Muted => p.s.muted,
            };
            sentence(p, &say, style, &right);
        }
    }
}

fn content(model: &Model) -> Content<'_> {
    let said = |say: String, look| Content::Said(say, look, String::new());
    if let Some(question) = &model.question {
        return Content::Said(question.say.clone(), Look::Warn, question.price.clone());
    }
    if let Some(input) = &model.typing {
        return Content::Typing(input);
    }
    if let Some(notice) = &model.notice {
        let look = match notice.tone {
            Tone::Said => Look::Plain,
            Tone::Price => Look::Price,
            Tone::Trouble => Look::Warn,
        };
        // What the next key of the picker costs stays in sight beside whatever was said.
        let picks = matches!(model.drawer, Some(Drawer::Picker(_))) && model.is_live();
        let price = if picks { picked(model) } else { String::new() };
        return Content::Said(notice.say.clone(), look, price);
    }
    if let Some(say) = lost::say(model) {
        return said(say, Look::Warn);
    }
    let Some(snapshot) = &model.snapshot else {
        return said("waiting for the engine · keys that change things wait".to_owned(), Look::Muted);
    };
    if snapshot.disk.room.is_short() {
        return said(snapshot.disk.say(snapshot.deliveries.unavailable), Look::Warn);
    }
    if snapshot.cache != CacheWord::Ready {
        let why = snapshot.cache_why.as_ref().map(|why| format!(" · {why}")).unwrap_or_default();
        let say = format!("the cache opens · deliveries are kept meanwhile, nothing is lost{why}");
        return said(say, Look::Muted);
    }
    if let Some(Drawer::Picker(_)) = &model.drawer {
        return link_price(model);
    }
    if let Some(account) = snapshot.accounts.iter().find(|a| is_refused(a)) {
        let waits = match snapshot.counted(&SyncWord::ON_THE_WAY) {
            0 => String::new(),
            n => format!("{} · ", count(n, "change waits", "changes wait")),
        };
        return said(format!("{waits}:token {} to renew · deliveries still arrive", account.tag), Look::Warn);
    }
    let hold = snapshot.holds.iter().find(|h| h.is_open());
    if let Some((say, price)) = decision(model).filter(|_| hold.is_none()) {
        return Content::Said(say, Look::Price, price);
    }
    if let Some(account) = snapshot.accounts.iter().find(|a| a.trouble.is_some()) {
        let kept = match snapshot.counted(&SyncWord::ON_THE_WAY) {
            0 => String::new(),
            n => format!("{} kept here · ", count(n, "change", "changes")),
        };
        let why = account.why.as_ref().map(|why| format!(" · {}: {why}", account.tag)).unwrap_or_default();
        return said(format!("{kept}nothing is lost{why}"), Look::Warn);
    }
    if let Some(hold) = hold {
        let say = if hold.is_another() { held_by(hold) } else { format!("{} · ! to decide", hold.say) };
        return said(say, Look::Warn);
    }
    match &snapshot.last {
        Some((at, say)) => Content::Last(*at, say),
        None => said("nothing has happened yet".to_owned(), Look::Muted),
    }
}

/// What sends here again comes first, for a narrow screen cuts the end.
pub fn held_by(hold: &HoldLine) -> String {
    format!(":take sends from here · {}", hold.say)
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

fn sentence(p: &mut Paint<'_>, say: &str, style: Style, right: &str) {
    let (w, h) = (p.w(), p.h());
    let muted = p.s.muted;
    let lines = lay(&safe(say), right, w);
    let shown = lines.len().min(usize::from(h));
    for (y, text) in lines.iter().take(shown).enumerate() {
        let y = y as u16;
        let ends = y + 1 == h.min(shown as u16);
        let room = w.saturating_sub(2 + if ends { beside(right) } else { 0 });
        if ends {
            p.right(w.saturating_sub(1), y, width(right), right, muted);
        }
        // Where even these rows do not suffice, the last one says that there is more.
        let rest = lines.len() > shown && ends;
        let text = if rest { format!("{text} …") } else { text.clone() };
        p.cell(1, y, room, &text, style);
    }
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

/// The same in a few words, where a sentence has the line.
fn picked(model: &Model) -> String {
    match price_of(model) {
        Some(price) => {
            let sends = count(price.creates, "entry", "entries");
            format!("{sends} · {}", price.cost())
        }
        None if model.candidate().is_some() => "the price is being asked".to_owned(),
        None => String::new(),
    }
}

fn link_price(model: &Model) -> Content<'static> {
    let muted = |say: &str| Content::Said(say.to_owned(), Look::Muted, String::new());
    if model.candidate().is_none() {
        return muted("no candidate · / searches · c creates it there");
    }
    let Some(price) = price_of(model) else {
        return muted("Enter links it · the price is being asked");
    };
    let say = if price.say.is_empty() {
        format!("Enter links it and sends the {} waiting", price.creates)
    } else {
        format!("Enter {}", price.say)
    };
    Content::Said(say, Look::Price, price.cost())
}
