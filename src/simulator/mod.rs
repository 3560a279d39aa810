//! Stand-ins for Toggl Track and Clockify on real HTTP, made from the services' published behaviour.
//!
//! Shares no wire types with `services`: two independent readings are what makes a test against it worth something.

pub mod call;
pub mod clockify;
pub mod toggl;
