//! Colours as a theme file writes them, and what becomes of them on a terminal with fewer.

/// One colour. `Ansi` is one of the 16 of the terminal's own palette: 0–7 plain, 8–15 bright.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Color {
    /// The terminal's own foreground or background.
    Default,
    /// One of the palette's 16.
    Ansi(u8),
    /// One of the indexed 256.
    Indexed(u8),
    /// 24 bit.
    Rgb(u8, u8, u8),
}

/// The names of the plain eight, in the palette's order.
const NAMES: [&str; 8] = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"];

/// The usual values of the 16, for finding the nearest; a person's palette may differ.
const PALETTE: [(u8, u8, u8); 16] = [
    (0, 0, 0),
    (205, 0, 0),
    (0, 205, 0),
    (205, 205, 0),
    (0, 0, 238),
    (205, 0, 205),
    (0, 205, 205),
    (229, 229, 229),
    (127, 127, 127),
    (255, 0, 0),
    (0, 255, 0),
    (255, 255, 0),
    (92, 92, 255),
    (255, 0, 255),
    (0, 255, 255),
    (255, 255, 255),
];

/// The steps of the 6×6×6 cube.
const STEPS: [u8; 6] = [0, 95, 135, 175, 215, 255];

impl Color {
    /// Reads `default`, a name, `bright-` and a name, `color-208` or `#rrggbb`.
    pub fn parse(text: &str) -> Option<Self> {
        if text == "default" {
            return Some(Self::Default);
        }
        if let Some(hex) = text.strip_prefix('#') {
            let value =
                u32::from_str_radix(hex, 16).ok().filter(|_| hex.len() == 6 && !hex.starts_with('+'))?;
            let [_, r, g, b] = value.to_be_bytes();
            return Some(Self::Rgb(r, g, b));
        }
        if let Some(index) = text.strip_prefix("color-") {
            return index.parse().ok().map(Self::Indexed);
        }
        let (name, first) = text.strip_prefix("bright-").map_or((text, 0), |name| (name, 8));
        let place = NAMES.iter().position(|known| *known == name)?;
        Some(Self::Ansi(place as u8 + first))
    }

    /// Every name that [`Color::parse`] knows, for suggestions.
    pub fn names() -> Vec<String> {
        let bright = NAMES.iter().map(|name| format!("bright-{name}"));
        NAMES.iter().map(|name| (*name).to_owned()).chain(bright).chain(["default".to_owned()]).collect()
    }

    /// Red, green and blue, where the terminal's palette has no say.
    pub fn rgb(self) -> Option<(u8, u8, u8)> {
        match self {
            Self::Rgb(r, g, b) => Some((r, g, b)),
            Self::Indexed(n) if n >= 232 => {
                let grey = 8 + 10 * (n - 232);
                Some((grey, grey, grey))
            }
            Self::Indexed(n) if n >= 16 => {
                let n = usize::from(n - 16);
                Some((STEPS[n / 36], STEPS[n / 6 % 6], STEPS[n % 6]))
            }
            Self::Default | Self::Ansi(_) | Self::Indexed(_) => None,
        }
    }

    /// The nearest of the 256, by cube or grey ramp.
    pub fn to_256(self) -> Self {
        let Self::Rgb(r, g, b) = self else { return self };
        let wanted = (r, g, b);
        let nearest = (16..=255_u8)
            .map(Self::Indexed)
            .min_by_key(|c| c.rgb().map_or(u32::MAX, |c| distance(c, wanted)));
        nearest.unwrap_or(self)
    }

    /// The nearest of the 16.
    pub fn to_16(self) -> Self {
        if let Self::Indexed(n @ 0..=15) = self {
            return Self::Ansi(n);
        }
        let Some(wanted) = self.rgb() else { return self };
        let nearest = (0..16_u8).min_by_key(|n| distance(PALETTE[usize::from(*n)], wanted));
        nearest.map_or(self, Self::Ansi)
    }
}

/// Squared distance, weighted by how the eye sees the three.
fn distance(a: (u8, u8, u8), b: (u8, u8, u8)) -> u32 {
    let square = |a: u8, b: u8| u32::from(a.abs_diff(b)).pow(2);
    2 * square(a.0, b.0) + 4 * square(a.1, b.1) + 3 * square(a.2, b.2)
}

/// A colour with what a person chose for terminals with fewer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ColorSpec {
    /// The colour.
    pub full: Color,
    /// Instead, on 256 colours.
    pub c256: Option<Color>,
    /// Instead, on 16 colours.
    pub c16: Option<Color>,
}

impl ColorSpec {
    /// A colour without a choice for fewer.
    pub fn new(full: Color) -> Self {
        Self { full, c256: None, c16: None }
    }

    /// What is drawn on 256 colours.
    pub fn on_256(&self) -> Color {
        self.c256.unwrap_or_else(|| self.full.to_256())
    }

    /// What is drawn on 16 colours.
    pub fn on_16(&self) -> Color {
        self.c16.unwrap_or_else(|| self.c256.unwrap_or(self.full).to_16())
    }
}

#[cfg(test)]
mod tests {
    use super::{Color, ColorSpec};

    #[test]
    fn every_form_is_read() {
        assert_eq!(Color::parse("default"), Some(Color::Default));
        assert_eq!(Color::parse("cyan"), Some(Color::Ansi(6)));
        assert_eq!(Color::parse("bright-black"), Some(Color::Ansi(8)));
        assert_eq!(Color::parse("color-208"), Some(Color::Indexed(208)));
        assert_eq!(Color::parse("#d08770"), Some(Color::Rgb(0xd0, 0x87, 0x70)));
        for wrong in ["", "#fff", "#+12345", "color-256", "color-", "bright-default", "Red", "#gggggg"] {
            assert_eq!(Color::parse(wrong), None, "{wrong}");
        }
        assert!(Color::names().iter().all(|name| Color::parse(name).is_some()));
    }

    #[test]
    fn fewer_colours_are_the_nearest_ones() {
        assert_eq!(Color::Rgb(255, 135, 0).to_256(), Color::Indexed(208));
        assert_eq!(Color::Rgb(0x08, 0x08, 0x08).to_256(), Color::Indexed(232));
        assert_eq!(Color::Rgb(250, 10, 10).to_16(), Color::Ansi(9));
        assert_eq!(Color::Indexed(3).to_16(), Color::Ansi(3));
        assert_eq!(Color::Default.to_16(), Color::Default);
        let chosen = ColorSpec { c16: Some(Color::Ansi(3)), ..ColorSpec::new(Color::Rgb(0xd0, 0x87, 0x70)) };
        assert_eq!(chosen.on_16(), Color::Ansi(3));
        assert_eq!(chosen.on_256(), Color::Indexed(173));
    }
}
