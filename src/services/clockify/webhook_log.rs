//! What the service remembers of its deliveries, for seven days: attempts, and where each event stands.
//!
//! The bodies of failed ones can be read back from here after an outage, at the price of requests.

use ::http::{HeaderMap, Method};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::{Call, Clockify, entry, page_of};
use crate::domain::clockify_hook::Fate;
use crate::domain::id::RemoteId;
use crate::services::http::{Answer, Ask, Page};
use crate::services::loose::{id_at, instant_at, number_at, rows, text_at};

/// Which attempts to list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Attempts {
    /// All of them.
    #[default]
    All,
    /// Those answered with success.
    Succeeded,
    /// The others.
    Failed,
}

impl Attempts {
    const fn as_str(self) -> &'static str {
        match self {
            Self::All => "ALL",
            Self::Succeeded => "SUCCEEDED",
            Self::Failed => "FAILED",
        }
    }
}

/// One attempt at a delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogRow {
    /// Its id.
    pub id: RemoteId,
    /// The webhook.
    pub webhook: Option<RemoteId>,
    /// The event that it was an attempt at: [`StatusRow::id`].
    pub status: Option<RemoteId>,
    /// What was delivered.
    pub request_body: String,
    /// What the address answered.
    pub response_body: String,
    /// The HTTP status that it answered; `None` when it did not answer.
    pub status_code: Option<i64>,
    /// When it answered.
    pub responded_at: Option<DateTime<Utc>>,
}

/// An event of a webhook, with its latest attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusRow {
    /// Its id.
    pub id: RemoteId,
    /// The webhook.
    pub webhook: Option<RemoteId>,
    /// The latest attempt: [`LogRow::id`].
    pub log: Option<RemoteId>,
    /// Where it stands; `None` for a word that is not known.
    pub fate: Option<Fate>,
    /// The HTTP status of the latest attempt.
    pub status_code: Option<i64>,
    /// When the latest attempt was answered.
    pub responded_at: Option<DateTime<Utc>>,
    /// Attempts after the first.
    pub retries: i64,
    /// What was delivered.
    pub request_body: String,
    /// What the address answered.
    pub response_body: String,
}

impl Clockify {
    /// One page of the attempts between two instants, newest first; pages count from 0.
    pub async fn webhook_logs(
        &self,
        id: &RemoteId,
        (from, to): (DateTime<Utc>, DateTime<Utc>),
        which: Attempts,
        page: u32,
        size: u32,
    ) -> Answer<Page<LogRow>> {
        let body = json!({
            "from": entry::seconds(from), "to": entry::seconds(to), "sortByNewest": true, "status": which.as_str(),
        });
        let ask = self
            .hook(id, "/logs")
            .map(|path| Ask::new(Method::POST, path).with("page", page).with("size", size).body(body));
        self.ask(Call::WebhookLogs, ask, |headers, body| listed(headers, body, size, log)).await
    }

    /// One page of the events of a webhook, of all fates or of one; pages count from 0.
    pub async fn webhook_statuses(
        &self,
        id: &RemoteId,
        which: Option<Fate>,
        page: u32,
        size: u32,
    ) -> Answer<Page<StatusRow>> {
        let ask = self.hook(id, "/statuses").map(|path| {
            let ask = Ask::get(path).with("page", page).with("size", size);
            match which {
                Some(fate) => ask.with("statuses", fate.as_str()),
                None => ask,
            }
        });
        self.ask(Call::WebhookStatuses, ask, |headers, body| listed(headers, body, size, status)).await
    }
}

fn listed<T>(
    headers: &HeaderMap,
    body: Value,
    size: u32,
    read: impl Fn(&Value) -> Result<T, String>,
) -> Result<Page<T>, String> {
    let list = rows(body)?.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    Ok(page_of(headers, list, size as usize))
}

fn log(row: &Value) -> Result<LogRow, String> {
    Ok(LogRow {
        id: id_at(row, &["id"]).ok_or("a webhook's log without id")?,
        webhook: id_at(row, &["webhookId"]),
        status: id_at(row, &["webhookEventStatusId"]),
        request_body: text_at(row, "requestBody").unwrap_or_default(),
        response_body: text_at(row, "responseBody").unwrap_or_default(),
        status_code: answered(row),
        responded_at: instant_at(row, "respondedAt"),
    })
}

fn status(row: &Value) -> Result<StatusRow, String> {
    Ok(StatusRow {
        id: id_at(row, &["id"]).ok_or("a webhook's status without id")?,
        webhook: id_at(row, &["webhookId"]),
        log: id_at(row, &["webhookLogId"]),
        fate: text_at(row, "status").and_then(|word| Fate::of(&word)),
        status_code: answered(row),
        responded_at: instant_at(row, "respondedAt"),
        retries: number_at(row, "retryCount").unwrap_or_default().max(0),
        request_body: text_at(row, "requestBody").unwrap_or_default(),
        response_body: text_at(row, "responseBody").unwrap_or_default(),
    })
}

/// The status of the answer; 0 stands for no answer.
fn answered(row: &Value) -> Option<i64> {
    number_at(row, "statusCode").filter(|code| *code > 0)
}
