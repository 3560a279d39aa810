//! Theme files: roles with their colours, free of any terminal. The themes of `themes/` are compiled in; a person's own
//! in the config folder win.

pub mod color;
mod read;
pub mod role;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

pub use color::{Color, ColorSpec};
pub use role::{Attributes, Role, RoleStyle};

use super::error::{ConfigError, Mistakes};
use super::file;
use super::paths::THEMES;

/// The theme where none is chosen: the terminal's own colours.
pub const DEFAULT: &str = "terminal";

/// The themes compiled in, by name, in the order in which they are offered.
pub const BUILT_IN: [(&str, &str); 10] = [
    (DEFAULT, include_str!("../../../themes/terminal.toml")),
    ("light", include_str!("../../../themes/light.toml")),
    ("dark", include_str!("../../../themes/dark.toml")),
    ("high-contrast", include_str!("../../../themes/high-contrast.toml")),
    ("mono", include_str!("../../../themes/mono.toml")),
    ("catppuccin-latte", include_str!("../../../themes/catppuccin-latte.toml")),
    ("catppuccin-mocha", include_str!("../../../themes/catppuccin-mocha.toml")),
    ("gruvbox", include_str!("../../../themes/gruvbox.toml")),
    ("nord", include_str!("../../../themes/nord.toml")),
    ("solarized", include_str!("../../../themes/solarized.toml")),
];

/// A theme as its file has it, with every role filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThemeFile {
    /// The file's name without `.toml`.
    pub name: String,
    /// One line about it.
    pub about: String,
    /// Whether it is a person's own.
    pub own: bool,
    /// How each role looks.
    pub roles: BTreeMap<Role, RoleStyle>,
}

impl ThemeFile {
    /// How a role looks.
    pub fn style(&self, role: Role) -> RoleStyle {
        self.roles.get(&role).copied().unwrap_or_default()
    }

    /// Reads a theme. What it leaves out comes from `base`.
    pub fn parse(name: &str, label: &str, text: &str, base: Option<&Self>) -> Result<Self, Mistakes> {
        let (about, roles) = read::theme(label, text)?;
        let mut all = base.map(|base| base.roles.clone()).unwrap_or_default();
        all.extend(roles);
        Ok(Self { name: name.to_owned(), about, own: false, roles: all })
    }
}

/// Every theme there is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Themes {
    themes: Vec<ThemeFile>,
}

impl Themes {
    /// The compiled-in themes.
    pub fn built_in() -> Self {
        let parse = |(name, text): (&str, &str)| {
            ThemeFile::parse(name, &format!("themes/{name}.toml"), text, None).ok()
        };
        Self { themes: BUILT_IN.into_iter().filter_map(parse).collect() }
    }

    /// The compiled-in themes and a person's own. A broken file of a person is told and left out; a compiled-in theme of
    /// its name stays.
    pub fn load(config_dir: &Path) -> (Self, Vec<ConfigError>) {
        let mut themes = Self::built_in();
        let mut mistakes = Vec::new();
        let folder = config_dir.join(THEMES);
        for name in own_names(&folder) {
            let label = format!("{THEMES}/{name}.toml");
            match file::read(&folder.join(format!("{name}.toml")), &label) {
                Ok(Some(file)) => match themes.add(&name, &label, &file.text) {
                    Ok(()) => {}
                    Err(found) => mistakes.extend(found.0),
                },
                Ok(None) => {}
                Err(error) => mistakes.push(error),
            }
        }
        (themes, mistakes)
    }

    /// Adds or replaces a person's theme. What it leaves out comes from the theme it `inherits`, else from the
    /// compiled-in one of its name, else from `terminal`.
    pub fn add(&mut self, name: &str, label: &str, text: &str) -> Result<(), Mistakes> {
        let built_in = Self::built_in();
        let names: Vec<&str> = built_in.names().collect();
        let wanted = read::inherits(label, text, &names)?;
        let base = wanted.as_deref().or_else(|| names.contains(&name).then_some(name)).unwrap_or(DEFAULT);
        let theme = ThemeFile { own: true, ..ThemeFile::parse(name, label, text, built_in.get(base))? };
        match self.themes.iter_mut().find(|old| old.name == name) {
            Some(old) => *old = theme,
            None => self.themes.push(theme),
        }
        Ok(())
    }

    /// A theme by name.
    pub fn get(&self, name: &str) -> Option<&ThemeFile> {
        self.themes.iter().find(|theme| theme.name == name)
    }

    /// All names: the compiled-in ones first, then a person's.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.themes.iter().map(|theme| theme.name.as_str())
    }

    /// All themes in that order.
    pub fn iter(&self) -> impl Iterator<Item = &ThemeFile> {
        self.themes.iter()
    }
}

/// The names of the theme files of a folder, sorted.
pub(super) fn own_names(folder: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut names: Vec<String> = entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.strip_suffix(".toml").map(str::to_owned))
        .filter(|name| !name.starts_with('.'))
        .collect();
    names.sort();
    names
}

#[cfg(test)]
mod tests;
