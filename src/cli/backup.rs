//! `hourwire backup` and `hourwire restore`: the ledger as JSON lines.
//!
//! Beside a running engine a backup is made of a copy of its files; a restore needs the folder for itself.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, Write};
use std::ops::ControlFlow;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::Utc;
use clap::Args;

use super::attach;
use super::exit::{Exit, Failure, Outcome};
use super::options::Global;
use super::print;
use crate::cache::rows;
use crate::config::Paths;
use crate::config::paths::control_socket;
use crate::config::state::{EngineLock, HostedBy, LockError, LockInfo};
use crate::journal::{Frame, JournalError, Ledger, LedgerOptions, Op, RealDisk, copy_ledger, export, import};

/// Options of `backup`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Example:\n  hourwire backup hours.jsonl\n\n\
    Holds entries, links, mapping versions and all else the ledger knows; no token and no webhook secret.\n\
    An engine may run meanwhile.")]
pub struct Backup {
    /// The file to write; it must not exist. `-` is standard output
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}

/// Options of `restore`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Example:\n  hourwire --state-dir /var/lib/hourwire restore hours.jsonl\n\n\
    Only into a state folder without a ledger. What the targets hold is read again before anything is created there,\n\
    so what was sent after the backup is adopted and not sent twice.")]
pub struct Restore {
    /// The file to read; `-` is standard input
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}

/// Writes the backup.
pub fn backup(global: &Global, options: &Backup) -> Outcome {
    let paths = attach::paths(global)?;
    if !ledger_folder(&paths).is_dir() {
        return Err(Failure::usage(format!("{} holds no ledger to back up", paths.state_dir.display())));
    }
    let source = source(&paths)?;
    let ledger = &source.ledger;
    if is_dash(&options.file) {
        export(ledger, &mut io::stdout().lock()).map_err(journal)?;
        return Ok(Exit::Good);
    }
    let failed = |error: io::Error| Failure::usage(format!("{}: {error}", options.file.display()));
    let mut file =
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(&options.file).map_err(failed)?;
    let keys = export(ledger, &mut file).map_err(journal)?;
    file.flush().and_then(|()| file.sync_all()).map_err(failed)?;
    print::say(&format!("{keys} keys written to {}", options.file.display()));
    Ok(Exit::Good)
}

/// Reads a backup into an empty state folder.
pub fn restore(global: &Global, options: &Restore) -> Outcome {
    let paths = attach::paths(global)?;
    paths.make_state_dir().map_err(Failure::usage)?;
    let _lock = lock(&paths)?;
    let disk = Arc::new(RealDisk::open(ledger_folder(&paths)).map_err(journal)?);
    let keys = if is_dash(&options.file) {
        import(&mut BufReader::new(io::stdin()), disk.clone())
    } else {
        let file = File::open(&options.file)
            .map_err(|error| Failure::usage(format!("{}: {error}", options.file.display())))?;
        import(&mut BufReader::new(file), disk.clone())
    };
    let keys = keys.map_err(|error| match error {
        JournalError::NotEmpty => Failure::usage(format!(
            "{} already holds a ledger; move it away, or choose another --state-dir",
            ledger_folder(&paths).display()
        )),
        error => journal(error),
    })?;
    let (mut ledger, _) = Ledger::open(disk, LedgerOptions::default()).map_err(journal)?;
    forget_known_ground(&mut ledger)?;
    // The cache is a function of the ledger that was here before.
    match fs::remove_dir_all(paths.state_dir.join("cache")) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(Failure::not_well(format!("the old cache can't be removed: {error}")));
        }
        _ => {}
    }
    print::say(&format!("{keys} keys restored; the targets are read again before anything is created there"));
    Ok(Exit::Good)
}

/// What was read in full before the backup may have changed since: no range of a target is known any more.
fn forget_known_ground(ledger: &mut Ledger) -> Result<(), Failure> {
    let range = rows::grounds();
    let mut known = BTreeSet::new();
    let mut each = |_, frame: Frame| {
        for op in frame.ops {
            match op {
                Op::Put { key, .. } if key >= range.from && key < range.to => _ = known.insert(key),
                Op::Delete { key } => _ = known.remove(&key),
                Op::Put { .. } => {}
            }
        }
        ControlFlow::Continue(())
    };
    ledger.replay_all(&mut each).map_err(journal)?;
    if !known.is_empty() {
        let ops = known.into_iter().map(|key| Op::Delete { key }).collect();
        ledger.append(&Frame { ops }).map_err(journal)?;
        ledger.sync().map_err(journal)?;
    }
    Ok(())
}

fn ledger_folder(paths: &Paths) -> PathBuf {
    paths.state_dir.join("ledger")
}

/// What a backup is made of.
struct Source {
    ledger: Ledger,
    /// The folder itself, while no engine runs.
    _lock: Option<EngineLock>,
    /// Else a copy, which goes when this is dropped.
    _copy: Option<Copied>,
}

/// A folder that goes when this is dropped.
struct Copied(PathBuf);

