//! The cache: both stores under one set of tests, and the guard under damage.

mod conformance;
mod damage;
mod guarded;
mod ledger;
mod model;
