//! Seeded worlds: engine, journal, cache, receiver and simulator in one process under one seed and a paused clock.
//!
//! A world draws its people, faults and power cuts from its seed, plays them, lets the faults stop and then demands
//! that the target holds what an independent model of the source implies. `HOURWIRE_WORLDS=N` runs N seeds,
//! `HOURWIRE_SEED=N` replays one and prints what happens.

mod books;
mod counts;
mod dice;
mod matching;
mod model;
mod net;
mod office;
mod source;
mod time;
mod trace;
