//! The main job in one process: simulated Toggl, the engine, simulated Clockify, in paused time.

mod absent;
mod reading;
mod refusals;
mod rig;
