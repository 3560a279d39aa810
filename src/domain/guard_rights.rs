//! Has the creator of a subscription lost rights? It then tells only what that person may see, and nothing says so: what
//! others do stops being heard while own changes go on.

use serde::{Deserialize, Serialize};

/// Own changes in a row after which it is worth a look, where others were heard before. Two people who work alike are
/// so quiet by chance once in 4,096 times.
const HUSHED: u32 = 12;

/// Whose changes were delivered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Voices {
    others: bool,
    own_in_a_row: u32,
}

impl Voices {
    /// A change was delivered: of the creator, or of somebody else.
    pub fn heard(&mut self, own: bool) {
        *self = if own {
            Self { own_in_a_row: self.own_in_a_row.saturating_add(1), ..*self }
        } else {
            Self { others: true, own_in_a_row: 0 }
        };
    }

    /// Others have fallen silent.
    pub fn is_hushed(&self) -> bool {
        self.others && self.own_in_a_row >= HUSHED
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_others_who_were_heard_can_fall_silent() {
        let heard = |voices: &[bool]| {
            let mut all = Voices::default();
            for own in voices {
                all.heard(*own);
            }
            all.is_hushed()
        };
        let alone = [true; 40];
        assert!(!heard(&alone), "one person alone");
        assert!(heard(&[&[false][..], &[true; 12]].concat()));
        assert!(!heard(&[&[false][..], &[true; 11]].concat()));
        assert!(!heard(&[&[false][..], &[true; 30], &[false], &[true; 5]].concat()), "and heard again");
    }
}
