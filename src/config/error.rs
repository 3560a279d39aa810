//! What is wrong in a file of a person, where, and what to do about it.

use std::fmt;

use crate::domain::text::clean;

/// One mistake. Shown as `hourwire.toml:12:5: what; cure`, without the position where there is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct ConfigError {
    /// The file as a person names it: relative to the config folder, else a full path.
    pub file: String,
    /// Line from 1; 0 when the mistake has no place in the file.
    pub line: usize,
    /// Column from 1, in characters; 0 without a line.
    pub column: usize,
    /// What is wrong, and about what.
    pub what: String,
    /// What to do; may be empty when `what` says it all.
    pub cure: String,
}

impl ConfigError {
    /// A mistake about a file as a whole.
    pub fn about(file: impl Into<String>, what: impl Into<String>, cure: impl Into<String>) -> Self {
        Self { file: file.into(), line: 0, column: 0, what: what.into(), cure: cure.into() }
    }

    /// A mistake at a byte offset of `text`.
    pub fn at(
        file: impl Into<String>,
        text: &str,
        offset: usize,
        what: impl Into<String>,
        cure: impl Into<String>,
    ) -> Self {
        let (line, column) = position(text, offset);
        Self { file: file.into(), line, column, what: what.into(), cure: cure.into() }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&clean(&self.file))?;
        if self.line > 0 {
            write!(f, ":{}:{}", self.line, self.column)?;
        }
        write!(f, ": {}", clean(&self.what))?;
        if self.cure.is_empty() { Ok(()) } else { write!(f, "; {}", clean(&self.cure)) }
    }
}

/// All mistakes found in one go, in file order; never empty. Shown one a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistakes(pub Vec<ConfigError>);

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, error) in self.0.iter().enumerate() {
            if n > 0 {
                f.write_str("\n")?;
            }
            error.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for Mistakes {}

impl From<ConfigError> for Mistakes {
    fn from(error: ConfigError) -> Self {
        Self(vec![error])
    }
}

/// Line and column, both from 1, of a byte offset; columns count characters as editors do.
fn position(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset.min(text.len())).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (line, column)
}

#[cfg(test)]
mod tests {
    use super::{ConfigError, position};

    #[test]
    fn positions_count_characters_from_one() {
        let text = "a = 1\nnäme = 2\n";
        assert_eq!(position(text, 0), (1, 1));
        assert_eq!(position(text, text.find("= 2").unwrap_or_default()), (2, 6));
        assert_eq!(position(text, 999), (3, 1));
    }

    #[test]
    fn a_mistake_reads_like_a_compiler_message() {
        let error = ConfigError::at("hourwire.toml", "a\n  b", 4, "unknown key `b`", "did you mean `bb`?");
        assert_eq!(error.to_string(), "hourwire.toml:2:3: unknown key `b`; did you mean `bb`?");
        assert_eq!(ConfigError::about("x\u{1b}[2J", "gone", "").to_string(), "x\u{fffd}[2J: gone");
    }
}
