//! The door between engine and viewers.
