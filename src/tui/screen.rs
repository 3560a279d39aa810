//! The bytes of a frame: a ratatui backend that remembers what the terminal already knows and sends only the rest.
//!
//! It differs from the crossterm backend in what a slow link feels: colour, attributes and cursor are carried from
//! frame to frame (a ticking digit costs about 25 bytes instead of 53), a frame leaves in one write inside a
//! synchronized update, and a frame without a change sends nothing. It never asks the terminal a question, so
//! `Terminal::resize` can't wait for an answer that competes with the event stream. It must not know what is drawn.

use std::io::{self, Write};

use ratatui::backend::{Backend, ClearType, WindowSize};
use ratatui::buffer::Cell;
use ratatui::layout::{Position, Size};
use ratatui::style::{Color, Modifier};
use unicode_width::UnicodeWidthStr;

/// Room for a whole frame, so that it leaves in one write.
const FRAME_BYTES: usize = 64 * 1024;
const BEGIN: &[u8] = b"\x1b[?2026h";
const END: &[u8] = b"\x1b[?2026l";

/// Where the size of the screen comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// Asked of the terminal.
    Terminal,
    /// Columns and rows, for tests and dumps.
    Fixed(u16, u16),
}

/// A backend that writes to `W`.
#[derive(Debug)]
pub struct Screen<W: Write> {
    out: W,
    frame: Vec<u8>,
    extent: Extent,
    at: Option<Position>,
    fg: Color,
    bg: Color,
    modifier: Modifier,
    cursor_shown: bool,
}

impl<W: Write> Screen<W> {
    /// A screen on a writer. The terminal is taken to be in its default style with the cursor shown.
    pub fn new(out: W, extent: Extent) -> Self {
        Self {
            out,
            frame: Vec::with_capacity(FRAME_BYTES),
            extent,
            at: None,
            fg: Color::Reset,
            bg: Color::Reset,
            modifier: Modifier::empty(),
            cursor_shown: true,
        }
    }

    /// Forgets what the terminal is taken to know; after another program had it.
    pub fn forget(&mut self) {
        self.at = None;
        self.cursor_shown = true;
        self.frame.clear();
        self.push(b"\x1b[m");
        (self.fg, self.bg, self.modifier) = (Color::Reset, Color::Reset, Modifier::empty());
    }

    /// Sends bytes that do not draw (a clipboard sequence, mouse capture) at once.
    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.out.write_all(bytes)?;
        self.out.flush()
    }

    /// Changes a fixed size.
    pub fn set_extent(&mut self, extent: Extent) {
        self.extent = extent;
    }

    /// The writer.
    pub fn writer(&self) -> &W {
        &self.out
    }

    /// The writer, to change it.
    pub fn writer_mut(&mut self) -> &mut W {
        &mut self.out
    }

    fn push(&mut self, bytes: &[u8]) {
        if self.frame.is_empty() {
            self.frame.extend_from_slice(BEGIN);
        }
        self.frame.extend_from_slice(bytes);
    }

    fn move_to(&mut self, x: u16, y: u16) {
        let target = Position { x, y };
        let sequence = match self.at {
            Some(at) if at == target => return,
            Some(at) if at.y == y && at.x < x => match x - at.x {
                1 => "\x1b[C".to_owned(),
                n => format!("\x1b[{n}C"),
            },
            _ => format!("\x1b[{};{}H", y + 1, x + 1),
        };
        self.push(sequence.as_bytes());
        self.at = Some(target);
    }

    fn style(&mut self, fg: Color, bg: Color, modifier: Modifier) {
        if (fg, bg, modifier) == (self.fg, self.bg, self.modifier) {
            return;
        }
        if (fg, bg, modifier) == (Color::Reset, Color::Reset, Modifier::empty()) {
            self.push(b"\x1b[m");
        } else {
            let mut codes = String::new();
            modifier_codes(self.modifier, modifier, &mut codes);
            if fg != self.fg {
                color_codes(fg, 30, &mut codes);
            }
            if bg != self.bg {
                color_codes(bg, 40, &mut codes);
            }
            codes.pop();
            self.push(format!("\x1b[{codes}m").as_bytes());
        }
        (self.fg, self.bg, self.modifier) = (fg, bg, modifier);
    }
}

/// The codes from one set of attributes to another, each followed by `;`.
fn modifier_codes(from: Modifier, to: Modifier, codes: &mut String) {
    let intensity = Modifier::BOLD | Modifier::DIM;
    let mut have = from;
    if !(from & intensity).difference(to).is_empty() {
        codes.push_str("22;");
        have.remove(intensity);
    }
    for (flag, off) in [
        (Modifier::ITALIC, "23;"),
        (Modifier::UNDERLINED, "24;"),
        (Modifier::REVERSED, "27;"),
        (Modifier::CROSSED_OUT, "29;"),
    ] {
        if have.contains(flag) && !to.contains(flag) {
            codes.push_str(off);
        }
    }
    for (flag, on) in [
        (Modifier::BOLD, "1;"),
        (Modifier::DIM, "2;"),
        (Modifier::ITALIC, "3;"),
        (Modifier::UNDERLINED, "4;"),
        (Modifier::REVERSED, "7;"),
        (Modifier::CROSSED_OUT, "9;"),
    ] {
        if to.contains(flag) && !have.contains(flag) {
            codes.push_str(on);
        }
    }
}

