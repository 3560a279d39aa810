//! Logs, redaction, the metric registry and `/metrics`.
//!
//! Must not: use any other room, write to the terminal, or let a secret or a hook path out.

pub mod logs;
pub mod metrics;
pub mod redact;

pub use logs::LogGuard;
pub use metrics::Metrics;
pub use redact::Redactor;
