//! The two ways of the network: from the engine to the services, and from the services to the receiver.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Which ways are open; clones share it.
#[derive(Clone)]
pub struct Net {
    out: Arc<AtomicBool>,
    tunnel: Arc<AtomicBool>,
}

impl Net {
    /// Everything works.
    pub fn new() -> Self {
        Self { out: Arc::new(AtomicBool::new(true)), tunnel: Arc::new(AtomicBool::new(true)) }
    }

    /// Whether requests reach the services.
    pub fn out(&self) -> bool {
        self.out.load(Ordering::Relaxed)
    }

    /// Whether deliveries reach the receiver.
    pub fn tunnel(&self) -> bool {
        self.tunnel.load(Ordering::Relaxed)
    }

    /// Opens or closes the way to the services.
    pub fn set_out(&self, open: bool) {
        self.out.store(open, Ordering::Relaxed);
    }

    /// Opens or closes the way to the receiver.
    pub fn set_tunnel(&self, open: bool) {
        self.tunnel.store(open, Ordering::Relaxed);
    }
}
