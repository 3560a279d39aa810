//! A command of the person that runs when something happens, with the facts in its environment. Reusable: who has news
//! makes the facts, this runs the command. It never waits for it and never shows what it prints.

use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tokio::process::Command;
use tokio::sync::mpsc;

/// How long a command may take.
const LIMIT: Duration = Duration::from_secs(30);
/// News that may wait for a slow command; more are dropped, with a line in the log.
const WAITING: usize = 16;

/// A command for one kind of news. Clones run one after another.
#[derive(Clone, Debug)]
pub struct HookCommand {
    event: &'static str,
    news: mpsc::Sender<News>,
}

/// Facts, and what follows when the command has run with them.
struct News {
    facts: Value,
    ran: Option<Ran>,
}

/// Called once after a run, however it ended.
pub type Ran = Box<dyn FnOnce() + Send>;

impl HookCommand {
    /// A line for `sh -c` that runs for each fact told; its runs end with the last clone.
    pub fn start(event: &'static str, line: String) -> Self {
        Self::start_within(event, line, LIMIT)
    }

    fn start_within(event: &'static str, line: String, limit: Duration) -> Self {
        let (news, mut waiting) = mpsc::channel::<News>(WAITING);
        tokio::spawn(async move {
            while let Some(News { facts, ran }) = waiting.recv().await {
                run(event, &line, &facts, limit).await;
                if let Some(ran) = ran {
                    ran();
                }
            }
        });
        Self { event, news }
    }

    /// Runs the command with these facts, after those told before.
    pub fn tell(&self, facts: Value) {
        if self.news.try_send(News { facts, ran: None }).is_err() {
            tracing::warn!(event = self.event, "the hook's command is slow; one piece of news was dropped");
        }
    }

    /// The same, with what follows its run; false when too much waits already, and nothing will run.
    pub fn tell_then(&self, facts: Value, ran: Ran) -> bool {
        self.news.try_send(News { facts, ran: Some(ran) }).is_ok()
    }
}

async fn run(event: &str, line: &str, facts: &Value, limit: Duration) {
    let child = Command::new("sh")
        .args(["-c", line])
        .env("HOURWIRE_EVENT", event)
        .env("HOURWIRE_FACTS", facts.to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        // A group of its own, so that a shell's children end with it.
        .process_group(0)
        .kill_on_drop(true)
        .spawn();
    let mut child = match child {
        Ok(child) => child,
        Err(error) => {
            tracing::warn!(event, %error, "the hook's command can't be started");
            return;
        }
    };
    let group = child.id().and_then(|id| rustix::process::Pid::from_raw(id.cast_signed()));
    match tokio::time::timeout(limit, child.wait()).await {
        Ok(Ok(status)) if status.success() => {}
        Ok(Ok(status)) => {
            tracing::warn!(event, %status, "the hook's command failed; run it by hand to see why");
        }
        Ok(Err(error)) => tracing::warn!(event, %error, "the hook's command broke off"),
        Err(_) => {
            if let Some(group) = group {
                // It may have ended in between, which is as good.
                let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
            }
            tracing::warn!(event, "the hook's command took too long and was ended");
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    async fn lines(path: &std::path::Path, count: usize) -> Vec<String> {
        for _ in 0..1_000 {
            let text = std::fs::read_to_string(path).unwrap_or_default();
            if text.lines().count() >= count {
                return text.lines().map(str::to_owned).collect();
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("the command did not write");
    }

    #[tokio::test]
    async fn the_facts_are_in_the_environment_and_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("told");
        let line = format!("echo \"$HOURWIRE_EVENT $HOURWIRE_FACTS\" >> {}", file.display());
        let hook = HookCommand::start("quota", line);
        hook.tell(json!({"level": "low", "note": "a 'quoted' \"text\""}));
        hook.tell(json!({"level": "dry"}));
        let told = lines(&file, 2).await;
        assert_eq!(told[0], r#"quota {"level":"low","note":"a 'quoted' \"text\""}"#);
        assert_eq!(told[1], r#"quota {"level":"dry"}"#);
    }

    #[tokio::test]
    async fn a_hanging_command_ends_and_the_next_one_runs() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("told");
        let line = format!("test \"$HOURWIRE_FACTS\" = 1 && sleep 300; echo ran >> {}", file.display());
        let hook = HookCommand::start_within("quota", line, Duration::from_millis(200));
        hook.tell(json!(1));
        hook.tell(json!(2));
        assert_eq!(lines(&file, 1).await, ["ran"]);
    }
}
