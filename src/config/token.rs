//! Where an account's token comes from, and getting it. The caller registers what it gets with the redaction.

use std::fmt;
use std::process::Stdio;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use tokio::process::Command;

use super::error::ConfigError;

/// How long a `token_command` may take.
pub const COMMAND_LIMIT: Duration = Duration::from_secs(10);

/// The three ways to give a token.
#[derive(Clone)]
pub enum TokenSource {
    /// `token = "…"` in a file of mode 0600.
    Plain(SecretString),
    /// `token_env = "NAME"`.
    Env(String),
    /// `token_command = "…"`, run with `sh -c`.
    Command(String),
}

impl fmt::Debug for TokenSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain(_) => f.write_str("Plain(…)"),
            Self::Env(name) => f.debug_tuple("Env").field(name).finish(),
            Self::Command(line) => f.debug_tuple("Command").field(line).finish(),
        }
    }
}

impl PartialEq for TokenSource {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Plain(a), Self::Plain(b)) => a.expose_secret() == b.expose_secret(),
            (Self::Env(a), Self::Env(b)) | (Self::Command(a), Self::Command(b)) => a == b,
            _ => false,
        }
    }
}

/// A token's source and its place in the file, for messages when it yields nothing.
#[derive(Clone, Debug)]
pub struct Token {
    /// Where it comes from.
    pub source: TokenSource,
    /// The place, without words.
    pub(super) place: ConfigError,
}

impl PartialEq for Token {
    /// Two tokens are the same when their sources are; lines move as a file is edited.
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

impl Token {
    /// Gets the token: at once, from the environment, or from the first line a command prints within 10 s.
    pub async fn resolve(&self) -> Result<SecretString, ConfigError> {
        self.resolve_within(COMMAND_LIMIT).await
    }

    async fn resolve_within(&self, limit: Duration) -> Result<SecretString, ConfigError> {
        match &self.source {
            TokenSource::Plain(token) => Ok(token.clone()),
            TokenSource::Env(name) => match std::env::var(name) {
                Ok(value) if !value.trim().is_empty() => Ok(SecretString::from(value.trim())),
                Ok(_) => Err(self.fails(
                    format!("the environment variable {name} is empty"),
                    format!("put the token into {name}"),
                )),
                Err(_) => Err(self.fails(
                    format!("the environment variable {name} is not set"),
                    format!("export {name} with the token before the start, or use token_command"),
                )),
            },
            TokenSource::Command(line) => self.run(line, limit).await,
        }
    }

    async fn run(&self, line: &str, limit: Duration) -> Result<SecretString, ConfigError> {
        let cure = format!("run it yourself: sh -c '{}'", line.replace('\'', "'\\''"));
        let child = Command::new("sh")
            .args(["-c", line])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // A group of its own, so that a shell's children end with it.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(|e| self.fails(format!("token_command can't be started: {e}"), &cure))?;
        let group = child.id().and_then(|id| rustix::process::Pid::from_raw(id.cast_signed()));
        let output = match tokio::time::timeout(limit, child.wait_with_output()).await {
            Ok(output) => output.map_err(|e| self.fails(format!("token_command broke off: {e}"), &cure))?,
            Err(_) => {
                if let Some(group) = group {
                    // It may have ended in between, which is as good.
                    let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
                }
                let what = format!("token_command gave no token within {} s", limit.as_secs());
                return Err(self.fails(what, &cure));
            }
        };
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            let said: String = said.lines().next().unwrap_or_default().trim().chars().take(160).collect();
            let colon = if said.is_empty() { "" } else { ": " };
            return Err(self.fails(format!("token_command ended with {}{colon}{said}", output.status), &cure));
        }
        let text = String::from_utf8_lossy(&output.stdout);
        match text.lines().next().map(str::trim) {
            Some(token) if !token.is_empty() => Ok(SecretString::from(token)),
            _ => Err(self.fails("token_command printed no token on its first line", &cure)),
        }
    }

    fn fails(&self, what: impl Into<String>, cure: impl Into<String>) -> ConfigError {
        ConfigError { what: what.into(), cure: cure.into(), ..self.place.clone() }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use secrecy::ExposeSecret;

    use super::{Token, TokenSource};
    use crate::config::error::ConfigError;

    fn token(source: TokenSource) -> Token {
        Token { source, place: ConfigError::at("hourwire.toml", "x\n  y", 4, "", "") }
    }

    fn command(line: &str) -> Token {
        token(TokenSource::Command(line.to_owned()))
    }

    #[tokio::test]
    async fn a_command_gives_the_first_line_trimmed() {
        let got = command("printf '  abc123 \\nsecond\\n'").resolve().await.unwrap();
        assert_eq!(got.expose_secret(), "abc123");
    }

    #[tokio::test]
    async fn a_failing_or_silent_command_says_what_to_do() {
        let error = command("echo locked >&2; exit 3").resolve().await.unwrap_err().to_string();
        assert!(
            error.starts_with("hourwire.toml:2:3: token_command ended with exit status: 3: locked;"),
            "{error}"
        );
        let error = command("true").resolve().await.unwrap_err().to_string();
        assert!(
            error.contains("printed no token") && error.contains("run it yourself: sh -c 'true'"),
            "{error}"
        );
    }

    #[tokio::test]
    async fn a_hanging_command_ends_with_its_children() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pid");
        let slow = command(&format!("sleep 300 & echo $! > {}; wait", file.display()));
        let error = slow.resolve_within(Duration::from_millis(500)).await.unwrap_err();
        assert!(error.what.contains("no token within"), "{error}");
        let pid: i32 = std::fs::read_to_string(&file).unwrap().trim().parse().unwrap();
        let pid = rustix::process::Pid::from_raw(pid).unwrap();
        for _ in 0..500 {
            let stat =
                std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).unwrap_or_default();
            if rustix::process::test_kill_process(pid).is_err() || stat.contains(") Z ") {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("the command's child outlived it");
    }

    #[tokio::test]
    async fn a_missing_variable_is_named() {
        let env = token(TokenSource::Env("HOURWIRE_TEST_UNSET_VARIABLE".to_owned()));
        let error = env.resolve().await.unwrap_err().to_string();
        assert!(error.contains("HOURWIRE_TEST_UNSET_VARIABLE is not set"), "{error}");
    }

    #[test]
    fn debug_shows_no_secret() {
        let shown = format!("{:?}", token(TokenSource::Plain("s3cret".into())));
        assert!(!shown.contains("s3cret"), "{shown}");
    }
}
