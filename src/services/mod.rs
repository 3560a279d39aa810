//! Clients for the outside: one transport (`http`) and a folder per service.
//!
//! Wire types and their translation to `domain` live here; nothing here decides what to do with an answer.
