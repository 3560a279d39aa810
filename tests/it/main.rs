//! Integration tests: one binary, a module per subject.

mod screens;
mod config;
