//! The single writer and its parts. Thin: load rows, call `domain`, write, send.
