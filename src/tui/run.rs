//! The loop: wait, handle what waits, draw when something changed and the frame budget allows. Generic over the
//! writer, the input stream and the host, so that tests run it in memory.

use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Timelike, Utc};
use crossterm::event::Event as TermEvent;
use futures_util::{Stream, StreamExt};
use ratatui::Terminal;
use ratatui::backend::Backend;
use ratatui::layout::Rect;
use tokio::time::{Instant, sleep_until};

use super::connect::{Arrival, Road};
use super::keymap::Key;
use crate::config::settings::Motion;

use super::model::{Model, Tone};
use super::screen::Screen;
use super::terminal::{Asked, Host};
use super::theme::Theme;
use super::update::{Effect, Event, Msg, update};
use super::view::view;

/// Remembers a theme by its name; runs beside the loop, for it may wait for a disk. The error is one sentence.
pub type SaveTheme = Arc<dyn Fn(&str) -> Result<(), String> + Send + Sync>;

/// What the loop needs besides the model.
pub struct Parts<W: Write, S, H> {
    /// Where frames go.
    pub terminal: Terminal<Screen<W>>,
    /// Keys, mouse, paste, focus, resize.
    pub input: S,
    /// The terminal's owner.
    pub host: H,
    /// The road to the engine.
    pub road: Road,
    /// What signals ask.
    pub asked: tokio::sync::mpsc::Receiver<Asked>,
    /// All themes again, when a theme file changed.
    pub themes: tokio::sync::mpsc::Receiver<Vec<Theme>>,
    /// The wall clock.
    pub clock: fn() -> DateTime<Utc>,
    /// The shortest time between two frames.
    pub budget: Duration,
    /// Remembers the theme.
    pub save_theme: Option<SaveTheme>,
}

/// How the loop ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Left {
    /// The person asked to stop the engine, too.
    pub stop_engine: bool,
}

/// Engine messages handled before input is looked at again.
const BURST: usize = 64;

/// Runs until somebody leaves. Hands the road back; terminal and input are dropped, so the terminal is free again.
pub async fn run<W, S, H>(model: &mut Model, mut parts: Parts<W, S, H>) -> io::Result<(Left, Road)>
where
    W: Write,
    S: Stream<Item = io::Result<TermEvent>> + Unpin,
    H: Host,
{
    let (tell, mut kept) = tokio::sync::mpsc::channel(4);
    let mut next_draw = Instant::now();
    let mut next_key_draw = next_draw;
    loop {
        if model.dirty && Instant::now() >= next_draw {
            if parts.host.is_ours() {
                draw(model, &mut parts.terminal)?;
            }
            model.dirty = false;
            next_draw = Instant::now() + parts.budget;
        }
        let now = parts.clock;
        let tick_at = Instant::now() + until_tick(model, now());
        let event = tokio::select! { biased;
            asked = parts.asked.recv() => match asked {
                Some(Asked::Suspend) => Event::Suspend,
                Some(Asked::Continue) => {
                    parts.host.retake()?;
                    Event::Resumed
                }
                Some(Asked::Leave) | None => Event::Quit,
            },
            event = parts.input.next() => match event {
                Some(Ok(event)) => match translate(event) {
                    Some(event) => {
                        // A key is answered at once, but a held one does not outrun the budget.
                        if matches!(event, Event::Key(_)) && Instant::now() >= next_key_draw {
                            next_key_draw = Instant::now() + parts.budget;
                            next_draw = Instant::now();
                        }
                        event
                    }
                    None => continue,
                },
                Some(Err(_)) | None => Event::Quit,
            },
            arrival = parts.road.arrivals.recv() => match arrival {
                Some(arrival) => arrived(arrival),
                None => Event::Quit,
            },
            Some(themes) = parts.themes.recv() => Event::Themes(themes),
            Some((theme, outcome)) = kept.recv() => Event::ThemeKept { theme, outcome },
            () = sleep_until(next_draw), if model.dirty => continue,
            () = sleep_until(tick_at) => Event::Tick,
        };
        let mut effects = update(model, Msg { now: now(), event });
        // Drain what has come meanwhile, so that one frame shows it all.
        for _ in 0..BURST {
            let Ok(arrival) = parts.road.arrivals.try_recv() else { break };
            effects.extend(update(model, Msg { now: now(), event: arrived(arrival) }));
        }
        for effect in effects {
            if let Effect::SaveTheme(theme) = effect {
                keep_theme(parts.save_theme.clone(), theme, tell.clone());
                continue;
            }
            if let Some(left) = carry_out(effect, model, &mut parts)? {
                if !parts.host.is_ours() {
                    return Err(io::Error::other("a part of the program failed; its report stands above"));
                }
                return Ok((left, parts.road));
            }
        }
    }
}

