//! Parts that panes share. They draw what they are given and decide nothing.

pub mod footer;
pub mod header;
pub mod help;
pub mod lost;
pub mod meter;
pub mod palette;
pub mod price;
pub mod rule;
pub mod table;
pub mod timeline;
pub mod words;
