//! Clients for the outside: one transport (`http`) and a folder per service.
//!
//! Wire types and their translation to `domain` live here; nothing here decides what to do with an answer.
//! A client method is exactly one HTTP request: no retry, no pacing, no state.

pub mod clockify;
mod delivered;
pub mod http;
mod loose;
mod redact;
pub mod toggl;
