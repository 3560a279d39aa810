//! Which wanted entry explains which found one: a matching that covers every entry found and every one that must be.

use super::source::Body;

/// What one source entry implies.
#[derive(Clone, Debug)]
pub struct Want {
    /// The source entry.
    pub entry: i64,
    /// Must be there; else it may.
    pub must: bool,
    /// The contents that are right; more than one where the moment of sending decides.
    pub bodies: Vec<Body>,
}

/// What does not fit.
#[derive(Clone, Debug, Default)]
pub struct Misfit {
    /// Wanted and not found.
    pub missing: Vec<Want>,
    /// Found and not wanted: a double, a stranger, an old state.
    pub surplus: Vec<Body>,
}

/// Finds for every want the index of the entry that it explains, or what does not fit.
pub fn explain(wants: &[Want], found: &[Body]) -> Result<Vec<Option<usize>>, Misfit> {
    let mut pairs =
        Pairs { wants, found, of_want: vec![None; wants.len()], of_found: vec![None; found.len()] };
    let mut misfit = Misfit::default();
    for (index, want) in wants.iter().enumerate().filter(|(_, want)| want.must) {
        if !pairs.place_want(index, &mut vec![false; found.len()]) {
            misfit.missing.push(want.clone());
        }
    }
    for (index, body) in found.iter().enumerate() {
        if pairs.of_found[index].is_none() && !pairs.place_found(index, &mut vec![false; wants.len()]) {
            misfit.surplus.push(body.clone());
        }
    }
    if misfit.missing.is_empty() && misfit.surplus.is_empty() { Ok(pairs.of_want) } else { Err(misfit) }
}

struct Pairs<'a> {
    wants: &'a [Want],
    found: &'a [Body],
    of_want: Vec<Option<usize>>,
    of_found: Vec<Option<usize>>,
}

impl Pairs<'_> {
    fn fits(&self, want: usize, found: usize) -> bool {
        self.wants[want].bodies.contains(&self.found[found])
    }

    fn join(&mut self, want: usize, found: usize) {
        self.of_want[want] = Some(found);
        self.of_found[found] = Some(want);
    }

    /// Gives a want an entry, moving others along; nobody who has one loses it.
    fn place_want(&mut self, want: usize, tried: &mut Vec<bool>) -> bool {
        for found in 0..self.found.len() {
            if tried[found] || !self.fits(want, found) {
                continue;
            }
            tried[found] = true;
            let free = match self.of_found[found] {
                None => true,
                Some(other) => self.place_want(other, tried),
            };
            if free {
                self.join(want, found);
                return true;
            }
        }
        false
    }

    /// The same from the other side.
    fn place_found(&mut self, found: usize, tried: &mut Vec<bool>) -> bool {
        for want in 0..self.wants.len() {
            if tried[want] || !self.fits(want, found) {
                continue;
            }
            tried[want] = true;
            let free = match self.of_want[want] {
                None => true,
                Some(other) => self.place_found(other, tried),
            };
            if free {
                self.join(want, found);
                return true;
            }
        }
        false
    }
}
