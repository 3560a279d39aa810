//! Themes as styles: a theme file's roles turned into ratatui styles, reduced once to what the terminal can show.
//! Panes name roles, never colours.

use ratatui::style::{Color, Modifier, Style};

use crate::config::settings::Color as Choice;
use crate::config::theme::{self as files, Attributes, ColorSpec, Role, RoleStyle, ThemeFile, Themes};

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

impl Depth {
    /// The depth from the settings or `--color` and the variables `NO_COLOR`, `TERM` and `COLORTERM`.
    pub fn detect(choice: Choice, var: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name: &str| var(name).filter(|v| !v.is_empty());
        let term = set("TERM").unwrap_or_default();
        let found = match set("COLORTERM").as_deref() {
            Some("truecolor" | "24bit") => Self::True,
            _ if term.contains("256color") => Self::Indexed,
            _ => Self::Ansi,
        };
        match choice {
            Choice::Auto if set("NO_COLOR").is_some() || term == "dumb" => Self::Mono,
            Choice::Auto | Choice::Always => found,
            Choice::Never => Self::Mono,
            Choice::Sixteen => Self::Ansi,
            Choice::Indexed => Self::Indexed,
            Choice::True => Self::True,
        }
    }
}

/// Whether the ASCII set is needed: a console font lacks the half lines, another locale the letters.
pub fn needs_ascii(var: impl Fn(&str) -> Option<String>) -> bool {
    let set = |name: &str| var(name).filter(|v| !v.is_empty());
    if matches!(set("TERM").as_deref(), Some("linux" | "dumb")) {
        return true;
    }
    let locale = set("LC_ALL").or_else(|| set("LC_CTYPE")).or_else(|| set("LANG")).unwrap_or_default();
    let locale = locale.to_lowercase();
    !(locale.contains("utf-8") || locale.contains("utf8"))
}

