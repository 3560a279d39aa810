//! The fence around sled: its errors and panics become [`CacheError::Damaged`], and its panics stay off the terminal.

use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe, catch_unwind};
use std::sync::Once;
use std::thread;

use super::CacheError;

thread_local! {
    static FENCED: Cell<bool> = const { Cell::new(false) };
}

/// What sled says, made ours.
pub(super) struct Fault(CacheError);

impl From<sled::Error> for Fault {
    fn from(error: sled::Error) -> Self {
        Self(CacheError::Damaged(error.to_string()))
    }
}

impl From<CacheError> for Fault {
    fn from(error: CacheError) -> Self {
        Self(error)
    }
}

impl From<Fault> for CacheError {
    fn from(fault: Fault) -> Self {
        fault.0
    }
}

/// Runs a call of sled; its panic becomes damage. After one, the store is only ever dropped.
pub(super) fn fenced<T, E: Into<Fault>>(call: impl FnOnce() -> Result<T, E>) -> Result<T, CacheError> {
    fenced_plain(call)?.map_err(|e| e.into().into())
}

/// As [`fenced`], for calls that cannot fail otherwise.
pub(super) fn fenced_plain<T>(call: impl FnOnce() -> T) -> Result<T, CacheError> {
    quiet_expected_panics();
    let outer = FENCED.replace(true);
    let result = catch_unwind(AssertUnwindSafe(call));
    FENCED.set(outer);
    result.map_err(|panic| {
        let words = panic
            .downcast_ref::<String>()
            .cloned()
            .or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string))
            .unwrap_or_else(|| "no words".into());
        CacheError::Damaged(format!("sled panicked: {words}"))
    })
}

/// A panic that is caught here is an ordinary day: it goes to the log, not through the program's panic report. The
/// hook in force at the first call stays in force for all other panics.
fn quiet_expected_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let report = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            if FENCED.get() || of_sled(thread::current().name()) {
                tracing::debug!(%panic, "sled panicked");
            } else {
                report(panic);
            }
        }));
    });
}

/// sled's own threads, by the names it gives them.
fn of_sled(thread: Option<&str>) -> bool {
    thread.is_some_and(|name| name.starts_with("sled-io-") || name == "log flusher")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panics_and_errors_become_damage() {
        let panicked = fenced(|| -> Result<(), CacheError> { panic!("page {} is gone", 7) });
        assert!(matches!(panicked, Err(CacheError::Damaged(words)) if words.contains("page 7 is gone")));
        let failed = fenced(|| Err::<(), _>(sled::Error::ReportableBug("odd".into())));
        assert!(matches!(failed, Err(CacheError::Damaged(words)) if words.contains("odd")));
        assert!(!FENCED.get());
    }
}
