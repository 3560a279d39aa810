//! The guardian over the simulator in one process, in paused time: the webhook goes, the webhook comes back.

mod books;
mod causes;
mod colleagues;
mod cut_wishes;
mod cuts;
mod edits;
mod healing;
mod making;
pub mod mirror;
mod pair;
mod people;
mod refused;
pub mod replays;
mod running;
mod secrets;
mod sought;
pub mod stage;
mod strangers;
mod unreached;
pub mod way;
mod withdrawn;
