//! What can go wrong in the cache. Nothing here ever means that something was lost: the ledger has it.

use std::path::PathBuf;

/// An error of the cache.
#[derive(Debug, Clone, thiserror::Error)]
pub enum CacheError {
    /// sled answered with an error, panicked, or its content failed the proof. The folder is to be rebuilt.
    #[error("the cache is damaged ({0}); it is rebuilt from the ledger")]
    Damaged(String),
    /// The cache is being opened or rebuilt. Wait for `CacheState::Ready` and ask again.
    #[error("the cache is being opened or rebuilt; wait until it is ready and ask again")]
    NotReady,
    /// A key outside of its tag range: a mistake of the caller, nothing was written.
    #[error("cache key {0} has a tag that is not allowed here; nothing was written")]
    BadKey(String),
    /// The ledger was compacted past the sequence asked for: only a rebuild from its base can follow.
    #[error("the ledger no longer holds the frames after {after}; the cache is rebuilt from its base")]
    LedgerStartsLater {
        /// The sequence after which frames were asked for.
        after: u64,
    },
    /// A row's value cannot be read or written: from a newer version, or a mistake of the caller.
    #[error("a stored value cannot be used: {0}")]
    Row(String),
    /// The ledger could not be read during a replay.
    #[error("the ledger could not be replayed into the cache: {0}")]
    Replay(String),
    /// A file beside the database could not be read, written or renamed.
    #[error("could not {doing} {}: {cause}", path.display())]
    File {
        /// What was tried, as a verb.
        doing: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's words.
        cause: String,
    },
}

impl CacheError {
    pub(super) fn file(doing: &'static str, path: impl Into<PathBuf>, cause: &std::io::Error) -> Self {
        Self::File { doing, path: path.into(), cause: cause.to_string() }
    }

    pub(super) fn bad_key(key: &[u8]) -> Self {
        Self::BadKey(format!("{:02x?}", &key[..key.len().min(16)]))
    }
}
