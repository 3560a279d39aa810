//! The cache: sled behind a narrow trait, with an in-memory twin. A function of the ledger, never the truth.
