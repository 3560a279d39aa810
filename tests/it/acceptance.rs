//! What a person who tries the program out would try, each on the real binary against the simulated services.

mod black_box;
mod by_reading;
mod damaged_cache;
mod dry_bucket;
mod forged;
mod hosted;
mod in_turns;
mod known_ground;
mod listed;
mod lost_mapping;
mod mistakes;
mod refused_token;
mod renewed_token;
pub mod rig;
mod scraped;
mod told;
mod two_engines;
mod webhooks;
