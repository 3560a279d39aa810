//! Decisions and the nouns they are made of. Pure: no I/O, no async, no clock, no terminal.
//!
//! Time and policy come as arguments; every function here can be run a million times in a test.

pub mod absence;
pub mod advice;
pub mod announced;
pub mod brake;
pub mod candidates;
pub mod catalogue;
pub mod clockify_hook;
pub mod delivery;
pub mod drift;
pub mod echo;
pub mod entry;
#[cfg(test)]
mod fixture;
pub mod forecast;
pub mod ground;
pub mod guard;
pub mod guard_budget;
pub mod guard_claim;
pub mod guard_election;
pub mod guard_evidence;
pub mod guard_rights;
pub mod guard_silence;
pub mod health;
pub mod hook_drift;
pub mod hook_plan;
pub mod hours;
pub mod id;
pub mod incident;
pub mod incident_told;
pub mod knock;
pub mod link;
pub mod mapping;
pub mod matching;
pub mod on_the_way;
pub mod order;
pub mod outcome;
pub mod pace;
pub mod policy;
pub mod quota;
mod quota_merge;
pub mod read;
pub mod remap;
pub mod room;
pub mod route;
pub mod share;
pub mod signature;
pub mod strain;
pub mod subscription;
pub mod target_hook;
pub mod text;
pub mod threshold;
pub mod word;
