//! The dashboard: `update(&mut Model, Msg) -> Vec<Effect>` and `view(&Model, frame)`, both pure.
