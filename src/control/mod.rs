//! The door between engine and viewers: commands in, snapshots, pages and notices out.
//!
//! Types here are plain data with serde; carried in memory or over a Unix socket. No decisions, no terminal.

pub mod command;
pub mod deliveries;
pub mod disk;
pub mod incidents;
pub mod link;
pub mod message;
pub mod snapshot;
pub mod socket;
pub mod view;
