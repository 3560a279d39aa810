//! What a bucket was spent on: by cause for an hour, then request by request.

use chrono::{DateTime, TimeDelta, Utc};

use crate::control::snapshot::OTHERS;
use crate::control::view::{RequestLine, Row, SpentLine};
use crate::domain::hours::{Hour, hour_of};
use crate::domain::id::Account;
use crate::domain::quota::{Bucket, Cause};
use crate::engine::requests::Request;
use crate::engine::state::State;

use super::{Ask, Rows};

/// Requests listed at most: with the causes before them all fit into one window of a viewer.
const LISTED: usize = 280;

/// A call is counted this long before it leaves at most; the first that is listed must not stand there twice.
const NOTED_BEFORE: TimeDelta = TimeDelta::seconds(1);

/// What is said of a request of which only time and cause are left.
const BEFORE: &str = "before this start";

/// The window. A filter by words leaves the causes as they are.
pub fn rows(state: &State, ask: &Ask, account: &Account, name: &str, hour: Option<i64>) -> Rows {
    let found = state.meters.seen(account, name, state.desk.now());
    let listed: Vec<&Request> = state.requests.of(account, name).collect();
    let oldest = listed.last().map(|request| request.at);
    let earlier = found.as_ref().map(|bucket| before(bucket, oldest)).unwrap_or_default();
    let within = |at: DateTime<Utc>| hour.is_none_or(|hour| hour_of(at) == hour);
    let requests: Vec<RequestLine> = listed
        .into_iter()
        .map(line)
        .chain(earlier.into_iter().rev())
        .filter(|request| within(request.at))
        .collect();
    let mut rows: Vec<Row> = match (hour, &found) {
        (Some(hour), Some(bucket)) => spent(&bucket.hours.at_hour(hour)),
        _ => Vec::new(),
    };
    let unfiltered = rows.len() + requests.len();
    let takes = |r: &RequestLine| ask.takes(&[&r.cause, &r.asked, &r.answer]);
    rows.extend(requests.into_iter().filter(takes).take(LISTED).map(Row::Request));
    ask.cut(rows, unfiltered)
}

/// What an hour was spent on, most first, others last.
fn spent(hour: &Hour) -> Vec<Row> {
    let mut causes: Vec<(&str, u32)> = Cause::ALL.iter().map(|c| (c.as_str(), hour.of(*c))).collect();
    causes.sort_by_key(|(_, requests)| std::cmp::Reverse(*requests));
    causes.push((OTHERS, hour.others));
    let line = |(cause, requests): (&str, u32)| Row::Spent(SpentLine { cause: cause.to_owned(), requests });
    causes.into_iter().filter(|(_, requests)| *requests > 0).map(line).collect()
}

/// Calls of the window from before what is listed, oldest first.
fn before(bucket: &Bucket, oldest: Option<DateTime<Utc>>) -> Vec<RequestLine> {
    let earlier = |at: &DateTime<Utc>| oldest.is_none_or(|oldest| *at < oldest - NOTED_BEFORE);
    let line = |(at, cause): &(DateTime<Utc>, Cause)| RequestLine {
        seq: None,
        at: *at,
        cause: cause.as_str().to_owned(),
        asked: String::new(),
        answer: BEFORE.to_owned(),
        failed: false,
        price: 1,
        left: None,
        others: 0,
    };
    bucket.calls.iter().filter(|(at, _)| earlier(at)).map(line).collect()
}

fn line(request: &Request) -> RequestLine {
    RequestLine {
        seq: Some(request.seq),
        at: request.at,
        cause: request.cause.as_str().to_owned(),
        asked: request.asked.clone(),
        answer: request.answer.clone(),
        failed: request.failed,
        price: request.price,
        left: request.left,
        others: request.others,
    }
}
