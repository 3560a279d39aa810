//! The screen without a configuration: names the two files to write, offers the demo and leaving. It writes nothing.

use std::io;
use std::path::Path;

use crossterm::event::Event;
use futures_util::StreamExt;
use ratatui::Terminal;
use ratatui::buffer::Buffer;
use tokio::sync::mpsc;

use crate::config::settings::Ui;
use crate::config::theme::Themes;

use super::input::Input;
use super::keymap::Key;
use super::paint::{Drawn, Paint};
use super::run::repaint;
use super::screen::{Extent, Screen};
use super::signs;
use super::start::{Look, signals};
use super::terminal::{Asked, Guard, Host};
use super::theme::{Styles, Theme};
use super::widgets::rule;

/// What the person chose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// Start the demo.
    Demo,
    /// Leave.
    Leave,
}

const SETTINGS: [&str; 8] = [
    "[toggl.main]",
    "token_env = \"TOGGL_TOKEN\"        # or token_command = \"pass show toggl\"",
    "",
    "[clockify.mirror]",
    "token_env = \"CLOCKIFY_TOKEN\"",
    "",
    "[receiver]                       # optional: live instead of every 5 min",
    "public_url = \"https://hooks.example.com\"",
];

const MAPPING: [&str; 3] = [
    "[[project]]                      # optional: or link them on the screen",
    "source = { account = \"main\", id = 2220007, name = \"Harbor site\" }",
    "target.mirror = { id = \"64f0c0ffee0000000000c001\", name = \"Harbor site\" }",
];

/// Draws the screen.
pub fn draw(buf: &mut Buffer, styles: &Styles, config_dir: &Path, ascii: bool) {
    let mut drawn = Drawn::default();
    let area = buf.area;
    buf.set_style(area, styles.fg);
    let mut p = Paint::new(buf, area, styles, &mut drawn);
    let (w, h) = (p.w(), p.h());
    let (fg, muted, key) = (p.s.fg, p.s.muted, p.s.key);
    p.parts(1, 0, &[("hourwire", p.s.header), ("  Toggl Track hours, kept in step with Clockify", muted)]);
    let title = rule::Title { name: "no configuration yet", focused: true, ..rule::Title::default() };
    if h > 1 {
        rule::draw(&mut p, 0, 1, w, &title);
    }
    let path = |name: &str| config_dir.join(name).display().to_string();
    let mut lines = vec![
        ("Two files make it work. The first holds the accounts:".to_owned(), fg),
        (String::new(), fg),
        (path(crate::config::paths::SETTINGS), key),
    ];
    lines.extend(SETTINGS.iter().map(|l| (format!("  {l}"), muted)));
    lines.push((String::new(), fg));
    lines.push((path(crate::config::paths::MAPPING), key));
    lines.extend(MAPPING.iter().map(|l| (format!("  {l}"), muted)));
    lines.push((String::new(), fg));
    lines.push(("Then start hourwire again. Nothing is sent before that.".to_owned(), fg));
    for (at, (line, style)) in lines.iter().take(usize::from(h.saturating_sub(4))).enumerate() {
        p.cell(3, at as u16 + 2, w.saturating_sub(4), line, *style);
    }
    if h > 3 {
        p.cell(
            1,
            h - 2,
            w.saturating_sub(2),
            "The demo needs no account, no file and no network.",
            p.s.accent,
        );
    }
    if h > 0 {
        p.parts(1, h - 1, &[("d", key), (" demo   ", muted), ("q", key), (" leave", muted)]);
    }
    if ascii {
        signs::to_ascii(buf);
    }
}

/// Shows the screen until the person chooses. The terminal is back when this returns.
pub async fn run(ui: &Ui, config_dir: &Path) -> io::Result<Choice> {
    let look = Look::detect(ui, |name| std::env::var(name).ok());
    let themes = Theme::all(&Themes::load(config_dir).0, look.depth);
    let at = Theme::find(&themes, &ui.theme);
    let styles = themes.get(at).map(|t| t.styles.clone()).unwrap_or_default();
    let (ask, mut asked) = mpsc::channel(4);
    signals(&ask)?;
    let mut guard = Guard::enter(false, ask)?;
    let mut terminal = Terminal::new(Screen::new(io::stdout(), Extent::Terminal))?;
    let mut input = Input::open();
    loop {
        terminal.draw(|frame| draw(frame.buffer_mut(), &styles, config_dir, look.ascii))?;
        let event = tokio::select! { biased;
            asked = asked.recv() => {
                match asked {
                    Some(Asked::Suspend) => guard.suspend()?,
                    Some(Asked::Continue) => guard.retake()?,
                    Some(Asked::Leave) | None => return Ok(Choice::Leave),
                }
                repaint(&mut terminal)?;
                continue;
            }
            event = input.next() => event,
        };
        let Some(Ok(event)) = event else { return Ok(Choice::Leave) };
        if let Event::Key(event) = event
            && let Some(key) = Key::from_event(event)
            && let Some(choice) = choose(key)
        {
            return Ok(choice);
        }
    }
}

fn choose(key: Key) -> Option<Choice> {
    match key.to_string().as_str() {
        "d" | "D" => Some(Choice::Demo),
        "q" | "Q" | "Esc" | "Ctrl-C" => Some(Choice::Leave),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use ratatui::layout::Rect;

    use super::*;

    #[test]
    fn it_draws_at_any_size_and_names_both_files() {
        let styles = Styles::default();
        for (w, h) in [(0, 0), (1, 1), (20, 3), (60, 15), (80, 24), (200, 60)] {
            let mut buf = Buffer::empty(Rect::new(0, 0, w, h));
            draw(&mut buf, &styles, Path::new("/home/ida/.config/hourwire"), false);
            if (w, h) == (80, 24) {
                let text: String = buf.content.iter().map(|c| c.symbol()).collect();
                assert!(text.contains("hourwire/hourwire.toml") && text.contains("hourwire/mapping.toml"));
                assert!(!text.contains('…'), "something is cut: {text}");
                for line in SETTINGS.iter().chain(&MAPPING) {
                    assert!(text.contains(line), "{line}");
                }
            }
        }
    }

    #[test]
    fn only_the_offered_keys_choose() {
        assert_eq!(choose(Key::char('d')), Some(Choice::Demo));
        assert_eq!(choose("esc".parse().unwrap()), Some(Choice::Leave));
        assert_eq!(choose(Key::char('x')), None);
    }
}
