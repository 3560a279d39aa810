//! An engine over its life: refused tokens, old catalogues, changed settings, a cache that is rebuilt, and how it ends.

mod ending;
mod history;
mod lane;
mod places;
mod rebuilding;
mod refusal;
mod settings;
mod stage;
