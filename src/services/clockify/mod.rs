//! Clockify: being laid out.
