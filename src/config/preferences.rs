//! What the dashboard remembers for its next start, kept where a person would write it: `[ui]` of `hourwire.toml`. One
//! value changes, every other byte of the file stays. It must not write a file that could not be read back.

use std::path::Path;

use toml_edit::{DocumentMut, Item, Table, Value};

use super::error::ConfigError;
use super::file;
use super::paths::SETTINGS;

/// Makes a theme the one of the next start. A file that is not there, has mistakes or can't be written stays as it is.
pub fn keep_theme(config_dir: &Path, theme: &str) -> Result<(), ConfigError> {
    let path = config_dir.join(SETTINGS);
    let Some(found) = file::read(&path, SETTINGS)? else {
        return Err(ConfigError::about(SETTINGS, "is not there", "write it as the README shows"));
    };
    let text = with_theme(&found.text, theme)?;
    if text == found.text {
        return Ok(());
    }
    file::replace(&path, text.as_bytes(), None).map_err(|error| {
        let cure = format!("write theme = \"{theme}\" into its [ui] yourself");
        ConfigError::about(SETTINGS, format!("can't be written: {error}"), cure)
    })
}

/// The text with another theme.
fn with_theme(text: &str, theme: &str) -> Result<String, ConfigError> {
    // The library writes plain newlines only; a file with the other kind gets them back.
    if text.contains("\r\n") {
        return Ok(with_theme(&text.replace("\r\n", "\n"), theme)?.replace('\n', "\r\n"));
    }
    let mut document = text.parse::<DocumentMut>().map_err(|error| {
        let offset = error.span().map_or(0, |span| span.start);
        let what = format!("not TOML: {}", error.message().trim());
        ConfigError::at(SETTINGS, text, offset, what, "mend it, then choose the theme again")
    })?;
    if !document.contains_key("ui") {
        // At the end and as lines of its own, so that no other table moves.
        let gap = if text.is_empty() { "" } else { "\n" };
        let end = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
        return Ok(format!("{text}{end}{gap}[ui]\ntheme = {}\n", Value::from(theme)));
    }
    let fresh = || Item::Table(Table::new());
    let Some(ui) = document.entry("ui").or_insert_with(fresh).as_table_like_mut() else {
        return Err(ConfigError::about(SETTINGS, "`ui` is no table", "make it [ui]"));
    };
    match ui.get_mut("theme").and_then(Item::as_value_mut) {
        Some(value) => {
            let mut new = Value::from(theme);
            // A comment behind the value belongs to it.
            *new.decor_mut() = value.decor().clone();
            *value = new;
        }
        None => {
            ui.insert("theme", toml_edit::value(theme));
        }
    }
    Ok(document.to_string())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::config::Settings;

    const FILE: &str = "# mine\n[toggl.main] # the only one\ntoken_env = \"T\"\n";

    #[test]
    fn one_value_changes_and_every_other_byte_stays() {
        for (before, after) in [
            ("", "[ui]\ntheme = \"nord\"\n".to_owned()),
            (FILE, format!("{FILE}\n[ui]\ntheme = \"nord\"\n")),
            ("a = 1 # no end", "a = 1 # no end\n\n[ui]\ntheme = \"nord\"\n".to_owned()),
            ("[ui] # look\n", "[ui] # look\ntheme = \"nord\"\n".to_owned()),
            (
                "[ui]\n# which?\n  theme   =  'light' # for the morning\nmouse = false\n\n# end\n",
                "[ui]\n# which?\n  theme   =  \"nord\" # for the morning\nmouse = false\n\n# end\n"
                    .to_owned(),
            ),
            ("ui.theme = \"light\"\n# x\n", "ui.theme = \"nord\"\n# x\n".to_owned()),
            ("ui = { mouse = false }\n", "ui = { mouse = false , theme = \"nord\" }\n".to_owned()),
            ("# a\r\n[ui]\r\ntheme = \"light\"\r\n", "# a\r\n[ui]\r\ntheme = \"nord\"\r\n".to_owned()),
        ] {
            let kept = with_theme(before, "nord").unwrap();
            let squeeze = |text: &str| text.replace(' ', "");
            assert_eq!(squeeze(&kept), squeeze(&after));
            assert_eq!(with_theme(&kept, "nord").unwrap(), kept);
        }
    }

    #[test]
    fn the_next_start_reads_it_and_the_mode_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(SETTINGS);
        fs::write(&path, FILE).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        keep_theme(folder.path(), "high-contrast").unwrap();
        let settings = Settings::load(folder.path()).unwrap().unwrap();
        assert_eq!(settings.ui.theme, "high-contrast");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(fs::read_to_string(&path).unwrap().starts_with(FILE));
    }

    #[test]
    fn a_file_with_mistakes_or_without_a_file_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let error = keep_theme(folder.path(), "nord").unwrap_err().to_string();
        assert!(error.contains("is not there"), "{error}");
        let path = folder.path().join(SETTINGS);
        fs::write(&path, "[ui\n").unwrap();
        let error = keep_theme(folder.path(), "nord").unwrap_err().to_string();
        assert!(error.starts_with("hourwire.toml:1:") && error.contains("not TOML"), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "[ui\n");
    }
}
