//! What projects, clients, tags and tasks have in common: names and their reservation.

use super::Clockify;
use super::refuse::{self, Outcome};

impl Clockify {
    /// Whether two names are the same name to the service.
    pub(super) fn same_name(&self, a: &str, b: &str) -> bool {
        if self.invented.names_ignore_case { a.to_lowercase() == b.to_lowercase() } else { a == b }
    }
}

/// A name that is present, has no angle brackets and a length (in characters) within the bounds.
pub(super) fn checked_name(noun: &str, name: Option<String>, least: usize, most: usize) -> Outcome<String> {
    let name = name.ok_or_else(|| refuse::domain(format!("{noun} name is required")))?;
    if name.contains(['<', '>']) {
        return Err(refuse::domain("You entered wrong value. Don't use \"<\" and \">\" characters"));
    }
    if !(least..=most).contains(&name.chars().count()) {
        let message = format!("{noun} name has to be between {least} and {most} characters long");
        return Err(refuse::domain(message));
    }
    Ok(name)
}

/// Refuses a text longer than `most` characters.
pub(super) fn checked_length(field: &str, text: Option<&String>, most: usize) -> Outcome<()> {
    match text {
        Some(text) if text.chars().count() > most => {
            Err(refuse::domain(format!("{field} length must be between 0 and {most}")))
        }
        _ => Ok(()),
    }
}
