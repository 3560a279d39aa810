//! The real binary on a pseudo-terminal: what a person sees and types, and what is left of the terminal afterwards.

mod demo;
mod engine;
mod panic;
mod terminal;
