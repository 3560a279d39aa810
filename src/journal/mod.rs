//! The two durable logs, one code: the inbox (verified raw deliveries) and the ledger (all that the engine knows).
//!
//! Knows bytes, keys and sequence numbers, not meaning.