impl Drop for Copied {
    fn drop(&mut self) {
        // What stays behind is found and removed by the next backup of this process id.
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn source(paths: &Paths) -> Result<Source, Failure> {
    let owned = match acquire(paths)? {
        Ok(lock) => {
            let (ledger, _) = open_ledger(paths)?;
            return Ok(Source { ledger, _lock: Some(lock), _copy: None });
        }
        Err(LockError::Owned { .. }) => paths.state_dir.join(format!("backup-{}", std::process::id())),
        Err(error) => return Err(Failure::usage(error)),
    };
    let copy = Copied(owned);
    let _ = fs::remove_dir_all(&copy.0);
    copy_ledger(&ledger_folder(paths), &copy.0).map_err(journal)?;
    let disk = RealDisk::open(&copy.0).map_err(journal)?;
    let (ledger, _) = Ledger::open(Arc::new(disk), LedgerOptions::default()).map_err(journal)?;
    Ok(Source { ledger, _lock: None, _copy: Some(copy) })
}

fn open_ledger(paths: &Paths) -> Result<(Ledger, crate::journal::Recovered), Failure> {
    let disk = RealDisk::open(ledger_folder(paths)).map_err(journal)?;
    Ledger::open(Arc::new(disk), LedgerOptions::default()).map_err(journal)
}

/// Takes the state folder for this command's duration.
fn lock(paths: &Paths) -> Result<EngineLock, Failure> {
    acquire(paths)?.map_err(|error| match error {
        LockError::Owned { owner: Some(owner), .. } => Failure::usage(format!(
            "an engine runs on this state; stop it with `kill {}`, and start it again afterwards",
            owner.pid
        )),
        error => Failure::usage(error),
    })
}

fn acquire(paths: &Paths) -> Result<Result<EngineLock, LockError>, Failure> {
    let info = LockInfo {
        pid: std::process::id(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        control: control_socket(&paths.state_dir).map_err(Failure::usage)?,
        started_at: Utc::now(),
        hosted_by: HostedBy::Command,
    };
    Ok(EngineLock::acquire(&paths.state_dir, &info))
}

fn journal(error: JournalError) -> Failure {
    Failure::not_well(error)
}

fn is_dash(path: &Path) -> bool {
    path.as_os_str() == "-"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::{Account, RemoteId};

    #[test]
    fn a_restore_brings_everything_but_known_ground() {
        let folder = tempfile::tempdir().expect("a folder");
        let global = |name: &str| Global { state_dir: Some(folder.path().join(name)), ..Global::default() };
        let old = attach::paths(&global("old")).expect("folders");
        old.make_state_dir().expect("made");
        let ground = rows::ground(&Account::from("mirror"), &RemoteId::from("u1"));
        {
            let (mut ledger, _) = open_ledger(&old).expect("a ledger");
            ledger.append(&Frame::put(ground.clone(), "2026")).expect("appended");
            ledger.append(&Frame::put(b"\x01entry".to_vec(), "kept")).expect("appended");
            ledger.sync().expect("durable");
        }
        let file = folder.path().join("hours.jsonl");
        let writing = Backup { file: file.clone() };
        assert_eq!(backup(&global("old"), &writing), Ok(Exit::Good));
        assert_eq!(backup(&global("old"), &writing).expect_err("it exists").exit, Exit::Usage);

        let reading = Restore { file };
        assert_eq!(restore(&global("new"), &reading), Ok(Exit::Good));
        let refused = restore(&global("new"), &reading).expect_err("not empty");
        assert!(refused.message.contains("already holds a ledger"), "{}", refused.message);

        let (ledger, _) = open_ledger(&attach::paths(&global("new")).expect("folders")).expect("a ledger");
        let mut live = std::collections::BTreeMap::new();
        ledger
            .replay_all(&mut |_, frame: Frame| {
                for op in frame.ops {
                    match op {
                        Op::Put { key, value, .. } => _ = live.insert(key, value),
                        Op::Delete { key } => _ = live.remove(&key),
                    }
                }
                ControlFlow::Continue(())
            })
            .expect("read");
        assert_eq!(live.get(&b"\x01entry"[..]).map(Vec::as_slice), Some(&b"kept"[..]));
        assert!(!live.contains_key(&ground));
    }

    #[test]
    fn a_running_engine_is_backed_up_and_never_restored_over() {
        let folder = tempfile::tempdir().expect("a folder");
        let global = Global { state_dir: Some(folder.path().to_owned()), ..Global::default() };
        let paths = attach::paths(&global).expect("folders");
        let _engine = lock(&paths).expect("free");
        let (mut ledger, _) = open_ledger(&paths).expect("a ledger");
        ledger.append(&Frame::put(b"\x01entry".to_vec(), "kept")).expect("appended");
        ledger.sync().expect("durable");
        let file = folder.path().join("hours.jsonl");
        assert_eq!(backup(&global, &Backup { file: file.clone() }), Ok(Exit::Good));
        let text = fs::read_to_string(&file).expect("written");
        assert!(text.contains("entry") && text.ends_with("\"entries\":1}\n"), "{text}");
        let left = fs::read_dir(folder.path()).expect("listed").flatten();
        let left: Vec<_> = left.filter(|e| e.file_name().to_string_lossy().starts_with("backup-")).collect();
        assert!(left.is_empty(), "the copy is gone: {left:?}");
        // Its writer goes on.
        ledger.append(&Frame::put(b"\x02entry".to_vec(), "more")).expect("appended");
        ledger.sync().expect("durable");
        let refused = restore(&global, &Restore { file }).expect_err("it runs");
        assert!(refused.message.contains(&format!("kill {}", std::process::id())), "{}", refused.message);
    }
}
