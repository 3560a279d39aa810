//! The roles of a theme: what a colour means. Panes name roles, themes give them colours.

use super::color::ColorSpec;

macro_rules! roles {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// What a piece of the screen means.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Role {
            $($(#[$doc])* $variant,)*
        }

        impl Role {
            /// All roles.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The name in a theme file.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }
    };
}

roles! {
    /// Text; its `bg` is the background of the screen and of every role without one.
    Fg = "fg",
    /// Text that matters less.
    Muted = "muted",
    /// Text that is right and needs no look.
    Faint = "faint",
    /// What is pointed at: the now-line, sparklines.
    Accent = "accent",
    /// Text on an accent background.
    AccentFg = "accent_fg",
    /// Text of the selected row.
    SelectionFg = "selection_fg",
    /// Background of the selected row.
    SelectionBg = "selection_bg",
    /// Rules and dividers.
    Border = "border",
    /// The rule of the focused region.
    BorderFocus = "border_focus",
    /// The title of the focused region.
    Title = "title",
    /// Well.
    Ok = "ok",
    /// News without weight.
    Info = "info",
    /// Needs a look.
    Warn = "warn",
    /// Went wrong.
    Error = "error",
    /// On its way.
    Pending = "pending",
    /// Too old to be believed.
    Stale = "stale",
    /// A running timer.
    Running = "running",
    /// The status header.
    Header = "header",
    /// Background of every other row.
    Zebra = "zebra",
    /// The letters or words that matched.
    Match = "match",
    /// A key in the footer.
    Key = "key",
    /// A meter with room.
    MeterLow = "meter_low",
    /// A meter that reaches what is kept.
    MeterMid = "meter_mid",
    /// A meter with nothing left.
    MeterHigh = "meter_high",
}

impl Role {
    /// The role of a name in a theme file.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|role| role.as_str() == name)
    }

    /// Whether a bare colour of this role is a background.
    pub fn is_background(self) -> bool {
        matches!(self, Self::SelectionBg | Self::Zebra)
    }
}

/// What a terminal can do beside colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Attributes {
    /// Bold.
    pub bold: bool,
    /// Dim.
    pub dim: bool,
    /// Underlined.
    pub underline: bool,
    /// Foreground and background exchanged.
    pub reverse: bool,
}

/// How a role looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RoleStyle {
    /// Foreground; `None` leaves what is there.
    pub fg: Option<ColorSpec>,
    /// Background; `None` leaves what is there.
    pub bg: Option<ColorSpec>,
    /// Attributes, with any number of colours.
    pub attributes: Attributes,
    /// Attributes instead, without colours; `None`: as the theme `mono` has the role.
    pub mono: Option<Attributes>,
}
