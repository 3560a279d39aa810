//! The dashboard as people see it: an invented day drawn at several sizes and in several themes, keys and messages
//! as tables, and the bytes that reach a terminal.

mod bound;
mod bytes;
mod day;
mod deliveries;
mod drawers;
pub mod fixture;
mod homeless;
mod incidents;
mod keys;
mod ledger;
pub mod looks;
mod no_webhook;
mod offers;
mod readable;
mod said;
mod sizes;
mod whole;
