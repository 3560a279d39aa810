//! Keys and pasted text: a text field that has the focus comes first, then the contexts from the inside out.

use crossterm::event::{KeyCode, KeyModifiers};
use tui_input::{Input, InputRequest};

use super::super::keymap::{Action, Key, blocked, contexts};
use super::super::model::{Drawer, List, Model, Palette};
use super::mapping::ask_price;
use super::{Effect, act, jump, lists, refuse, send};

/// The longest text a field takes.
const FIELD: usize = 200;

/// One key.
pub fn key(model: &mut Model, key: Key) -> Vec<Effect> {
    model.fresh.clear();
    // Leaving must work in any state.
    if key == Key::LEAVES {
        return act::leave(model);
    }
    if model.question.is_none() {
        if model.help {
            return help(model, key);
        }
        if model.palette.is_some() {
            return palette(model, key);
        }
        if model.typing.is_some() {
            return filter(model, key);
        }
        if picker_types(model) {
            return search(model, key);
        }
    }
    match model.keymap.find(&contexts(model), key) {
        Some(action) => perform(model, action),
        // Any other key answers a question with no.
        None if model.question.is_some() => act::perform(model, Action::Refuse),
        None => Vec::new(),
    }
}

/// Does an action, or says why it can't be done now.
pub fn perform(model: &mut Model, action: Action) -> Vec<Effect> {
    match blocked(model, action) {
        Some(reason) => refuse(model, reason),
        None => act::perform(model, action),
    }
}

/// Pasted text goes into the field that has the focus; it is never taken for keys.
pub fn paste(model: &mut Model, text: &str) -> Vec<Effect> {
    let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(FIELD).collect();
    let insert = |input: &mut Input| {
        for c in text.chars() {
            if input.value().len() < FIELD {
                input.handle(InputRequest::InsertChar(c));
            }
        }
    };
    if model.palette.is_some() {
        if let Some(palette) = &mut model.palette {
            insert(&mut palette.input);
        }
        return palette_changed(model);
    }
    if let Some(input) = &mut model.typing {
        insert(input);
        return filter_changed(model);
    }
    if let Some(Drawer::Picker(picker)) = &mut model.drawer
        && let Some(input) = &mut picker.typing
    {
        insert(input);
        return search_changed(model);
    }
    Vec::new()
}

fn picker_types(model: &Model) -> bool {
    model.in_drawer && matches!(&model.drawer, Some(Drawer::Picker(p)) if p.typing.is_some())
}

/// What a key does to a line of text; `None` when it is not an editing key.
fn edit(key: Key) -> Option<InputRequest> {
    use InputRequest::*;
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    Some(match key.code {
        KeyCode::Backspace => DeletePrevChar,
        KeyCode::Delete => DeleteNextChar,
        KeyCode::Left => GoToPrevChar,
        KeyCode::Right => GoToNextChar,
        KeyCode::Home => GoToStart,
        KeyCode::End => GoToEnd,
        KeyCode::Char('a') if control => GoToStart,
        KeyCode::Char('e') if control => GoToEnd,
        KeyCode::Char('h') if control => DeletePrevChar,
        KeyCode::Char('w') if control => DeletePrevWord,
        KeyCode::Char('u') if control => DeleteLine,
        KeyCode::Char('k') if control => DeleteTillEnd,
        _ => InsertChar(key.typed()?),
    })
}

fn type_into(input: &mut Input, key: Key) -> bool {
    match edit(key) {
        Some(InputRequest::InsertChar(_)) if input.value().len() >= FIELD => false,
        Some(request) => {
            let before = input.value().to_owned();
            input.handle(request);
            input.value() != before
        }
        None => false,
    }
}

