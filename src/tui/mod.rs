//! The dashboard: `update(&mut Model, Msg) -> Vec<Effect>` and `view(&Model, frame)`, both pure, and the loop that
//! feeds them. It talks to the engine through `control` alone; it opens no journal, cache or account.

pub mod connect;
pub mod first_run;
pub mod input;
pub mod keymap;
pub mod model;
pub mod paint;
pub mod run;
pub mod screen;
pub mod start;
pub mod terminal;
pub mod theme;
pub mod update;
pub mod view;

mod panes;
mod signs;
mod text;
mod widgets;

pub use connect::{Connector, Once};
pub use run::Left;
pub use start::{Options, run};
