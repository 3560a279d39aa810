//! When a bucket is worth a word outside the screen: once when it gets low, once when it is dry, once when it is well.

use serde::{Deserialize, Serialize};

/// Percent above the threshold that make a low bucket well again, so that it does not flutter.
const MARGIN: i64 = 10;

/// How a bucket stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Enough is left.
    #[default]
    Well,
    /// At or below the threshold.
    Low,
    /// Nothing is left, or the service refused.
    Dry,
}

/// How a bucket stands now. `percent` is the threshold; `before` is how it stood, as a low one is well only clearly
/// above it.
pub fn level(before: Level, remaining: i64, limit: u32, refused: bool, percent: u32) -> Level {
    let (share, threshold) = (remaining * 100, i64::from(limit) * i64::from(percent));
    let clear = threshold + i64::from(limit) * MARGIN;
    if refused || remaining <= 0 {
        Level::Dry
    } else if share <= threshold || (before != Level::Well && share <= clear) {
        Level::Low
    } else {
        Level::Well
    }
}

/// Whether the step from one level to another is news: worse, or well again.
pub fn is_news(before: Level, now: Level) -> bool {
    now > before || (now == Level::Well && before != Level::Well)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_is_news_when_it_gets_worse_and_when_it_is_well() {
        let mut before = Level::Well;
        let mut news = Vec::new();
        for left in [20, 7, 6, 5, 7, 6, 1, 0, 0, 3, 8, 9, 10, 30, 6] {
            let now = level(before, left, 30, false, 20);
            if is_news(before, now) {
                news.push((left, now));
            }
            before = now;
        }
        assert_eq!(news, [(6, Level::Low), (0, Level::Dry), (10, Level::Well), (6, Level::Low)]);
        assert_eq!(level(Level::Well, 25, 30, true, 20), Level::Dry, "the service said no");
        assert_eq!(level(Level::Well, 1, 30, false, 0), Level::Well, "0 is only dry");
    }
}
