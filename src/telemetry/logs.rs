//! Logs: JSON lines in a file that rotates daily, redacted, never on the terminal.

use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use tracing::Subscriber;
use tracing_appender::non_blocking::WorkerGuard;
use tracing_appender::rolling::{RollingFileAppender, Rotation};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use super::redact::{Redacting, Redactor};

/// Files kept, one a day.
const FILES: usize = 14;

/// Why the logs could not be started.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The folder or the file cannot be made.
    #[error("cannot write logs to {}: {cause}; check that the folder is yours and writable", dir.display())]
    Folder {
        /// The folder of the logs.
        dir: PathBuf,
        /// The system's words.
        cause: String,
    },
    /// The level is neither a level nor a filter.
    #[error("`{level}` is no log level; use error, warn, info, debug or trace")]
    Level {
        /// What was given.
        level: String,
    },
    /// Logs were started before in this process.
    #[error("the logs of this process are already running")]
    Running,
}

/// Keeps the logs running; dropping it writes what is waiting.
#[must_use = "logs end when this is dropped"]
#[derive(Debug)]
pub struct LogGuard {
    _worker: WorkerGuard,
}

/// Starts the logs of this process in `dir`; secrets registered with [`Redactor::global`] are hidden. See [`open`].
pub fn init(dir: &Path, level: &str) -> Result<LogGuard, LogError> {
    let (lines, guard) = open(dir, level, Redactor::global().clone())?;
    lines.try_init().map_err(|_| LogError::Running)?;
    Ok(guard)
}

/// Log lines into `dir` (made with mode 0700): `hourwire.<day>.log`, one JSON object a line. `level` is a level for
/// our own lines (those of libraries start at `warn`) or a whole `tracing` filter.
pub fn open(
    dir: &Path,
    level: &str,
    redactor: Redactor,
) -> Result<(impl Subscriber + Send + Sync, LogGuard), LogError> {
    let filter = filter(level)?;
    let failed = |cause: String| LogError::Folder { dir: dir.to_path_buf(), cause };
    private_folder(dir).map_err(|e| failed(e.to_string()))?;
    let file = RollingFileAppender::builder()
        .rotation(Rotation::DAILY)
        .filename_prefix("hourwire")
        .filename_suffix("log")
        .max_log_files(FILES)
        .build(dir)
        .map_err(|e| failed(e.to_string()))?;
    // A full queue drops lines rather than holding up a delivery.
    let (writer, worker) = tracing_appender::non_blocking(file);
    Ok((subscriber(writer, filter, redactor), LogGuard { _worker: worker }))
}

/// The log lines of this program into any writer.
pub fn subscriber<W>(writer: W, filter: EnvFilter, redactor: Redactor) -> impl Subscriber + Send + Sync
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
        .with_ansi(false)
        .with_writer(Redacting::new(writer, redactor));
    tracing_subscriber::registry().with(filter).with(lines)
}

/// The filter of a level or of a whole filter text.
pub fn filter(level: &str) -> Result<EnvFilter, LogError> {
    let refused = || LogError::Level { level: level.to_owned() };
    let whole = level.contains(['=', ',']);
    if level.is_empty() || !whole && level.parse::<tracing::level_filters::LevelFilter>().is_err() {
        return Err(refused());
    }
    let text = if whole { level.to_owned() } else { format!("warn,hourwire={level}") };
    EnvFilter::try_new(text).map_err(|_| refused())
}

fn private_folder(dir: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
    fs::set_permissions(dir, fs::Permissions::from_mode(0o700))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_and_filters_are_told_from_mistakes() {
        for good in ["info", "DEBUG", "off", "warn,hourwire::engine=trace"] {
            filter(good).unwrap();
        }
        for bad in ["", "loud", "hourwire=loud"] {
            assert!(matches!(filter(bad), Err(LogError::Level { .. })), "{bad}");
        }
    }
}
