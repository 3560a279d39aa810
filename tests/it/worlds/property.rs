//! What must hold when the faults have stopped.

use std::hash::{DefaultHasher, Hash, Hasher};

use hourwire::simulator::Simulator;

use super::matching::Misfit;

/// How often a program may be refused for want of quota without a fault: a plan that shrank says so by refusing.
pub fn quota_kept(simulator: &Simulator, replans: usize) -> Result<(), String> {
    // An injected refusal names no bucket.
    let spent = |row: &&hourwire::simulator::listing::Asked| {
        matches!(row.status, Some(402 | 429)) && row.bucket.is_some() && row.remaining == Some(0)
    };
    let requests = simulator.requests();
    let refused: Vec<String> = requests
        .iter()
        .filter(spent)
        .map(|row| format!("{} {} {} {}", row.time.format("%H:%M:%S%.3f"), row.service, row.method, row.path))
        .collect();
    // One refusal for each bucket of the service whose plan changed.
    if refused.len() > replans * 2 {
        return Err(format!("{} calls into an exhausted bucket: {refused:#?}", refused.len()));
    }
    Ok(())
}

/// Calls that the services refused as wrong: a client that is understood makes none.
pub fn well_formed(simulator: &Simulator) -> Result<(), String> {
    let wrong: Vec<String> = simulator
        .requests()
        .iter()
        .filter(|row| row.bucket.is_some() && matches!(row.status, Some(401 | 403 | 405 | 415)))
        .map(|row| format!("{} {} {} → {:?}", row.service, row.method, row.path, row.status))
        .collect();
    if wrong.is_empty() { Ok(()) } else { Err(format!("refused as wrong: {wrong:?}")) }
}

/// A digest of every request that the program sent: equal seeds give equal stories.
pub fn digest(simulator: &Simulator) -> u64 {
    let mut hash = DefaultHasher::new();
    for row in simulator.requests() {
        (row.time, row.method, row.path, row.body.to_string(), row.status).hash(&mut hash);
    }
    hash.finish()
}

/// A misfit in words.
pub fn told(misfit: &Misfit) -> String {
    let mut lines = vec![format!("{} missing, {} surplus", misfit.missing.len(), misfit.surplus.len())];
    for want in misfit.missing.iter().take(4) {
        lines.push(format!("  missing for entry {}: {:?}", want.entry, want.bodies));
    }
    for body in misfit.surplus.iter().take(4) {
        lines.push(format!("  surplus: {body:?}"));
    }
    lines.join("\n")
}
