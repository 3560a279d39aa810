//! Both ends of the door as channels. A socket carries the same messages.

use tokio::sync::mpsc;

use super::message::{FromEngine, ToEngine};

/// Messages that may wait for a slow viewer before it is dropped and has to resync.
pub const QUEUE: usize = 256;

/// A viewer's end.
#[derive(Debug)]
pub struct ViewerEnd {
    /// To the engine.
    pub to_engine: mpsc::Sender<ToEngine>,
    /// From the engine; closed when the engine is gone or dropped this viewer.
    pub from_engine: mpsc::Receiver<FromEngine>,
}

/// The engine's end of one viewer.
#[derive(Debug)]
pub struct EngineEnd {
    /// From the viewer; closed when it left.
    pub from_viewer: mpsc::Receiver<ToEngine>,
    /// To the viewer.
    pub to_viewer: mpsc::Sender<FromEngine>,
}

/// A pair of ends in memory.
pub fn pair() -> (ViewerEnd, EngineEnd) {
    let (to_engine, from_viewer) = mpsc::channel(QUEUE);
    let (to_viewer, from_engine) = mpsc::channel(QUEUE);
    (ViewerEnd { to_engine, from_engine }, EngineEnd { from_viewer, to_viewer })
}

/// Where new viewers are announced to the engine.
#[derive(Clone, Debug)]
pub struct Door {
    arrivals: mpsc::Sender<EngineEnd>,
}

impl Door {
    /// A door and the engine's list of arrivals.
    pub fn new() -> (Self, mpsc::Receiver<EngineEnd>) {
        let (arrivals, list) = mpsc::channel(16);
        (Self { arrivals }, list)
    }

    /// Enters as a viewer; `None` when the engine is gone.
    pub async fn enter(&self) -> Option<ViewerEnd> {
        let (viewer, engine) = pair();
        self.arrivals.send(engine).await.ok()?;
        Some(viewer)
    }
}
