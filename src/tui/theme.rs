//! Themes as styles: roles in, ratatui styles out, reduced once to what the terminal can show. Panes name roles,
//! never colours.

use ratatui::style::{Color, Modifier, Style};

/// How many colours may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Depth {
    /// No colour: meaning by bold, dim, reverse, underline and signs.
    Mono,
    /// The terminal's own 16.
    Ansi,
    /// The 256 of the xterm palette.
    Indexed,
    /// 24 bits.
    True,
}

/// What `--color` says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ColorChoice {
    /// What the terminal says it can.
    #[default]
    Auto,
    /// Colour even with `NO_COLOR`, or where the terminal says nothing.
    Always,
    /// None.
    Never,
}

impl Depth {
    /// The depth from `--color` and the variables `NO_COLOR`, `TERM` and `COLORTERM`.
    pub fn detect(choice: ColorChoice, var: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name: &str| var(name).filter(|v| !v.is_empty());
        let term = set("TERM").unwrap_or_default();
        let found = match set("COLORTERM").as_deref() {
            Some("truecolor" | "24bit") => Self::True,
            _ if term.contains("256color") => Self::Indexed,
            _ => Self::Ansi,
        };
        match choice {
            ColorChoice::Never => Self::Mono,
            ColorChoice::Always => found,
            ColorChoice::Auto if set("NO_COLOR").is_some() || term == "dumb" => Self::Mono,
            ColorChoice::Auto => found,
        }
    }
}

