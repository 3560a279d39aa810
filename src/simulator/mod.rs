//! Stand-ins for Toggl Track and Clockify on real HTTP, made from the services' published behaviour.
//!
//! Shares no wire types with `services`: two independent readings are what makes a test against it worth something.
//!
//! [`seam::Simulator`] is the one way in: `call` takes a request and gives the answer, in one process or behind the
//! listeners of [`serve`]. Deliveries leave through a [`deliver::Deliverer`]. Time comes from a clock that is handed
//! in and from tokio's; randomness from the seed.

pub mod admin;
mod by_hand;
pub mod call;
pub mod clockify;
mod courier;
pub mod deliver;
pub mod faults;
pub mod listing;
pub mod office;
pub mod options;
mod received;
pub mod scenes;
pub mod seam;
pub mod serve;
pub mod toggl;
pub mod tunnel;
mod worlds;

pub use deliver::Deliverer;
pub use faults::Faults;
pub use options::{Access, Clock, ClockifyPlan, Options, PlanChange, Plans, World};
pub use seam::{Broken, Simulator};