/// The code of a colour on a base of 30 (text) or 40 (ground), followed by `;`.
fn color_codes(color: Color, base: u16, codes: &mut String) {
    let named = |n: u16| if n < 8 { base + n } else { base + 52 + n };
    let code = match color {
        Color::Reset => (base + 9).to_string(),
        Color::Black => named(0).to_string(),
        Color::Red => named(1).to_string(),
        Color::Green => named(2).to_string(),
        Color::Yellow => named(3).to_string(),
        Color::Blue => named(4).to_string(),
        Color::Magenta => named(5).to_string(),
        Color::Cyan => named(6).to_string(),
        Color::Gray => named(7).to_string(),
        Color::DarkGray => named(8).to_string(),
        Color::LightRed => named(9).to_string(),
        Color::LightGreen => named(10).to_string(),
        Color::LightYellow => named(11).to_string(),
        Color::LightBlue => named(12).to_string(),
        Color::LightMagenta => named(13).to_string(),
        Color::LightCyan => named(14).to_string(),
        Color::White => named(15).to_string(),
        Color::Indexed(n) => format!("{};5;{n}", base + 8),
        Color::Rgb(r, g, b) => format!("{};2;{r};{g};{b}", base + 8),
    };
    codes.push_str(&code);
    codes.push(';');
}

impl<W: Write> Backend for Screen<W> {
    type Error = io::Error;

    fn draw<'a, I>(&mut self, content: I) -> io::Result<()>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        let width = self.size()?.width;
        for (x, y, cell) in content {
            self.move_to(x, y);
            self.style(cell.fg, cell.bg, cell.modifier);
            let symbol = cell.symbol();
            self.push(symbol.as_bytes());
            // Only a single narrow character moves the cursor by one in every terminal.
            let certain = symbol.chars().nth(1).is_none() && symbol.width() == 1;
            self.at = (certain && x + 1 < width).then_some(Position { x: x + 1, y });
        }
        Ok(())
    }

    fn hide_cursor(&mut self) -> io::Result<()> {
        if self.cursor_shown {
            self.push(b"\x1b[?25l");
            self.cursor_shown = false;
        }
        Ok(())
    }

    fn show_cursor(&mut self) -> io::Result<()> {
        if !self.cursor_shown {
            self.push(b"\x1b[?25h");
            self.cursor_shown = true;
        }
        Ok(())
    }

    fn get_cursor_position(&mut self) -> io::Result<Position> {
        Ok(self.at.unwrap_or_default())
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> io::Result<()> {
        let Position { x, y } = position.into();
        self.move_to(x, y);
        Ok(())
    }

    fn clear(&mut self) -> io::Result<()> {
        self.style(Color::Reset, Color::Reset, Modifier::empty());
        self.push(b"\x1b[2J");
        Ok(())
    }

    fn clear_region(&mut self, region: ClearType) -> io::Result<()> {
        self.style(Color::Reset, Color::Reset, Modifier::empty());
        self.push(match region {
            ClearType::All => b"\x1b[2J".as_slice(),
            ClearType::AfterCursor => b"\x1b[J",
            ClearType::BeforeCursor => b"\x1b[1J",
            ClearType::CurrentLine => b"\x1b[2K",
            ClearType::UntilNewLine => b"\x1b[K",
        });
        Ok(())
    }

    fn size(&self) -> io::Result<Size> {
        let (width, height) = match self.extent {
            Extent::Terminal => crossterm::terminal::size()?,
            Extent::Fixed(width, height) => (width, height),
        };
        Ok(Size { width, height })
    }

    fn window_size(&mut self) -> io::Result<WindowSize> {
        Ok(WindowSize { columns_rows: self.size()?, pixels: Size::default() })
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.frame.is_empty() {
            return Ok(());
        }
        self.frame.extend_from_slice(END);
        let sent = self.out.write_all(&self.frame).and_then(|()| self.out.flush());
        self.frame.clear();
        sent
    }
}

#[cfg(test)]
mod tests {
    use ratatui::Terminal;
    use ratatui::style::{Style, Stylize};
    use ratatui::text::{Line, Span};

    use super::*;

    fn terminal() -> Terminal<Screen<Vec<u8>>> {
        Terminal::new(Screen::new(Vec::new(), Extent::Fixed(40, 4))).unwrap()
    }

    fn bytes(terminal: &mut Terminal<Screen<Vec<u8>>>, line: Line<'_>) -> Vec<u8> {
        terminal.draw(|f| f.render_widget(line, f.area())).unwrap();
        std::mem::take(terminal.backend_mut().writer_mut())
    }

    #[test]
    fn an_unchanged_frame_sends_nothing_and_a_digit_little() {
        let mut t = terminal();
        let line = |s: &str| Line::from(vec!["a ".bold(), Span::styled(s.to_owned(), Style::new().green())]);
        assert!(!bytes(&mut t, line("0:00:01")).is_empty());
        assert_eq!(bytes(&mut t, line("0:00:01")).len(), 0);
        let tick = bytes(&mut t, line("0:00:02"));
        assert!(tick.len() <= 28, "{} bytes: {:?}", tick.len(), String::from_utf8_lossy(&tick));
    }

    #[test]
    fn what_arrives_is_what_was_drawn() {
        let mut t = terminal();
        let mut parser = vt100::Parser::new(4.try_into().unwrap(), 40.try_into().unwrap(), 0);
        parser.process(&bytes(&mut t, Line::from(vec!["one".bold(), " two".reversed(), " 宽 ok".into()])));
        parser.process(&bytes(&mut t, Line::from(vec!["one".dim(), " two".into(), " 宽 no".red()])));
        let screen = parser.screen();
        assert_eq!(screen.contents().trim_end(), "one two 宽 no");
        assert!(!screen.cell(0, 0).unwrap().bold());
        assert!(!screen.cell(0, 5).unwrap().inverse());
        assert_eq!(screen.cell(0, 11).unwrap().fgcolor(), vt100::Color::Idx(1));
    }
}
