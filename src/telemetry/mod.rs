//! Logs, redaction, the metric registry and `/metrics`. Uses no other room.
