//! How many connections there are, and which one goes when there are too many: the one that is idle for longest.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio_util::sync::CancellationToken;

/// All connections together.
const MOST: usize = 256;

struct State {
    busy: bool,
    /// Grows with every use, so that the smallest is the oldest.
    used: u64,
    drop: CancellationToken,
}

#[derive(Default)]
struct Table {
    states: BTreeMap<u64, State>,
    clock: u64,
}

/// The open connections.
#[derive(Clone, Default)]
pub(super) struct Connections(Arc<Mutex<Table>>);

/// The place of one connection; given up when dropped.
pub(super) struct Place {
    connections: Connections,
    id: u64,
    /// Cancelled when the connection must make room.
    pub dropped: CancellationToken,
}

impl Connections {
    /// A place for a new connection; drops the oldest idle one if there is none left. `None` when all are busy.
    pub fn admit(&self) -> Option<Place> {
        let mut table = self.table();
        if table.states.len() >= MOST {
            let oldest =
                table.states.iter().filter(|(_, state)| !state.busy).min_by_key(|(_, state)| state.used);
            let oldest = oldest.map(|(&id, _)| id)?;
            if let Some(state) = table.states.remove(&oldest) {
                state.drop.cancel();
            }
        }
        table.clock += 1;
        let (id, dropped) = (table.clock, CancellationToken::new());
        table.states.insert(id, State { busy: false, used: id, drop: dropped.clone() });
        Some(Place { connections: self.clone(), id, dropped })
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// Says whether a request is being answered.
    pub fn set_busy(&self, busy: bool) {
        let mut table = self.connections.table();
        table.clock += 1;
        let now = table.clock;
        if let Some(state) = table.states.get_mut(&self.id) {
            state.busy = busy;
            state.used = now;
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.connections.table().states.remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_idle_connection_makes_room() {
        let connections = Connections::default();
        let places: Vec<Place> = (0..MOST).map(|_| connections.admit().unwrap()).collect();
        places[0].set_busy(true);
        places[1].set_busy(true);
        places[1].set_busy(false);
        let _more: Vec<Place> = (0..2).map(|_| connections.admit().unwrap()).collect();
        let dropped: Vec<usize> = (0..MOST).filter(|&n| places[n].dropped.is_cancelled()).collect();
        assert_eq!(dropped, [2, 3], "0 is busy, 1 was used last");
    }

    #[test]
    fn when_all_are_busy_a_new_one_is_turned_away_until_one_ends() {
        let connections = Connections::default();
        let mut places: Vec<Place> = (0..MOST).map(|_| connections.admit().unwrap()).collect();
        for place in &places {
            place.set_busy(true);
        }
        assert!(connections.admit().is_none());
        places.pop();
        assert!(connections.admit().is_some());
    }
}
