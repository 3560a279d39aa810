//! Integration tests: one binary, a module per subject.

// clippy lets only the test functions themselves do these; their helpers are tests just as much.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, clippy::print_stdout, clippy::print_stderr)]

mod acceptance;
mod black_box;
mod books;
mod budget;
mod cache;
mod cli;
mod clockify_hooks;
mod config;
mod crashes;
mod door;
mod door_engine;
mod encrypted;
mod engine_life;
mod engine_state;
mod gate;
mod guardian;
mod journal;
mod journeys;
mod main_path;
mod office;
mod outages;
mod person;
mod process;
mod pty;
mod receiver;
mod rooms;
mod screens;
mod seeds;
mod services;
mod settings;
mod simulate;
mod simulator_clockify;
mod simulator_toggl;
mod status;
mod telemetry;
mod web;
mod worlds;