macro_rules! styles {
    ($($(#[$doc:meta])* $field:ident = $role:ident,)*) => {
        /// A style per role.
        #[derive(Clone, Debug, Default, PartialEq, Eq)]
        pub struct Styles {
            /// The bar of the focused selection.
            pub selection: Style,
            $($(#[$doc])* pub $field: Style,)*
        }

        impl Styles {
            fn build(role: impl Fn(Role) -> Style) -> Self {
                // Dim text would sink in the bar.
                let bar = role(Role::SelectionFg).patch(ground(role(Role::SelectionBg)));
                Self { selection: bar.remove_modifier(Modifier::DIM), $($field: role(Role::$role),)* }
            }
        }
    };
}

styles! {
    /// Plain text; its ground is the screen's.
    fg = Fg,
    /// Less important text.
    muted = Muted,
    /// What is right and needs no eyes.
    faint = Faint,
    /// What the eye should find.
    accent = Accent,
    /// Light rules and dividers.
    border = Border,
    /// The heavy rule.
    border_focus = BorderFocus,
    /// Titles of focused regions.
    title = Title,
    /// Good.
    ok = Ok,
    /// To know.
    info = Info,
    /// To look at.
    warn = Warn,
    /// Broken.
    error = Error,
    /// Under way.
    pending = Pending,
    /// Old or estimated.
    stale = Stale,
    /// A running timer.
    running = Running,
    /// The tag in the header.
    header = Header,
    /// Letters that matched.
    matched = Match,
    /// Key names.
    key = Key,
    /// A calm meter.
    meter_low = MeterLow,
    /// A meter whose ghost touches what is kept.
    meter_mid = MeterMid,
    /// An empty bucket.
    meter_high = MeterHigh,
}

/// Only the ground of a style; a default ground leaves what is there.
fn ground(style: Style) -> Style {
    Style { bg: style.bg.filter(|c| *c != Color::Reset), fg: None, ..style }
}

/// A theme ready to draw with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Theme {
    /// Its name.
    pub name: String,
    /// One line about it.
    pub about: String,
    /// Its styles, already reduced to the terminal's depth.
    pub styles: Styles,
}

impl Theme {
    /// A theme file's styles at a depth; `mono` says how roles look where a theme does not and colours are off.
    pub fn new(file: &ThemeFile, mono: Option<&ThemeFile>, depth: Depth) -> Self {
        let role = |role: Role| {
            let said = file.style(role);
            match depth {
                Depth::Mono => {
                    let plain = mono.map(|m| m.style(role).attributes).unwrap_or_default();
                    attributes(Style::new(), said.mono.unwrap_or(plain))
                }
                depth => style(said, role, depth),
            }
        };
        Self { name: file.name.clone(), about: file.about.clone(), styles: Styles::build(role) }
    }

    /// All themes at a depth. Without colour they all look alike, so there is one.
    pub fn all(themes: &Themes, depth: Depth) -> Vec<Self> {
        let mono = themes.get("mono");
        if depth == Depth::Mono {
            return mono.map(|file| Self::new(file, mono, depth)).into_iter().collect();
        }
        themes.iter().map(|file| Self::new(file, mono, depth)).collect()
    }

    /// Where a theme stands in a list, else where the default stands.
    pub fn find(themes: &[Self], name: &str) -> usize {
        let at = |name: &str| themes.iter().position(|t| t.name == name);
        at(name).or_else(|| at(files::DEFAULT)).unwrap_or(0)
    }
}

fn style(said: RoleStyle, role: Role, depth: Depth) -> Style {
    let color = |spec: ColorSpec| {
        color(match depth {
            Depth::True => spec.full,
            Depth::Indexed => spec.on_256(),
            Depth::Ansi | Depth::Mono => spec.on_16(),
        })
    };
    let mut style = attributes(Style::new(), said.attributes);
    style.fg = said.fg.map(color);
    style.bg = said.bg.map(color);
    // A default text colour of a selection must still replace the row's own colours.
    if role == Role::SelectionFg && style.fg.is_none() {
        style.fg = Some(Color::Reset);
    }
    style
}

fn attributes(mut style: Style, said: Attributes) -> Style {
    for (on, modifier) in [
        (said.bold, Modifier::BOLD),
        (said.dim, Modifier::DIM),
        (said.underline, Modifier::UNDERLINED),
        (said.reverse, Modifier::REVERSED),
    ] {
        if on {
            style = style.add_modifier(modifier);
        }
    }
    style
}

fn color(color: files::Color) -> Color {
    const PLAIN: [Color; 16] = [
        Color::Black,
        Color::Red,
        Color::Green,
        Color::Yellow,
        Color::Blue,
        Color::Magenta,
        Color::Cyan,
        Color::Gray,
        Color::DarkGray,
        Color::LightRed,
        Color::LightGreen,
        Color::LightYellow,
        Color::LightBlue,
        Color::LightMagenta,
        Color::LightCyan,
        Color::White,
    ];
    match color {
        files::Color::Default => Color::Reset,
        files::Color::Ansi(n) => PLAIN[usize::from(n % 16)],
        files::Color::Indexed(n) => Color::Indexed(n),
        files::Color::Rgb(r, g, b) => Color::Rgb(r, g, b),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn depth(choice: Choice, vars: &[(&str, &str)]) -> Depth {
        Depth::detect(choice, |name| vars.iter().find(|(k, _)| *k == name).map(|(_, v)| (*v).to_owned()))
    }

    #[test]
    fn depth_follows_the_environment_and_the_option() {
        use Choice::{Always, Auto, Never, Sixteen};
        let rich = [("TERM", "xterm-256color"), ("COLORTERM", "truecolor")];
        assert_eq!(depth(Auto, &rich), Depth::True);
        assert_eq!(depth(Auto, &rich[..1]), Depth::Indexed);
        assert_eq!(depth(Auto, &[("TERM", "linux")]), Depth::Ansi);
        assert_eq!(depth(Auto, &[("TERM", "dumb")]), Depth::Mono);
        assert_eq!(depth(Auto, &[rich[0], rich[1], ("NO_COLOR", "1")]), Depth::Mono);
        assert_eq!(depth(Auto, &[rich[0], rich[1], ("NO_COLOR", "")]), Depth::True);
        assert_eq!(depth(Always, &[rich[0], ("NO_COLOR", "1")]), Depth::Indexed);
        assert_eq!(depth(Never, &rich), Depth::Mono);
        assert_eq!(depth(Sixteen, &rich), Depth::Ansi);
    }

    #[test]
    fn ascii_is_chosen_for_consoles_and_other_locales() {
        let ascii = |vars: &'static [(&str, &str)]| {
            needs_ascii(|name| vars.iter().find(|(k, _)| *k == name).map(|(_, v)| (*v).to_owned()))
        };
        assert!(!ascii(&[("TERM", "xterm"), ("LANG", "C.UTF-8")]));
        assert!(ascii(&[("TERM", "linux"), ("LANG", "C.UTF-8")]));
        assert!(ascii(&[("TERM", "xterm"), ("LANG", "en_US.UTF-8"), ("LC_ALL", "C")]));
    }

    #[test]
    fn every_theme_keeps_to_the_depth_and_shows_a_selection() {
        let themes = Themes::built_in();
        for depth in [Depth::Mono, Depth::Ansi, Depth::Indexed, Depth::True] {
            for theme in Theme::all(&themes, depth) {
                let s = &theme.styles;
                for style in [s.fg, s.muted, s.accent, s.warn, s.error, s.selection, s.meter_low] {
                    for color in [style.fg, style.bg].into_iter().flatten() {
                        let fits = match color {
                            Color::Reset => true,
                            Color::Rgb(..) => depth == Depth::True,
                            Color::Indexed(_) => depth >= Depth::Indexed,
                            _ => depth >= Depth::Ansi,
                        };
                        assert!(fits, "{} at {depth:?}: {color:?}", theme.name);
                    }
                }
                let seen = s.selection.add_modifier.contains(Modifier::REVERSED)
                    || (s.selection.bg.is_some() && s.selection.bg != s.fg.bg);
                assert!(seen, "{} at {depth:?}: {:?}", theme.name, s.selection);
            }
        }
    }
}
