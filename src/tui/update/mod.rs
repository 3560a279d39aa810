//! The only writer of the model: `update(&mut Model, Msg) -> Vec<Effect>`. Pure: no await, no clock, no I/O; time
//! comes with the message, everything outside is asked for by an effect.

mod act;
mod conflict;
mod deliveries;
mod door;
mod hooks;
mod incidents;
mod input;
mod jump;
mod lists;
mod mapping;
mod mouse;
mod quota;

use chrono::{DateTime, Timelike, Utc};
use crossterm::event::MouseEvent;

use crate::control::message::{FromEngine, ToEngine};

use super::keymap::{Action, Context, Key};
use super::model::{Model, Tone, is_too_small};
use super::theme::Theme;

/// Something that happened, and when.
#[derive(Clone, Debug)]
pub struct Msg {
    /// The wall clock.
    pub now: DateTime<Utc>,
    /// What.
    pub event: Event,
}

/// What happened.
#[derive(Clone, Debug)]
pub enum Event {
    /// A key was pressed.
    Key(Key),
    /// The mouse did something.
    Mouse(MouseEvent),
    /// Text was pasted.
    Paste(String),
    /// The terminal has another size.
    Resize(u16, u16),
    /// The terminal got or lost the focus.
    Focus(bool),
    /// Time went on.
    Tick,
    /// A signal asks to stop for a while.
    Suspend,
    /// The process goes on after a stop, or a repaint is due.
    Resumed,
    /// A message through the door.
    Engine(Box<FromEngine>),
    /// The engine was reached.
    Connected,
    /// The engine can't be reached; the next try is in so many seconds.
    Disconnected {
        /// Seconds until then.
        retry_s: u64,
        /// Why.
        why: String,
    },
    /// A theme file changed: all themes as they are now.
    Themes(Vec<Theme>),
    /// A theme was kept for the next start, or could not be.
    ThemeKept {
        /// Its name.
        theme: String,
        /// The error is one sentence.
        outcome: Result<(), String>,
    },
    /// A signal asks to leave, or the input ended.
    Quit,
}

/// What update asks the world for.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// A message to the engine.
    Send(ToEngine),
    /// Text for the terminal's clipboard.
    Copy(String),
    /// Leave.
    Quit {
        /// Stop the engine, too.
        stop_engine: bool,
    },
    /// Give the terminal back until the process goes on.
    Suspend,
    /// Draw everything again.
    Repaint,
    /// Switch mouse reporting.
    Mouse(bool),
    /// Remember a theme by its name.
    SaveTheme(String),
    /// Start the engine that is gone.
    StartEngine,
}

/// Takes one message in.
pub fn update(model: &mut Model, msg: Msg) -> Vec<Effect> {
    let minute = model.now.minute() != msg.now.minute();
    model.now = msg.now;
    model.dirty = true;
    if minute {
        model.fresh.clear();
    }
    let effects = if is_too_small(model.size) { blind(model, msg.event) } else { take(model, msg.event) };
    model.hold_selection();
    if model.day.is_some() {
        model.show_day();
    }
    effects
}

/// What a person does while nothing but the way out is shown: leaving is all that is done, with the engine going on. An
/// open question waits for the eyes it is meant for.
fn blind(model: &mut Model, event: Event) -> Vec<Effect> {
    match event {
        Event::Key(key) => {
            let leaves = model.keymap.find(&[Context::Global], key) == Some(Action::Quit);
            if leaves || key == Key::LEAVES { vec![Effect::Quit { stop_engine: false }] } else { Vec::new() }
        }
        Event::Paste(_) | Event::Mouse(_) => Vec::new(),
        other => take(model, other),
    }
}

fn take(model: &mut Model, event: Event) -> Vec<Effect> {
    match event {
        Event::Key(key) => input::key(model, key),
        Event::Paste(text) => input::paste(model, &text),
        Event::Mouse(event) => mouse::mouse(model, event),
        Event::Resize(width, height) => {
            model.size = (width, height);
            Vec::new()
        }
        Event::Focus(focused) => {
            model.focused = focused;
            Vec::new()
        }
        Event::Tick => Vec::new(),
        Event::Suspend => vec![Effect::Suspend],
        Event::Resumed => {
            // What happened meanwhile was dropped, not kept: ask for everything.
            let mut effects = vec![Effect::Repaint];
            if model.is_live() {
                effects.push(Effect::Send(ToEngine::Resync));
            }
            effects
        }
        Event::Engine(message) => door::message(model, *message),
        Event::Connected => door::connected(model),
        Event::Disconnected { retry_s, why } => door::closed(model, retry_s, why),
        Event::Themes(themes) => {
            let name = model.themes.get(model.theme).map(|t| t.name.clone()).unwrap_or_default();
            model.theme = Theme::find(&themes, &name);
            model.themes = themes;
            Vec::new()
        }
        Event::ThemeKept { theme, outcome } => {
            match outcome {
                Ok(()) => model.say(Tone::Said, format!("theme {theme}, kept in hourwire.toml")),
                Err(why) => model.say(Tone::Trouble, format!("theme {theme} until you leave: {why}")),
            }
            Vec::new()
        }
        Event::Quit => vec![Effect::Quit { stop_engine: false }],
    }
}

fn send(messages: impl IntoIterator<Item = ToEngine>) -> Vec<Effect> {
    messages.into_iter().map(Effect::Send).collect()
}

fn refuse(model: &mut Model, why: impl Into<String>) -> Vec<Effect> {
    model.say(Tone::Trouble, why);
    Vec::new()
}
