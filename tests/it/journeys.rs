//! Journeys of a person, played against the simulator in paused time and looked at on a screen of 80 by 24.

mod cuts;
mod demo;
mod downgrade;
mod ledger;
mod plan;
pub mod screen;
mod webhook;
