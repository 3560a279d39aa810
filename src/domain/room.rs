//! How much room the disk has for what may not be lost.

use serde::{Deserialize, Serialize};

/// Less than this is little: the two logs grow by megabytes a day, and a person needs the time to make room.
pub const LITTLE: u64 = 64 << 20;

/// The disk under the logs, best first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Room {
    /// There is room.
    #[default]
    Enough,
    /// It is nearly full; everything is still kept.
    Little,
    /// It is full; what comes is still kept, in the room held back for this day.
    Reserve,
    /// It is full, and the newest delivery could not be kept.
    Full,
    /// It refused the newest delivery for another reason.
    Broken,
}

impl Room {
    /// The word for scripts.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Enough => "enough",
            Self::Little => "little",
            Self::Reserve => "reserve",
            Self::Full => "full",
            Self::Broken => "broken",
        }
    }

    /// Whether work that can wait stops: reading history and sending what it brought.
    pub fn is_short(self) -> bool {
        self > Self::Enough
    }

    /// From the bytes that are free, if known, and what a log met.
    pub fn of(free: Option<u64>, met: Self) -> Self {
        let by_figure = if free.is_some_and(|free| free < LITTLE) { Self::Little } else { Self::Enough };
        by_figure.max(met)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worse_of_figure_and_experience_counts() {
        use Room::{Broken, Enough, Full, Little, Reserve};
        for (free, met, room) in [
            (Some(LITTLE), Enough, Enough),
            (Some(LITTLE - 1), Enough, Little),
            (None, Enough, Enough),
            (Some(0), Reserve, Reserve),
            // A quota can be used up on a disk with room.
            (Some(u64::MAX), Full, Full),
            (Some(0), Broken, Broken),
        ] {
            assert_eq!(Room::of(free, met), room, "{free:?} {met:?}");
        }
    }

    #[test]
    fn only_enough_room_lets_history_go_on() {
        let short = [Room::Enough, Room::Little, Room::Reserve, Room::Full, Room::Broken].map(Room::is_short);
        assert_eq!(short, [false, true, true, true, true]);
    }
}
