//! The engine's side of the door: an engine over a simulated disk, the cache in memory and the simulated services,
//! with viewers attached.

mod commands;
mod long;
mod making;
mod mass;
mod moves;
mod rig;
mod views;
