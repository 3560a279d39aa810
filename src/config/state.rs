//! The lock of a state folder: one engine writes there, and clients read from the lock file where it listens.
//!
//! The lock is the kernel's (`flock`), so it ends with its process whatever happens; the JSON in the file is only for
//! finding the engine and for naming it in a message.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};

use super::paths::LOCK;

/// What kind of process hosts the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HostedBy {
    /// `hourwire serve`.
    Serve,
    /// `hourwire serve --detached`, started by a dashboard.
    Detached,
    /// `hourwire demo`.
    Demo,
    /// A command, for its own duration and without a receiver.
    Command,
}

impl HostedBy {
    /// The word in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Serve => "serve",
            Self::Detached => "detached",
            Self::Demo => "demo",
            Self::Command => "command",
        }
    }
}

impl fmt::Display for HostedBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What the lock file says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockInfo {
    /// The engine's process.
    pub pid: u32,
    /// Its version of the program.
    pub version: String,
    /// The socket it listens on.
    pub control: PathBuf,
    /// When it started.
    pub started_at: DateTime<Utc>,
    /// What hosts it.
    pub hosted_by: HostedBy,
}

/// Why a state folder can't be taken.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another engine has it.
    #[error(
        "another engine ({}) owns this state ({}); attach to it with `hourwire`, stop it, or choose another --state-dir",
        who(.owner.as_deref()), .state.display()
    )]
    Owned {
        /// The folder.
        state: PathBuf,
        /// The engine, where it has said who it is.
        owner: Option<Box<LockInfo>>,
    },
    /// The lock file can't be used.
    #[error("{}: the lock file can't be used: {source}; look at its folder's owner and free space", .path.display())]
    Unusable {
        /// The lock file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

fn who(owner: Option<&LockInfo>) -> String {
    match owner {
        Some(info) => {
            let since = info.started_at.to_rfc3339_opts(SecondsFormat::Secs, true);
            format!("pid {}, since {since}, by {}", info.pid, info.hosted_by)
        }
        None => "just starting".to_owned(),
    }
}

/// The lock, held until dropped.
#[derive(Debug)]
pub struct EngineLock {
    file: File,
}

impl EngineLock {
    /// Takes the state folder, which must exist, and writes who holds it.
    pub fn acquire(state_dir: &Path, info: &LockInfo) -> Result<Self, LockError> {
        let path = state_dir.join(LOCK);
        let unusable = |source: io::Error| LockError::Unusable { path: path.clone(), source };
        let file = open(&path).map_err(unusable)?;
        // A client's look at the lock holds it for an instant.
        for _ in 0..20 {
            match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => {
                    let lock = Self { file };
                    lock.write(info).map_err(unusable)?;
                    return Ok(lock);
                }
                Err(rustix::io::Errno::WOULDBLOCK) => std::thread::sleep(Duration::from_millis(5)),
                Err(error) => return Err(unusable(error.into())),
            }
        }
        Err(LockError::Owned { state: state_dir.to_owned(), owner: parse(&file).map(Box::new) })
    }

    /// Rewrites who holds the lock, for instance when the socket is known.
    pub fn write(&self, info: &LockInfo) -> io::Result<()> {
        let mut bytes = serde_json::to_vec(info)?;
        bytes.push(b'\n');
        // In place: a new file under the name would carry no lock. One write, then the cut, so that a reader finds a
        // whole object at the start.
        self.file.write_all_at(&bytes, 0)?;
        self.file.set_len(bytes.len() as u64)?;
        self.file.sync_data()
    }
}

impl Drop for EngineLock {
    fn drop(&mut self) {
        // Whoever reads later sees by the missing lock that nobody is there; the empty file only says it nicer.
        let _ = self.file.set_len(0);
    }
}

/// The engine that owns a state folder now; `None` when none does. An engine that has not yet said who it is counts as
/// none: there is nothing to connect to.
pub fn owner(state_dir: &Path) -> io::Result<Option<LockInfo>> {
    let file = match File::open(state_dir.join(LOCK)) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    match flock(&file, FlockOperation::NonBlockingLockShared) {
        Ok(()) => Ok(None),
        Err(rustix::io::Errno::WOULDBLOCK) => Ok(parse(&file)),
        Err(error) => Err(error.into()),
    }
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)
}

fn parse(file: &File) -> Option<LockInfo> {
    let mut bytes = vec![0; 16 * 1024];
    let length = file.read_at(&mut bytes, 0).ok()?;
    bytes.truncate(length);
    serde_json::Deserializer::from_slice(&bytes).into_iter().next()?.ok()
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    fn info(control: &str) -> LockInfo {
        LockInfo {
            pid: 4242,
            version: "0.1.0".to_owned(),
            control: control.into(),
            started_at: DateTime::from_timestamp(1_772_442_000, 0).unwrap(),
            hosted_by: HostedBy::Serve,
        }
    }

    #[test]
    fn a_second_engine_is_told_who_the_first_is() {
        let state = tempfile::tempdir().unwrap();
        let first = EngineLock::acquire(state.path(), &info("/run/a.sock")).unwrap();
        let error = EngineLock::acquire(state.path(), &info("/run/b.sock")).unwrap_err().to_string();
        let told = "another engine (pid 4242, since 2026-03-02T09:00:00Z, by serve) owns this state (";
        assert!(error.starts_with(told), "{error}");
        assert_eq!(owner(state.path()).unwrap(), Some(info("/run/a.sock")));
        drop(first);
        assert_eq!(owner(state.path()).unwrap(), None);
        EngineLock::acquire(state.path(), &info("/run/b.sock")).unwrap();
    }

    #[test]
    fn a_rewrite_is_read_whole_also_when_shorter() {
        let state = tempfile::tempdir().unwrap();
        let lock = EngineLock::acquire(state.path(), &info(&"/long".repeat(50))).unwrap();
        lock.write(&info("/s")).unwrap();
        assert_eq!(owner(state.path()).unwrap(), Some(info("/s")));
        // What a reader sees between the write and the cut.
        let text = serde_json::to_string(&info("/s")).unwrap() + "\nrest of an older, longer text\"}";
        lock.file.write_all_at(text.as_bytes(), 0).unwrap();
        assert_eq!(owner(state.path()).unwrap(), Some(info("/s")));
    }

    #[test]
    fn a_file_left_by_a_killed_engine_is_no_lock() {
        let state = tempfile::tempdir().unwrap();
        assert_eq!(owner(state.path()).unwrap(), None);
        std::fs::write(state.path().join(LOCK), serde_json::to_vec(&info("/x")).unwrap()).unwrap();
        assert_eq!(owner(state.path()).unwrap(), None);
        let lock = EngineLock::acquire(state.path(), &info("/y")).unwrap();
        assert_eq!(owner(state.path()).unwrap().unwrap().control, PathBuf::from("/y"));
        drop(lock);
    }
}
