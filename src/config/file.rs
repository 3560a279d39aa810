//! Reading and replacing whole files: what a reader finds is the old text or the new one, never half of either.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::error::ConfigError;

/// A text file and its permission bits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextFile {
    /// The whole text.
    pub text: String,
    /// The permission bits (`0o600`).
    pub mode: u32,
}

/// Reads a text file; `None` when there is none.
pub fn read(path: &Path, label: &str) -> Result<Option<TextFile>, ConfigError> {
    let unreadable = |error: io::Error| {
        let cure = match error.kind() {
            io::ErrorKind::PermissionDenied => format!("give yourself access: chmod u+r {}", quoted(path)),
            _ => format!("look at {}", path.display()),
        };
        ConfigError::about(label, format!("can't be read: {error}"), cure)
    };
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(error)),
    };
    let mode = file.metadata().map_err(unreadable)?.permissions().mode() & 0o7777;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).map_err(unreadable)?;
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Some(TextFile { text, mode })),
        Err(error) => {
            let good = error.utf8_error().valid_up_to();
            let bytes = error.into_bytes();
            let before = String::from_utf8_lossy(bytes.get(..good).unwrap_or_default()).into_owned();
            Err(ConfigError::at(label, &before, good, "not UTF-8 text", "save the file as UTF-8"))
        }
    }
}

/// Replaces a file durably: a temporary file beside it, synced, renamed over it, and the folder synced. The mode of an
/// existing file is kept when `mode` is `None` (0600 for a new one). A symbolic link stays, its target is replaced.
pub fn replace(path: &Path, bytes: &[u8], mode: Option<u32>) -> io::Result<()> {
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let mode = match (mode, fs::metadata(&path)) {
        (Some(mode), _) => mode,
        (None, Ok(old)) => old.permissions().mode() & 0o7777,
        (None, Err(_)) => 0o600,
    };
    let temporary = beside(&path);
    let written = write_new(&temporary, bytes, mode).and_then(|()| fs::rename(&temporary, &path));
    if written.is_err() {
        // The first error is the one to tell; a leftover is overwritten by the next try.
        let _ = fs::remove_file(&temporary);
    }
    written?;
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => File::open(folder)?.sync_all(),
        _ => File::open(".")?.sync_all(),
    }
}

fn write_new(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    file.set_permissions(fs::Permissions::from_mode(mode))?;
    file.sync_all()
}

/// `.mapping.toml.new` for `mapping.toml`: hidden, and ignored by the watch.
fn beside(path: &Path) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(".new");
    path.with_file_name(name)
}

/// A path as a shell takes it.
pub(super) fn quoted(path: &Path) -> String {
    let text = path.to_string_lossy();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+=:@%,".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.into_owned()
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::path::Path;

    use super::{quoted, read, replace};

    #[test]
    fn replacing_keeps_the_mode_and_leaves_nothing_beside() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mapping.toml");
        fs::write(&path, "old").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        replace(&path, b"new", None).unwrap();
        let file = read(&path, "mapping.toml").unwrap().unwrap();
        assert_eq!((file.text.as_str(), file.mode), ("new", 0o644));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_new_file_is_private_and_a_link_stays_a_link() {
        let folder = tempfile::tempdir().unwrap();
        let real = folder.path().join("real.toml");
        replace(&real, b"a", None).unwrap();
        assert_eq!(read(&real, "real.toml").unwrap().unwrap().mode, 0o600);
        let link = folder.path().join("mapping.toml");
        symlink(&real, &link).unwrap();
        replace(&link, b"b", None).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().file_type().is_symlink());
        assert_eq!(fs::read_to_string(&real).unwrap(), "b");
    }

    #[test]
    fn text_that_is_not_utf8_has_a_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.toml");
        fs::write(&path, b"a = 1\nb = \"\xff\"\n").unwrap();
        let error = read(&path, "x.toml").unwrap_err();
        assert_eq!(error.to_string(), "x.toml:2:6: not UTF-8 text; save the file as UTF-8");
        assert_eq!(read(&folder.path().join("none"), "none").unwrap(), None);
    }

    #[test]
    fn paths_are_quoted_for_a_shell() {
        assert_eq!(quoted(Path::new("/a/b.toml")), "/a/b.toml");
        assert_eq!(quoted(Path::new("/a b/it's")), "'/a b/it'\\''s'");
    }
}
