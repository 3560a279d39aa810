//! Integration tests: one binary, a module per subject.

// clippy lets only the test functions themselves do these; their helpers are tests just as much.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, clippy::print_stdout, clippy::print_stderr)]

mod cache;
mod cli;
mod screens;
mod config;
mod door;
mod engine_state;
mod main_path;
mod office;
mod process;
mod journal;
mod receiver;
mod rooms;
mod simulate;
mod simulator_toggl;
mod status;
mod web;
mod services;
mod simulator_clockify;
mod worlds;
mod telemetry;
