//! SIGTERM and SIGINT end a process cleanly.

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::exit::Failure;

/// A token that is cancelled by the first SIGTERM or SIGINT. Needs a tokio runtime.
pub fn cancelled_by_signals() -> Result<CancellationToken, Failure> {
    let catch =
        |kind| signal(kind).map_err(|error| Failure::not_well(format!("can't catch signals: {error}")));
    let (terminate, interrupt) = (catch(SignalKind::terminate())?, catch(SignalKind::interrupt())?);
    let cancel = CancellationToken::new();
    tokio::spawn(cancel_at_first(cancel.clone(), terminate, interrupt));
    Ok(cancel)
}

async fn cancel_at_first(cancel: CancellationToken, mut terminate: Signal, mut interrupt: Signal) {
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
        () = cancel.cancelled() => {}
    }
    cancel.cancel();
}
