//! What people change in Clockify, told by its webhooks: over the simulator in one process, in paused time.

mod conflicts;
mod drift;
mod keeping;
mod proofs;
mod replays;