fn filter(model: &mut Model, key: Key) -> Vec<Effect> {
    match key.code {
        KeyCode::Enter => {
            model.typing = None;
            Vec::new()
        }
        KeyCode::Esc => {
            model.typing = None;
            lists::set_filter(model, "")
        }
        KeyCode::Down | KeyCode::Up => {
            model.typing = None;
            act::step(model, if key.code == KeyCode::Down { 1 } else { -1 })
        }
        // A second slash: all entries, from wherever this is.
        KeyCode::Char('/') if model.typing.as_ref().is_some_and(|t| t.value().is_empty()) => {
            model.typing = None;
            let effects = jump::entries(model);
            model.typing = Some(Input::default());
            effects
        }
        _ => {
            let changed = model.typing.as_mut().is_some_and(|input| type_into(input, key));
            if changed { filter_changed(model) } else { Vec::new() }
        }
    }
}

fn filter_changed(model: &mut Model) -> Vec<Effect> {
    let text = model.typing.as_ref().map_or("", |t| t.value()).to_owned();
    lists::set_filter(model, &text)
}

fn search(model: &mut Model, key: Key) -> Vec<Effect> {
    match key.code {
        KeyCode::Esc => {
            if let Some(Drawer::Picker(picker)) = &mut model.drawer {
                picker.typing = None;
            }
            search_changed(model)
        }
        KeyCode::Enter => perform(model, Action::Link),
        KeyCode::Down => act::step(model, 1),
        KeyCode::Up => act::step(model, -1),
        KeyCode::Tab => perform(model, Action::OtherTarget),
        _ => {
            let changed = match &mut model.drawer {
                Some(Drawer::Picker(p)) => p.typing.as_mut().is_some_and(|input| type_into(input, key)),
                _ => false,
            };
            if changed { search_changed(model) } else { Vec::new() }
        }
    }
}

/// Letters re-rank the list; the first candidate stays selected until a person moves.
fn search_changed(model: &mut Model) -> Vec<Effect> {
    model.rank();
    model.select(List::Drawer, 0);
    ask_price(model)
}

fn palette(model: &mut Model, key: Key) -> Vec<Effect> {
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    match key.code {
        KeyCode::Esc => {
            model.palette = None;
            Vec::new()
        }
        KeyCode::Enter => act::run_choice(model),
        KeyCode::Down | KeyCode::Tab => palette_step(model, 1),
        KeyCode::Up | KeyCode::BackTab => palette_step(model, -1),
        KeyCode::Char('n') if control => palette_step(model, 1),
        KeyCode::Char('p') if control => palette_step(model, -1),
        KeyCode::PageDown => palette_step(model, 10),
        KeyCode::PageUp => palette_step(model, -10),
        _ => {
            let changed = model.palette.as_mut().is_some_and(|p| type_into(&mut p.input, key));
            if changed { palette_changed(model) } else { Vec::new() }
        }
    }
}

fn palette_step(model: &mut Model, by: isize) -> Vec<Effect> {
    let at = model.selected(List::Palette).saturating_add_signed(by);
    model.select(List::Palette, at);
    Vec::new()
}

fn palette_changed(model: &mut Model) -> Vec<Effect> {
    if let Some(mut palette) = model.palette.take() {
        palette.rank(model);
        model.palette = Some(palette);
    }
    model.select(List::Palette, 0);
    Vec::new()
}

/// Opens the palette with so much typed.
pub fn open_palette(model: &mut Model, typed: &str) -> Vec<Effect> {
    model.palette = Some(Palette::open(model, typed));
    model.select(List::Palette, 0);
    Vec::new()
}

fn help(model: &mut Model, key: Key) -> Vec<Effect> {
    use super::super::keymap::Context;
    let page = model.drawn.windows.get(&List::Help).map_or(10, |(_, rows)| *rows);
    let at = model.selected(List::Help);
    match model.keymap.find(&[Context::List, Context::Global], key) {
        Some(Action::Down) => model.select(List::Help, at + 1),
        Some(Action::Up) => model.select(List::Help, at.saturating_sub(1)),
        Some(Action::PageDown) => model.select(List::Help, at + page),
        Some(Action::PageUp) => model.select(List::Help, at.saturating_sub(page)),
        Some(Action::Top) => model.select(List::Help, 0),
        Some(Action::Bottom) => model.select(List::Help, usize::MAX),
        Some(Action::Suspend) => return vec![Effect::Suspend],
        Some(Action::Repaint) => return vec![Effect::Repaint],
        _ => model.help = false,
    }
    send([])
}
