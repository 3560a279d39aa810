//! A copy of the ledger's files beside their writer, who is neither asked nor stopped.
//!
//! Segments are only appended to, and a base takes its place with one rename. So a copy during which no file came or
//! went, with its last segment read twice alike, is what was on the disk at one moment between the two reads.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::Path;

use super::base;
use super::error::JournalError;
use super::segment::Name;

/// Tries until no file comes or goes meanwhile; a compaction moves them once in hours.
const TRIES: usize = 20;
/// Reads of the last segment until two are alike; one takes some milliseconds.
const READS: usize = 200;

/// Copies the ledger of a folder into a new folder (0700), as it is at one moment.
///
/// # Errors
/// [`JournalError::Io`] when a file cannot be read or written, or when the ledger never stood still.
pub fn copy_ledger(from: &Path, to: &Path) -> Result<(), JournalError> {
    let failed = |e| JournalError::io("copy", &from.display().to_string(), e);
    fs::DirBuilder::new().mode(0o700).create(to).map_err(failed)?;
    for _ in 0..TRIES {
        match attempt(from, to) {
            Ok(true) => return Ok(()),
            Ok(false) => {}
            // A compaction took it away.
            Err(e) if e.kind() == io::ErrorKind::NotFound => {}
            Err(e) => return Err(failed(e)),
        }
        for entry in fs::read_dir(to).map_err(failed)? {
            fs::remove_file(entry.map_err(failed)?.path()).map_err(failed)?;
        }
    }
    Err(failed(io::Error::new(io::ErrorKind::WouldBlock, "it never stood still; try again")))
}

/// One try; false when files came or went meanwhile.
fn attempt(from: &Path, to: &Path) -> io::Result<bool> {
    let before = files(from)?;
    let last = before.iter().rfind(|(name, _)| name != base::NAME);
    for file @ (name, _) in &before {
        let path = from.join(name);
        let bytes = if Some(file) == last { steady(&path)? } else { fs::read(path)? };
        let mut copy = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(to.join(name))?;
        copy.write_all(&bytes)?;
    }
    Ok(files(from)? == before)
}

/// A file that is appended to, as it was at one moment.
fn steady(path: &Path) -> io::Result<Vec<u8>> {
    let mut found = fs::read(path)?;
    for _ in 0..READS {
        let again = fs::read(path)?;
        if again == found {
            return Ok(found);
        }
        found = again;
    }
    Err(io::Error::new(io::ErrorKind::WouldBlock, "it is written to without a pause; try again"))
}

/// Base and segments with their inodes, oldest segment first.
fn files(folder: &Path) -> io::Result<Vec<(String, u64)>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        if name == base::NAME || Name::parse("ledger", &name).is_some() {
            files.push((name, entry.metadata()?.ino()));
        }
    }
    // Ordinals have a fixed width.
    files.sort();
    Ok(files)
}
