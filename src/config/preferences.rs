//! What a person chooses on the screen and wants kept, put where they would write it: into `hourwire.toml`. One value
//! changes, every other byte of the file stays. It must not write a file that could not be read back.

use std::path::Path;

use secrecy::{ExposeSecret, SecretString};
use toml_edit::{DocumentMut, Item, Table, Value};

use super::error::ConfigError;
use super::file;
use super::paths::SETTINGS;
use crate::domain::id::Account;

/// Makes a theme the one of the next start. A file that is not there, has mistakes or can't be written stays as it is.
pub fn keep_theme(config_dir: &Path, theme: &str) -> Result<(), ConfigError> {
    let path = config_dir.join(SETTINGS);
    let Some(found) = file::read(&path, SETTINGS)? else {
        return Err(ConfigError::about(SETTINGS, "is not there", "write it as the README shows"));
    };
    let text = edited(&found.text, |text| with_theme(text, theme))?;
    let cure = format!("write theme = \"{theme}\" into its [ui] yourself");
    write(&path, &found.text, &text, &cure)
}

/// Replaces the plain token of an account. The file's mode stays; it was closed to others, or the start was refused.
pub fn keep_token(config_dir: &Path, account: &Account, token: &SecretString) -> Result<(), ConfigError> {
    let path = config_dir.join(SETTINGS);
    let Some(found) = file::read(&path, SETTINGS)? else {
        return Err(ConfigError::about(SETTINGS, "is not there", "write it as the README shows"));
    };
    let text = edited(&found.text, |text| with_token(text, account, token))?;
    write(&path, &found.text, &text, "write the new token into it yourself")
}

fn with_token(text: &str, account: &Account, token: &SecretString) -> Result<String, ConfigError> {
    let mut document = parse(text)?;
    let value = ["toggl", "clockify"].into_iter().find_map(|service| {
        let accounts = document.get(service)?.as_table_like()?;
        accounts.get(account.as_str())?.as_table_like()?.get("token")?.as_value()?;
        Some(service)
    });
    let value = value.and_then(|service| {
        document[service]
            .as_table_like_mut()?
            .get_mut(account.as_str())?
            .as_table_like_mut()?
            .get_mut("token")
    });
    match value.and_then(Item::as_value_mut) {
        Some(value) => set(value, token.expose_secret()),
        None => {
            let what = format!("has no plain token of `{account}`");
            return Err(ConfigError::about(SETTINGS, what, "renew it where it comes from"));
        }
    }
    Ok(document.to_string())
}

fn write(path: &Path, before: &str, text: &str, cure: &str) -> Result<(), ConfigError> {
    if text == before {
        return Ok(());
    }
    file::replace(path, text.as_bytes(), None)
        .map_err(|error| ConfigError::about(SETTINGS, format!("can't be written: {error}"), cure))
}

fn parse(text: &str) -> Result<DocumentMut, ConfigError> {
    text.parse::<DocumentMut>().map_err(|error| {
        let offset = error.span().map_or(0, |span| span.start);
        let what = format!("not TOML: {}", error.message().trim());
        ConfigError::at(SETTINGS, text, offset, what, "mend it, then choose again")
    })
}

/// Another value; a comment behind it stays.
fn set(value: &mut Value, text: &str) {
    let mut new = Value::from(text);
    *new.decor_mut() = value.decor().clone();
    *value = new;
}

/// An edit of the text. The library writes plain newlines only; a file with the other kind gets them back.
fn edited(text: &str, edit: impl FnOnce(&str) -> Result<String, ConfigError>) -> Result<String, ConfigError> {
    if text.contains("\r\n") {
        return Ok(edit(&text.replace("\r\n", "\n"))?.replace('\n', "\r\n"));
    }
    edit(text)
}

fn with_theme(text: &str, theme: &str) -> Result<String, ConfigError> {
    let mut document = parse(text)?;
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
        Some(value) => set(value, theme),
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
            let with_theme = |text: &str| edited(text, |text| with_theme(text, "nord"));
            let kept = with_theme(before).unwrap();
            let squeeze = |text: &str| text.replace(' ', "");
            assert_eq!(squeeze(&kept), squeeze(&after));
            assert_eq!(with_theme(&kept).unwrap(), kept);
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
    fn a_plain_token_is_replaced_where_it_stands() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(SETTINGS);
        let text =
            "[toggl.main]\ntoken = \"old\" # from the profile page\n\n[clockify.mirror]\ntoken_env = \"K\"\n";
        fs::write(&path, text).unwrap();
        keep_token(folder.path(), &"main".into(), &"n3w".into()).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), text.replace("\"old\"", "\"n3w\""));
        let error = keep_token(folder.path(), &"mirror".into(), &"n3w".into()).unwrap_err().to_string();
        assert!(error.contains("no plain token of `mirror`") && !error.contains("n3w"), "{error}");
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
