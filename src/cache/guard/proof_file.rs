//! The proof beside the cache: what it held when it was last synced, outside of what it is to prove.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::cache::{CacheError, Proof};

/// The content of `cache.proof`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ProofFile {
    pub proof: Proof,
    /// Length and modification time of the data file when it was closed; absent while it is open.
    pub closed: Option<Closed>,
}

/// How the data file looked after a clean end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Closed {
    length: u64,
    modified_s: i64,
    modified_ns: i64,
}

impl Closed {
    pub fn of(db: &Path) -> Option<Self> {
        let meta = fs::metadata(db).ok()?;
        Some(Self { length: meta.len(), modified_s: meta.mtime(), modified_ns: meta.mtime_nsec() })
    }
}

impl ProofFile {
    /// `<state>/cache.proof` for `<state>/cache`.
    pub fn path(cache: &Path) -> PathBuf {
        cache.with_extension("proof")
    }

    /// `None` when there is none or it cannot be read: then the cache proves itself by a full reading.
    pub fn read(cache: &Path) -> Option<Self> {
        serde_json::from_slice(&fs::read(Self::path(cache)).ok()?).ok()
    }

    /// Replaces the file as a whole.
    pub fn write(&self, cache: &Path) -> Result<(), CacheError> {
        let path = Self::path(cache);
        let fresh = path.with_extension("proof.new");
        let fail = |e: std::io::Error| CacheError::file("write", path.clone(), &e);
        let text = serde_json::to_vec(self).map_err(|e| fail(e.into()))?;
        let mut file =
            File::options().write(true).create(true).truncate(true).mode(0o600).open(&fresh).map_err(fail)?;
        file.write_all(&text).and_then(|()| file.sync_all()).map_err(fail)?;
        fs::rename(&fresh, &path).map_err(fail)?;
        let parent = path.parent().unwrap_or(Path::new("."));
        File::open(parent).and_then(|folder| folder.sync_all()).map_err(fail)
    }

    /// A cache that is put aside takes its proof with it.
    pub fn remove(cache: &Path) {
        let path = Self::path(cache);
        if let Err(error) = fs::remove_file(&path)
            && error.kind() != std::io::ErrorKind::NotFound
        {
            tracing::warn!(%error, "the proof of a bad cache could not be removed");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_and_nonsense_is_none() {
        let state = tempfile::tempdir().unwrap();
        let cache = state.path().join("cache");
        assert_eq!(ProofFile::read(&cache), None);
        let proof = Proof { seq: Some(8), hash: u64::MAX, ..Proof::default() };
        let file = ProofFile { proof, closed: Closed::of(state.path()) };
        file.write(&cache).unwrap();
        assert_eq!(ProofFile::read(&cache), Some(file));
        fs::write(ProofFile::path(&cache), "{").unwrap();
        assert_eq!(ProofFile::read(&cache), None);
        ProofFile::remove(&cache);
        assert!(!ProofFile::path(&cache).exists());
    }
}
