//! hourwire: Toggl Track hours, kept in step with Clockify, watched from one terminal.
//!
//! The map of the house. Each room says in its first lines what it is for and what it must not do;
//! `tests/it/rooms.rs` checks every `use crate::` against this table.
//!
//! | room | purpose | may use |
//! |---|---|---|
//! | [`domain`] | decisions as pure functions, a file per noun | nothing |
//! | [`services`] | clients for the outside on one transport | domain, telemetry |
//! | [`journal`] | the two durable logs: inbox and ledger | nothing |
//! | [`cache`] | sled behind a narrow trait, with an in-memory twin | domain, telemetry |
//! | [`engine`] | the single writer and its parts | domain, services, journal, cache, config, control, telemetry |
//! | [`receiver`] | the HTTP side that services call | domain, journal, telemetry |
//! | [`control`] | the door between engine and viewers | domain, telemetry |
//! | [`tui`] | the dashboard | domain, control, config, telemetry |
//! | [`telemetry`] | logs, redaction, metrics | nothing |
//! | [`config`] | settings, mapping file, secrets, paths | domain, telemetry |
//! | [`simulator`] | stand-ins for Toggl and Clockify on real HTTP | domain |
//! | [`cli`] | one file per subcommand; wiring only | all |

pub mod cache;
pub mod cli;
pub mod config;
pub mod control;
pub mod domain;
pub mod engine;
pub mod journal;
pub mod receiver;
pub mod services;
pub mod simulator;
pub mod telemetry;
pub mod tui;
