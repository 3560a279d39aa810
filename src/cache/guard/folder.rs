//! The cache's folder: whether it is still the one that was opened, and putting a bad one aside.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use chrono::Utc;

use crate::cache::CacheError;

/// Which file sled was opened on. sled itself would write on into a deleted one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FileMark {
    path: PathBuf,
    device: u64,
    inode: u64,
}

impl FileMark {
    pub fn of(path: &Path) -> Result<Self, CacheError> {
        let meta = fs::metadata(path).map_err(|e| CacheError::file("find", path, &e))?;
        Ok(Self { path: path.to_path_buf(), device: meta.dev(), inode: meta.ino() })
    }

    /// Damage unless the very same file is at its place.
    pub fn still_there(&self) -> Result<(), CacheError> {
        match Self::of(&self.path) {
            Ok(now) if now == *self => Ok(()),
            Ok(_) => Err(CacheError::Damaged("its file was replaced".into())),
            Err(_) => Err(CacheError::Damaged("its file is gone".into())),
        }
    }

    /// Bytes of the file; 0 when it is gone.
    pub fn length(&self) -> u64 {
        fs::metadata(&self.path).map_or(0, |meta| meta.len())
    }
}

/// Renames the folder to `<name>.bad-<time>`. The one before it is removed: at most one is kept to look at.
pub(super) fn put_aside(folder: &Path) -> Result<(), CacheError> {
    if !is_taken(folder) {
        return Ok(());
    }
    let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let parent = folder.parent().unwrap_or(Path::new("."));
    let prefix = format!("{name}.bad-");
    if let Ok(siblings) = fs::read_dir(parent) {
        for sibling in siblings.flatten() {
            if sibling.file_name().to_string_lossy().starts_with(&prefix) {
                remove(&sibling.path());
            }
        }
    }
    let aside = parent.join(format!("{prefix}{}", Utc::now().format("%Y%m%dT%H%M%SZ")));
    if let Err(error) = fs::rename(folder, &aside) {
        // Rather no evidence than no cache.
        remove(folder);
        if is_taken(folder) {
            return Err(CacheError::file("rename", folder, &error));
        }
    }
    Ok(())
}

/// Something has this name, and be it a link to nothing.
fn is_taken(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

fn remove(path: &Path) {
    let removed = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    if let Err(error) = removed {
        tracing::warn!(%error, "an old bad cache could not be removed");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_bad_folder_is_kept() {
        let state = tempfile::tempdir().unwrap();
        let folder = state.path().join("cache");
        fs::create_dir(state.path().join("cache.bad-20260101T000000Z")).unwrap();
        for text in ["first", "second"] {
            fs::create_dir(&folder).unwrap();
            fs::write(folder.join("db"), text).unwrap();
            put_aside(&folder).unwrap();
            assert!(!folder.exists());
        }
        let left: Vec<_> = fs::read_dir(state.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert_eq!(left.len(), 1, "{left:?}");
        assert_eq!(fs::read_to_string(left[0].join("db")).unwrap(), "second");
    }

    #[test]
    fn a_link_to_nothing_is_put_aside_too() {
        let state = tempfile::tempdir().unwrap();
        let folder = state.path().join("cache");
        std::os::unix::fs::symlink(state.path().join("gone"), &folder).unwrap();
        put_aside(&folder).unwrap();
        fs::create_dir(&folder).unwrap();
    }

    #[test]
    fn a_replaced_or_missing_file_is_damage() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("db");
        fs::write(&path, "1").unwrap();
        let mark = FileMark::of(&path).unwrap();
        fs::write(&path, "12").unwrap();
        mark.still_there().unwrap();
        fs::write(folder.path().join("other"), "1").unwrap();
        fs::rename(folder.path().join("other"), &path).unwrap();
        assert!(matches!(mark.still_there(), Err(CacheError::Damaged(_))));
        fs::remove_file(&path).unwrap();
        assert!(matches!(mark.still_there(), Err(CacheError::Damaged(_))));
    }
}
