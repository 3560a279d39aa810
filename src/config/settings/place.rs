//! Where a setting stands in its file, for mistakes that show only when it is used.

use std::path::Path;

use toml::de::DeTable;

use crate::config::error::ConfigError;
use crate::config::file;
use crate::config::paths::SETTINGS;

/// A mistake about `key` in the table under `tables`, with the line it stands in; without the key the line of the
/// table, and of nothing when the file has changed meanwhile.
pub fn mistake(config_dir: &Path, tables: &[&str], key: &str, what: &str, cure: &str) -> ConfigError {
    let text = file::read(&config_dir.join(SETTINGS), SETTINGS).ok().flatten().map(|file| file.text);
    let found = text.as_deref().and_then(|text| Some((text, offset(text, tables, key)?)));
    match found {
        Some((text, offset)) => ConfigError::at(SETTINGS, text, offset, what, cure),
        None => ConfigError::about(SETTINGS, what, cure),
    }
}

fn offset(text: &str, tables: &[&str], key: &str) -> Option<usize> {
    let (root, _) = DeTable::parse_recoverable(text);
    let mut table = root.get_ref();
    let mut start = None;
    for name in tables {
        let value = table.get(*name)?;
        start = Some(value.span().start);
        table = value.get_ref().as_table()?;
    }
    table.get(key).map(|value| value.span().start).or(start)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistake_found_late_still_has_its_line() {
        let folder = tempfile::tempdir().unwrap();
        let told =
            || mistake(folder.path(), &["clockify", "mirror"], "listen", "it is taken", "").to_string();
        assert_eq!(told(), "hourwire.toml: it is taken");
        std::fs::write(folder.path().join(SETTINGS), "[a]\n[clockify.mirror]\nx = 1\n").unwrap();
        assert_eq!(told(), "hourwire.toml:2:1: it is taken");
        std::fs::write(folder.path().join(SETTINGS), "[a]\n[clockify.mirror]\nlisten = 1\n").unwrap();
        assert_eq!(told(), "hourwire.toml:3:10: it is taken");
    }
}
