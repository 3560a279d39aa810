//! The HTTP side that services call. It is handed a verifier and an append handle and knows no meaning.
