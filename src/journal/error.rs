//! What can go wrong with a log, and what an opening found.

use std::io;

/// An error of a log: what happened, to what, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The disk refused an operation.
    #[error("cannot {what} {file}: {source}; check the disk and the permissions of the state folder")]
    Io {
        /// The operation, as a verb.
        what: &'static str,
        /// The file or folder.
        file: String,
        /// The system's answer.
        source: io::Error,
    },
    /// Another process holds the directory.
    #[error("{directory} is in use by another hourwire process; stop it or choose another --state-dir")]
    AlreadyLocked {
        /// The directory.
        directory: String,
    },
    /// The file was written by a newer version.
    #[error("{file} has format {found}, this hourwire knows up to {known}; use the newer hourwire")]
    NewerFormat {
        /// The file.
        file: String,
        /// Its version.
        found: u32,
        /// The newest version known here.
        known: u32,
    },
    /// A record is larger than a log can hold.
    #[error("a record of {bytes} bytes is too large for the log (limit {limit})")]
    TooLarge {
        /// Its size.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// Making records durable failed. The file it happened to is never used again.
    #[error("records could not be made durable ({source}); {}", if *rewritten { "they were rewritten into a new segment and are safe" } else { "they were not accepted; check the disk" })]
    SyncFailed {
        /// Whether the records are durable all the same, in a new segment. If not, they are dropped and their
        /// sequence numbers are used again.
        rewritten: bool,
        /// The first answer of the system.
        source: io::Error,
    },
    /// The disk is full and the reserve is used up. The records are dropped.
    #[error("the disk of the state folder is full; make room, nothing can be accepted until then")]
    NoSpace,
    /// The frames asked for are only in the base any more: read everything.
    #[error("frames after {asked} are compacted up to {covers}; read from the beginning")]
    Compacted {
        /// The sequence number asked for.
        asked: u64,
        /// What the base covers.
        covers: u64,
    },
    /// Bytes with a good checksum that are not a frame.
    #[error("record {seq} of the ledger is not a frame of a known form")]
    BadFrame {
        /// Its sequence number.
        seq: u64,
    },
    /// The base cannot be read.
    #[error("{file} is damaged: {what}; restore a backup, or move it away to start from the services")]
    BadBase {
        /// The file.
        file: String,
        /// What is wrong.
        what: &'static str,
    },
    /// A backup cannot be taken in.
    #[error("line {line} of the backup: {what}")]
    BadBackup {
        /// The line, from 1.
        line: u64,
        /// What is wrong with it.
        what: String,
    },
    /// There is a ledger already.
    #[error("the state folder already holds a ledger; move it away before restoring")]
    NotEmpty,
}

impl JournalError {
    /// An [`JournalError::Io`] of an operation on a file.
    pub(super) fn io(what: &'static str, file: &str, source: io::Error) -> Self {
        Self::Io { what, file: file.to_owned(), source }
    }
}

/// Records that were durable once and cannot be read any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// The file they were in.
    pub file: String,
    /// The first missing sequence number.
    pub first_missing: u64,
    /// The last missing sequence number; below `first_missing` when only a header was hit.
    pub last_missing: u64,
    /// Where a copy of the damaged file was put, if that was possible.
    pub copy: Option<String>,
}

/// What the opening of a log found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recovered {
    /// The oldest sequence number that can be read; one more than `last_seq` when there is none.
    pub first_seq: u64,
    /// The newest durable sequence number; 0 in a new log.
    pub last_seq: u64,
    /// Bytes of unfinished records at the end that were cut off. Nobody had been told of them.
    pub torn_bytes: u64,
    /// Durable records that were lost to corruption.
    pub damage: Vec<Damage>,
}