fn arrived(arrival: Arrival) -> Event {
    match arrival {
        Arrival::Up => Event::Connected,
        Arrival::Down { retry_s, why } => Event::Disconnected { retry_s, why },
        Arrival::Message(message) => Event::Engine(message),
    }
}

/// The normal form of a terminal event; `None` for what means nothing here.
fn translate(event: TermEvent) -> Option<Event> {
    Some(match event {
        TermEvent::Key(key) => Event::Key(Key::from_event(key)?),
        TermEvent::Mouse(mouse) => {
            use crossterm::event::MouseEventKind::{Down, ScrollDown, ScrollUp};
            // Moves and releases mean nothing here and would wake the loop.
            if !matches!(mouse.kind, Down(_) | ScrollDown | ScrollUp) {
                return None;
            }
            Event::Mouse(mouse)
        }
        TermEvent::Paste(text) => Event::Paste(text),
        TermEvent::Resize(width, height) => Event::Resize(width, height),
        TermEvent::FocusGained => Event::Focus(true),
        TermEvent::FocusLost => Event::Focus(false),
    })
}

/// Draws one frame: one write, nothing when nothing changed.
pub fn draw<W: Write>(model: &mut Model, terminal: &mut Terminal<Screen<W>>) -> io::Result<()> {
    let size = terminal.backend().size()?;
    model.size = (size.width, size.height);
    let mut drawn = None;
    terminal.draw(|frame| drawn = Some(view(model, frame)))?;
    if let Some(drawn) = drawn {
        model.drawn = drawn;
    }
    Ok(())
}

/// Time until something on the screen changes by itself.
fn until_tick(model: &Model, now: DateTime<Utc>) -> Duration {
    let millis = u64::from(now.nanosecond() / 1_000_000).min(999);
    let second = u64::from(now.second());
    let seconds = if model.drawn.ticking {
        if model.focused && model.motion == Motion::Full { 1 } else { 10 - second % 10 }
    } else {
        60 - second
    };
    // Just after the turn, so that the new figure is there.
    Duration::from_millis((seconds * 1000 + 5).saturating_sub(millis).max(50))
}

fn carry_out<W: Write, S, H: Host>(
    effect: Effect,
    model: &mut Model,
    parts: &mut Parts<W, S, H>,
) -> io::Result<Option<Left>> {
    match effect {
        Effect::Send(message) => {
            if parts.road.to_engine.try_send(message).is_err() {
                model.say(Tone::Trouble, "the engine does not answer; this key had no effect");
            }
        }
        Effect::Copy(text) => {
            use base64::Engine;
            let encoded = base64::engine::general_purpose::STANDARD.encode(text);
            parts.terminal.backend_mut().send(format!("\x1b]52;c;{encoded}\x07").as_bytes())?;
        }
        Effect::Quit { stop_engine } => return Ok(Some(Left { stop_engine })),
        Effect::Suspend => {
            parts.host.suspend()?;
            repaint(&mut parts.terminal)?;
            let effects = update(model, Msg { now: (parts.clock)(), event: Event::Resumed });
            for effect in effects.into_iter().filter(|e| matches!(e, Effect::Send(_))) {
                carry_out(effect, model, parts)?;
            }
        }
        Effect::Repaint => repaint(&mut parts.terminal)?,
        Effect::Mouse(on) => parts.host.mouse(on)?,
        Effect::StartEngine => {
            // Where it is asked for already, once is enough.
            let _ = parts.road.start.try_send(());
        }
        // Carried out by the loop itself, which hears of the end.
        Effect::SaveTheme(_) => {}
    }
    Ok(None)
}

/// Remembers a theme without keeping the keys waiting; the outcome is told. Without a place to keep it nothing is.
fn keep_theme(
    save: Option<SaveTheme>,
    theme: String,
    tell: tokio::sync::mpsc::Sender<(String, Result<(), String>)>,
) {
    let Some(save) = save else { return };
    tokio::task::spawn_blocking(move || {
        let outcome = save(&theme);
        // The loop may have ended meanwhile; the theme is kept all the same.
        let _ = tell.blocking_send((theme, outcome));
    });
}

/// Makes the next frame a whole one. `Terminal::clear` would do, but empties the screen before it is drawn.
pub(super) fn repaint<W: Write>(terminal: &mut Terminal<Screen<W>>) -> io::Result<()> {
    let size = terminal.backend().size()?;
    terminal.backend_mut().forget();
    terminal.backend_mut().clear()?;
    terminal.resize(Rect::new(0, 0, size.width, size.height))?;
    Ok(())
}
