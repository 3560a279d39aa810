//! `mapping.toml`: read into [`Mapping`] with a line for every mistake, and edited without touching what is not meant.
//! Whether a mapping fits the services' catalogues is not decided here.

mod edit;
mod lines;
mod read;

use std::io;
use std::path::Path;

pub use edit::{EditError, apply};

use super::document::nearest;
use super::error::{ConfigError, Mistakes};
use super::file;
use super::paths::{MAPPING, hex_digest};
use super::settings::Settings;
use crate::domain::mapping::Mapping;

/// The file as it stood at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MappingFile {
    /// Its text; empty when there is no file.
    pub text: String,
    /// What it says.
    pub parsed: Mapping,
    /// The first 16 hex digits of the text's SHA-256.
    pub version: String,
}

impl MappingFile {
    /// Reads `mapping.toml` of a config folder; no file reads as a blank one.
    pub fn load(config_dir: &Path) -> Result<Self, Mistakes> {
        let file = file::read(&config_dir.join(MAPPING), MAPPING)?;
        Self::parse(file.map(|file| file.text).unwrap_or_default())
    }

    /// Reads a mapping from text.
    pub fn parse(text: String) -> Result<Self, Mistakes> {
        let parsed = read::mapping(&text)?;
        let version = version(&text);
        Ok(Self { text, parsed, version })
    }

    /// Whether there is not a word in it. A person who wants no links says so with a comment line: a file that is gone or
    /// cut off says nothing.
    pub fn is_blank(&self) -> bool {
        self.text.trim().is_empty()
    }

    /// Names in the mapping that are no account of the settings, or one of the other side. They do no harm (nothing of
    /// theirs is routed), so they are for showing, not for refusing.
    pub fn strangers(&self, settings: &Settings) -> Vec<ConfigError> {
        let sources: Vec<&str> = settings.toggl.keys().map(|account| account.as_str()).collect();
        let targets: Vec<&str> = settings.clockify.keys().map(|account| account.as_str()).collect();
        read::names(&self.text)
            .into_iter()
            .filter_map(|(offset, name, side)| {
                let (known, role) = match side {
                    read::Side::Source => (&sources, "source"),
                    read::Side::Target => (&targets, "target"),
                };
                if known.contains(&name.as_str()) {
                    return None;
                }
                let cure = match nearest(&name, known.iter().copied()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("the {role} accounts of hourwire.toml are: {}", known.join(", ")),
                };
                let what = format!("`{name}` is no {role} account");
                Some(ConfigError::at(MAPPING, &self.text, offset, what, cure))
            })
            .collect()
    }
}

/// The version of a text: the first 16 hex digits of its SHA-256.
pub fn version(text: &str) -> String {
    hex_digest(text.as_bytes())[..16].to_owned()
}

/// Replaces `mapping.toml` atomically, keeping its mode (0644 for a new one: it holds no secret).
pub fn save(config_dir: &Path, text: &str) -> io::Result<()> {
    let path = config_dir.join(MAPPING);
    let mode = if path.exists() { None } else { Some(0o644) };
    file::replace(&path, text.as_bytes(), mode)
}

#[cfg(test)]
mod tests;