macro_rules! styles {
    ($($(#[$doc:meta])* $field:ident = $role:literal,)*) => {
        /// A style per role.
        #[derive(Clone, Debug, Default, PartialEq, Eq)]
        pub struct Styles {
            $($(#[$doc])* pub $field: Style,)*
        }

        impl Styles {
            /// Builds all styles from what a theme says about each role.
            pub fn build(mut role: impl FnMut(&str) -> Style) -> Self {
                Self { $($field: role($role),)* }
            }
        }

        /// The names of all roles.
        pub const ROLES: &[&str] = &[$($role),*];
    };
}

styles! {
    /// Plain text; its ground is the screen's.
    fg = "fg",
    /// Less important text.
    muted = "muted",
    /// What is right and needs no eyes.
    faint = "faint",
    /// What the eye should find.
    accent = "accent",
    /// Text on accent ground.
    accent_fg = "accent_fg",
    /// The bar of the focused selection.
    selection = "selection",
    /// Light rules and dividers.
    border = "border",
    /// The heavy rule.
    border_focus = "border_focus",
    /// Titles of focused regions.
    title = "title",
    /// Good.
    ok = "ok",
    /// To know.
    info = "info",
    /// To look at.
    warn = "warn",
    /// Broken.
    error = "error",
    /// Under way.
    pending = "pending",
    /// Old or estimated.
    stale = "stale",
    /// A running timer.
    running = "running",
    /// The tag in the header.
    header = "header",
    /// Every other row, where a theme wants it.
    zebra = "zebra",
    /// Letters that matched.
    matched = "match",
    /// Key names.
    key = "key",
    /// A calm meter.
    meter_low = "meter_low",
    /// A meter whose ghost touches what is kept.
    meter_mid = "meter_mid",
    /// An empty bucket.
    meter_high = "meter_high",
}

/// A theme ready to draw with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Theme {
    /// Its name.
    pub name: String,
    /// Its styles, already reduced to the terminal's depth.
    pub styles: Styles,
}

impl Theme {
    /// The built-in fallback: the terminal's own 16 colours, or attributes only.
    pub fn plain(depth: Depth) -> Self {
        let styles = if depth == Depth::Mono { Styles::build(mono) } else { Styles::build(ansi) };
        let name = if depth == Depth::Mono { "mono" } else { "terminal" };
        Self { name: name.to_owned(), styles }
    }
}

fn mono(role: &str) -> Style {
    let style = Style::new();
    match role {
        "title" | "header" | "key" | "running" | "match" | "warn" | "error" => {
            style.add_modifier(Modifier::BOLD)
        }
        "muted" | "faint" | "border" | "stale" => style.add_modifier(Modifier::DIM),
        "selection" => style.add_modifier(Modifier::REVERSED),
        "accent" => style.add_modifier(Modifier::UNDERLINED),
        _ => style,
    }
}

fn ansi(role: &str) -> Style {
    let style = Style::new();
    match role {
        "muted" | "border" => style.add_modifier(Modifier::DIM),
        "faint" | "stale" => style.fg(Color::DarkGray),
        "accent" | "border_focus" | "match" => style.fg(Color::Cyan),
        "accent_fg" => style.fg(Color::Black).bg(Color::Cyan),
        "selection" => style.add_modifier(Modifier::REVERSED),
        "title" => style.fg(Color::Cyan).add_modifier(Modifier::BOLD),
        "ok" | "meter_low" => style.fg(Color::Green),
        "info" | "pending" => style.fg(Color::Blue),
        "warn" | "meter_mid" => style.fg(Color::Yellow),
        "error" | "meter_high" => style.fg(Color::Red),
        "running" => style.fg(Color::Green).add_modifier(Modifier::BOLD),
        "header" | "key" => style.add_modifier(Modifier::BOLD),
        _ => style,
    }
}

/// The nearest colour that a depth can show.
pub fn reduce(color: Color, depth: Depth) -> Color {
    match (color, depth) {
        (_, Depth::Mono) => Color::Reset,
        (Color::Rgb(r, g, b), Depth::Indexed) => Color::Indexed(nearest_indexed(r, g, b)),
        (Color::Rgb(r, g, b), Depth::Ansi) => nearest_ansi(r, g, b),
        (Color::Indexed(n), Depth::Ansi) if n >= 16 => {
            let (r, g, b) = indexed_rgb(n);
            nearest_ansi(r, g, b)
        }
        (other, _) => other,
    }
}

/// A style whose colours a depth can show.
pub fn reduce_style(style: Style, depth: Depth) -> Style {
    Style {
        fg: style.fg.map(|c| reduce(c, depth)),
        bg: style.bg.map(|c| reduce(c, depth)),
        underline_color: None,
        ..style
    }
}

const CUBE: [u8; 6] = [0, 95, 135, 175, 215, 255];

fn indexed_rgb(n: u8) -> (u8, u8, u8) {
    if n >= 232 {
        let grey = 8 + 10 * (n - 232);
        return (grey, grey, grey);
    }
    let n = usize::from(n.saturating_sub(16));
    (CUBE[n / 36 % 6], CUBE[n / 6 % 6], CUBE[n % 6])
}

fn distance(a: (u8, u8, u8), b: (u8, u8, u8)) -> i32 {
    let square = |x: u8, y: u8| (i32::from(x) - i32::from(y)).pow(2);
    // The eye is most exact in green.
    2 * square(a.0, b.0) + 4 * square(a.1, b.1) + 3 * square(a.2, b.2)
}

fn nearest_indexed(r: u8, g: u8, b: u8) -> u8 {
    (16..=255).min_by_key(|n| distance(indexed_rgb(*n), (r, g, b))).unwrap_or(15)
}

fn nearest_ansi(r: u8, g: u8, b: u8) -> Color {
    const PALETTE: [(Color, (u8, u8, u8)); 16] = [
        (Color::Black, (0, 0, 0)),
        (Color::Red, (205, 0, 0)),
        (Color::Green, (0, 205, 0)),
        (Color::Yellow, (205, 205, 0)),
        (Color::Blue, (0, 0, 238)),
        (Color::Magenta, (205, 0, 205)),
        (Color::Cyan, (0, 205, 205)),
        (Color::Gray, (229, 229, 229)),
        (Color::DarkGray, (127, 127, 127)),
        (Color::LightRed, (255, 0, 0)),
        (Color::LightGreen, (0, 255, 0)),
        (Color::LightYellow, (255, 255, 0)),
        (Color::LightBlue, (92, 92, 255)),
        (Color::LightMagenta, (255, 0, 255)),
        (Color::LightCyan, (0, 255, 255)),
        (Color::White, (255, 255, 255)),
    ];
    PALETTE.iter().min_by_key(|(_, rgb)| distance(*rgb, (r, g, b))).map_or(Color::Reset, |(color, _)| *color)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn depth(choice: ColorChoice, vars: &[(&str, &str)]) -> Depth {
        Depth::detect(choice, |name| vars.iter().find(|(k, _)| *k == name).map(|(_, v)| (*v).to_owned()))
    }

    #[test]
    fn depth_follows_the_environment_and_the_option() {
        use ColorChoice::*;
        let rich = [("TERM", "xterm-256color"), ("COLORTERM", "truecolor")];
        assert_eq!(depth(Auto, &rich), Depth::True);
        assert_eq!(depth(Auto, &rich[..1]), Depth::Indexed);
        assert_eq!(depth(Auto, &[("TERM", "linux")]), Depth::Ansi);
        assert_eq!(depth(Auto, &[("TERM", "dumb")]), Depth::Mono);
        assert_eq!(depth(Auto, &[rich[0], rich[1], ("NO_COLOR", "1")]), Depth::Mono);
        assert_eq!(depth(Auto, &[rich[0], rich[1], ("NO_COLOR", "")]), Depth::True);
        assert_eq!(depth(Always, &[rich[0], ("NO_COLOR", "1")]), Depth::Indexed);
        assert_eq!(depth(Never, &rich), Depth::Mono);
    }

    #[test]
    fn colours_come_down_to_the_nearest() {
        assert_eq!(reduce(Color::Rgb(255, 0, 0), Depth::Indexed), Color::Indexed(196));
        assert_eq!(reduce(Color::Rgb(129, 129, 128), Depth::Indexed), Color::Indexed(244));
        assert_eq!(reduce(Color::Rgb(0, 200, 10), Depth::Ansi), Color::Green);
        assert_eq!(reduce(Color::Indexed(3), Depth::Ansi), Color::Indexed(3));
        assert_eq!(reduce(Color::Red, Depth::Mono), Color::Reset);
    }

    #[test]
    fn mono_has_no_colour_but_marks_the_selection() {
        let styles = Theme::plain(Depth::Mono).styles;
        assert!(styles.selection.add_modifier.contains(Modifier::REVERSED));
        assert_eq!(styles.warn.fg, None);
    }
}
