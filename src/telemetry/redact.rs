//! Redaction: what must never reach a log, whoever wrote the line.
//!
//! Two nets. Registered secrets are replaced wherever they stand, also in their base64, URL-encoded and JSON-escaped
//! forms. And by their place, without being known: values of credential headers and fields, signatures, `Basic` and
//! `Bearer` values, and the secret segment of a hook path.

mod forms;
mod places;

use std::borrow::Cow;
use std::io::{self, Write};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use tracing_subscriber::fmt::MakeWriter;

/// What stands in the place of a secret.
pub const MASK: &str = "[redacted]";

/// A secret shorter than this is not looked for: it would be found in ordinary words.
const SHORTEST: usize = 6;

/// The registered secrets. Clones share them.
#[derive(Clone, Default)]
pub struct Redactor {
    /// All forms of all secrets, longest first, so that no form leaves a rest of a longer one.
    forms: Arc<RwLock<Vec<String>>>,
}

impl Redactor {
    /// A redactor of its own, for tests.
    pub fn new() -> Self {
        Self::default()
    }

    /// The one that the logs of this process use.
    pub fn global() -> &'static Self {
        static GLOBAL: OnceLock<Redactor> = OnceLock::new();
        GLOBAL.get_or_init(Self::default)
    }

    /// Hides a secret from now on: a token, a webhook secret, a hook path segment. Secrets of fewer than six bytes
    /// are not looked for.
    pub fn register(&self, secret: &str) {
        if secret.len() < SHORTEST {
            return;
        }
        let mut forms = self.forms.write().unwrap_or_else(PoisonError::into_inner);
        for form in forms::of(secret) {
            if !forms.contains(&form) {
                forms.push(form);
            }
        }
        forms.sort_by_key(|form| std::cmp::Reverse(form.len()));
    }

    /// The text without secrets.
    pub fn redact<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut text = Cow::Borrowed(text);
        for form in self.forms.read().unwrap_or_else(PoisonError::into_inner).iter() {
            if text.contains(form.as_str()) {
                text = Cow::Owned(text.replace(form.as_str(), MASK));
            }
        }
        match places::redact(&text) {
            Some(redacted) => Cow::Owned(redacted),
            None => text,
        }
    }
}

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Redactor").finish_non_exhaustive()
    }
}

/// Makes writers that redact. Every write must hold whole lines, as `tracing_subscriber::fmt` gives them.
#[derive(Clone, Debug)]
pub struct Redacting<M> {
    inner: M,
    redactor: Redactor,
}

impl<M> Redacting<M> {
    /// Redacts on the way into `inner`.
    pub fn new(inner: M, redactor: Redactor) -> Self {
        Self { inner, redactor }
    }
}

impl<'a, M: MakeWriter<'a>> MakeWriter<'a> for Redacting<M> {
    type Writer = RedactingWriter<M::Writer>;

    fn make_writer(&'a self) -> Self::Writer {
        RedactingWriter { inner: self.inner.make_writer(), redactor: self.redactor.clone() }
    }
}

/// A writer that redacts each write.
pub struct RedactingWriter<W> {
    inner: W,
    redactor: Redactor,
}

impl<W: Write> Write for RedactingWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        self.inner.write_all(visible(&self.redactor.redact(&text)).as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// Escapes, as JSON does, what could move a cursor or turn text around when the log is read with `cat`. The JSON
/// writer has done so below 0x20.
fn visible(text: &str) -> Cow<'_, str> {
    let hidden = |c: char| {
        matches!(c, '\u{7f}'..='\u{9f}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{2069}' | '\u{feff}')
    };
    if !text.contains(hidden) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if hidden(c) {
            out.push_str(&format!("\\u{:04x}", u32::from(c)));
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overlapping_secrets_leave_no_rest() {
        let redactor = Redactor::new();
        redactor.register("abcdefgh");
        redactor.register("abcdefghijkl");
        assert_eq!(redactor.redact("x abcdefghijkl y"), "x [redacted] y");
    }

    #[test]
    fn short_secrets_do_not_eat_words() {
        let redactor = Redactor::new();
        redactor.register("an");
        assert_eq!(redactor.redact("an entry"), "an entry");
    }

    #[test]
    fn a_writer_redacts_and_shows_hidden_characters() {
        let redactor = Redactor::new();
        redactor.register("canary-7f3a");
        let mut writer = RedactingWriter { inner: Vec::new(), redactor };
        writer.write_all("{\"m\":\"canary-7f3a \u{202e}\u{9b}31m ü\"}\n".as_bytes()).unwrap();
        assert_eq!(String::from_utf8(writer.inner).unwrap(), "{\"m\":\"[redacted] \\u202e\\u009b31m ü\"}\n");
    }

    #[test]
    fn nothing_of_the_redactor_shows_in_debug() {
        let redactor = Redactor::new();
        redactor.register("canary-7f3a");
        assert!(!format!("{redactor:?}").contains("canary"));
    }
}
