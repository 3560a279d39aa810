#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic)]
mod cuts;
mod healing;
mod making;
mod pair;
mod people;
mod stage;
