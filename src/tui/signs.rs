//! The signs of the screen and their ASCII forms. One pass over the finished frame replaces them, so that panes know
//! only one set; where two signs share a column but not a meaning, the pane is told which set is on.

use ratatui::buffer::Buffer;
use unicode_width::UnicodeWidthStr;

use crate::domain::health::SubState;

/// The sign of a subscription's state.
pub fn subscription(state: SubState) -> &'static str {
    match state {
        SubState::Active => "●",
        SubState::Pending => "◌",
        SubState::NotValidated => "!",
        SubState::Disabled | SubState::DisabledByFailures | SubState::DisabledByPlan | SubState::Off => "×",
        SubState::Drifted => "≠",
        SubState::Silent => "?",
        SubState::Unknown => "·",
    }
}

/// Twelve values as a line of bars, scaled to the highest; nothing at all is a flat line.
pub fn sparkline(values: &[u32]) -> String {
    bars(values, 1)
}

/// Latencies in tenths of a second as bars, and what their full height is: a second at least, so that a tenth looks like
/// a tenth.
pub fn latencies(values: &[u32], ascii: bool) -> String {
    const SECOND: u32 = 10;
    let top = values.iter().copied().max().unwrap_or(0).max(SECOND).div_ceil(SECOND);
    if values.is_empty() {
        String::new()
    } else {
        format!("{} {}{top}s", bars(values, top * SECOND), most(ascii))
    }
}

/// `≤` as it is written where only ASCII is: one sign for one would say less than.
pub fn most(ascii: bool) -> &'static str {
    if ascii { "<=" } else { "≤" }
}

fn bars(values: &[u32], least: u32) -> String {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let top = values.iter().copied().max().unwrap_or(0).max(least);
    values.iter().map(|v| BARS[((u64::from(*v) * 7).div_ceil(u64::from(top))).min(7) as usize]).collect()
}

/// The ASCII form of a character of ours; others are asked for by the caller.
fn ascii(c: char) -> Option<char> {
    Some(match c {
        '━' | '═' => '=',
        '─' | '╍' | '–' | '—' | '›' => '-',
        '│' | '┃' => '|',
        '┬' | '┴' | '├' | '┤' | '┼' => '+',
        '┊' => ':',
        '╺' => '[',
        '╸' => ']',
        '╶' => '(',
        '╴' => ')',
        '╳' => 'X',
        '·' => '.',
        '▸' | '→' => '>',
        '←' => '<',
        '≤' => '<',
        '●' => '*',
        '◌' | '≈' | '…' => '~',
        '×' => 'x',
        '≠' => '#',
        '▁' => '0',
        '▂' => '1',
        '▃' => '2',
        '▄' => '3',
        '▅' => '4',
        '▆' => '5',
        '▇' => '6',
        '█' => '7',
        '“' | '”' => '"',
        '‘' | '’' => '\'',
        _ => return None,
    })
}

/// Replaces everything outside ASCII in a frame: signs by their forms, foreign letters by `?`.
pub fn to_ascii(buf: &mut Buffer) {
    for cell in &mut buf.content {
        let symbol = cell.symbol();
        if symbol.is_ascii() {
            continue;
        }
        let wide = symbol.width() > 1;
        let c = symbol.chars().next().and_then(ascii).unwrap_or('?');
        if wide {
            cell.set_symbol("? ");
        }
        cell.set_char(c);
    }
}

#[cfg(test)]
mod tests {
    use ratatui::layout::Rect;

    use super::*;

    #[test]
    fn a_tenth_of_a_second_looks_like_a_tenth() {
        assert_eq!(latencies(&[0, 1, 1, 0], false), "▁▂▂▁ ≤1s");
        assert_eq!(latencies(&[10, 5], false), "█▅ ≤1s");
        assert_eq!(latencies(&[31, 3], true), "▇▂ <=4s");
        assert_eq!(latencies(&[], false), "");
    }

    #[test]
    fn nothing_outside_ascii_is_left() {
        let mut buf = Buffer::empty(Rect::new(0, 0, 20, 1));
        buf.set_string(0, 0, "━╺╍▸│ ● é 宽 ▁█ …", ratatui::style::Style::new());
        to_ascii(&mut buf);
        let line: String = buf.content.iter().map(|c| c.symbol()).collect();
        assert!(line.is_ascii(), "{line}");
        assert!(line.starts_with("=[->| * ? ?"), "{line}");
    }

    #[test]
    fn bars_scale_to_the_highest() {
        assert_eq!(sparkline(&[0, 1, 7, 14]), "▁▂▅█");
        assert_eq!(sparkline(&[0, 0]), "▁▁");
    }
}
