//! The frame: five bands in their order. Reads the model, changes nothing of it, and hands back what was drawn where.

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::keymap::{Action, Key};
use super::model::{Model, SMALLEST, is_too_small};
use super::paint::{Drawn, Paint};
use super::{panes, signs, widgets};

/// Draws the model.
pub fn view(model: &Model, frame: &mut Frame<'_>) -> Drawn {
    let drawn = draw(model, frame.buffer_mut());
    if let Some(cursor) = drawn.cursor {
        frame.set_cursor_position(cursor);
    }
    drawn
}

/// Draws the model into a buffer.
pub fn draw(model: &Model, buf: &mut Buffer) -> Drawn {
    let mut drawn = Drawn::default();
    let styles = model.styles();
    let area = buf.area;
    buf.set_style(area, styles.fg);
    let mut p = Paint::new(buf, area, &styles, &mut drawn);
    if is_too_small((area.width, area.height)) {
        too_small(model, &mut p);
    } else {
        bands(model, &mut p);
        widgets::help::draw(model, &mut p);
        widgets::palette::draw(model, &mut p);
    }
    if model.ascii {
        signs::to_ascii(buf);
    }
    drawn
}

fn bands(model: &Model, p: &mut Paint<'_>) {
    let (w, h) = (p.w(), p.h());
    widgets::header::draw(model, &mut p.part(0, 0, w, 1));
    // A sentence that does not fit takes rows from the body, never from what it says.
    let say = widgets::price::rows(model).min(h.saturating_sub(8)).max(1);
    let body = Rect { x: 0, y: 1, width: w, height: h - 2 - say };
    panes::draw(model, &mut p.part(body.x, body.y, body.width, body.height));
    widgets::price::draw(model, &mut p.part(0, h - 1 - say, w, say));
    widgets::footer::draw(model, &mut p.part(0, h - 1, w, 1));
}

fn too_small(model: &Model, p: &mut Paint<'_>) {
    let (w, h) = (p.w(), p.h());
    if w == 0 || h == 0 {
        return;
    }
    let key = model.keymap.shown(Action::Quit).unwrap_or_else(|| Key::LEAVES.to_string());
    let parts =
        [format!("needs {}×{}", SMALLEST.0, SMALLEST.1), format!("has {w}×{h}"), format!("{key} leaves")];
    let whole = format!("{}, {} · {}", parts[0], parts[1], parts[2]);
    // Where they do not fit side by side, the way out stands on a row of its own, and first where there is one row.
    let lines = match h {
        _ if super::text::width(&whole) <= w => vec![whole],
        1 => vec![parts[2].clone()],
        2 => vec![parts[0].clone(), parts[2].clone()],
        _ => parts.to_vec(),
    };
    let style = p.s.warn;
    let top = h.saturating_sub(lines.len() as u16) / 2;
    for (y, line) in (top..h).zip(&lines) {
        let wide = super::text::width(line).min(w);
        p.cell((w - wide) / 2, y, w, line, style);
    }
}
