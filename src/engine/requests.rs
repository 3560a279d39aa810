//! The newest requests of every bucket, one by one: when, what, who asked, what came back. In memory alone: what was
//! spent is in the ledger, this is for a person who wants to know on what.

use std::collections::{BTreeMap, VecDeque};

use chrono::{DateTime, Utc};

use crate::domain::id::Account;
use crate::domain::quota::Cause;
use crate::services::http::{Answer, Charge, Failure};

use super::call::bucket_of;
use super::state::State;

/// Requests kept of a bucket.
const KEPT: usize = 240;

/// One request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Grows with every request since the start.
    pub seq: u64,
    /// When it left.
    pub at: DateTime<Utc>,
    /// `GET entries since`.
    pub asked: String,
    /// Who asked.
    pub cause: Cause,
    /// `200`, `402 waiting quota`, `offline`.
    pub answer: String,
    /// It did not bring what was asked for.
    pub failed: bool,
    /// What it cost, in requests.
    pub price: u32,
    /// What was left after it.
    pub left: Option<i64>,
    /// What other programs took since the one before.
    pub others: u32,
}

/// All of them.
#[derive(Clone, Debug, Default)]
pub struct Requests {
    rings: BTreeMap<(Account, String), VecDeque<Request>>,
    next: u64,
}

impl Requests {
    /// Those of a bucket, newest first.
    pub fn of(&self, account: &Account, bucket: &str) -> impl Iterator<Item = &Request> {
        self.rings.get(&(account.clone(), bucket.to_owned())).into_iter().flatten().rev()
    }

    fn note(&mut self, account: &Account, bucket: &str, request: Request) {
        self.next += 1;
        let ring = self.rings.entry((account.clone(), bucket.to_owned())).or_default();
        ring.push_back(Request { seq: self.next, ..request });
        if ring.len() > KEPT {
            ring.pop_front();
        }
    }

    /// A bucket got the name that it has now that its owner is known.
    pub fn rename(&mut self, account: &Account, old: &str, new: &str) {
        if let Some(ring) = self.rings.remove(&(account.clone(), old.to_owned())) {
            let known = self.rings.entry((account.clone(), new.to_owned())).or_default();
            known.extend(ring);
            let extra = known.len().saturating_sub(KEPT);
            known.drain(..extra);
        }
    }

    /// A bucket was nobody's whom we know.
    pub fn forget(&mut self, account: &Account, bucket: &str) {
        self.rings.remove(&(account.clone(), bucket.to_owned()));
    }

    /// Moves what is remembered with a clock that was set.
    pub fn shift(&mut self, by: chrono::TimeDelta) {
        self.rings.values_mut().flatten().for_each(|request| request.at += by);
    }
}

/// A request that was answered, or not: what the list of requests needs of it.
pub struct Asked<'a> {
    /// The account.
    pub account: &'a Account,
    /// The bucket that paid; `None` when it cost nothing.
    pub bucket: Option<&'a str>,
    /// Who asked.
    pub cause: Cause,
    /// When it left.
    pub at: DateTime<Utc>,
}

impl State {
    /// Requests of other programs in the window of a bucket, as far as they show.
    pub fn others(&self, account: &Account, bucket: Option<&str>) -> u32 {
        let seen = bucket.and_then(|name| self.meters.seen(account, name, self.desk.now()));
        seen.map_or(0, |bucket| bucket.others())
    }

    /// Lists a request. `others` is what [`State::others`] said before its answer was noted.
    pub fn list_request<T>(&mut self, asked: &Asked<'_>, answer: &Answer<T>, others: u32) {
        let Asked { account, bucket, cause, at } = *asked;
        // What costs nothing stands among the calls that it belongs to.
        let Some(name) = bucket.map(str::to_owned).or_else(|| bucket_of(self, account, Charge::Org)) else {
            return;
        };
        let failure = answer.result.as_ref().err();
        let unsent = matches!(failure, Some(Failure::Unsent(_)));
        let seen = self.meters.seen(account, &name, self.desk.now());
        let request = Request {
            seq: 0,
            at,
            asked: answer.asked.clone(),
            cause,
            answer: told(answer.status, failure),
            failed: failure.is_some(),
            price: u32::from(bucket.is_some() && !unsent),
            left: seen.as_ref().and_then(|b| b.remaining()),
            others: self.others(account, bucket).saturating_sub(others),
        };
        self.requests.note(account, &name, request);
    }
}

/// The answer in words.
fn told(status: Option<u16>, failure: Option<&Failure>) -> String {
    let word = failure.map(|f| f.strain().map_or_else(|| f.kind(), |strain| strain.as_str()));
    match (status, word) {
        (Some(status), Some(word)) => format!("{status} {word}"),
        (Some(status), None) => status.to_string(),
        (None, word) => word.unwrap_or("no answer").to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_told_in_a_few_words() {
        let plan = Failure::Plan("ask your administrator".into());
        let server = Failure::Server { status: 503, text: String::new() };
        assert_eq!(told(Some(200), None), "200");
        assert_eq!(told(Some(402), Some(&Failure::Quota { resets_in: None })), "402 waiting quota");
        assert_eq!(told(Some(402), Some(&plan)), "402 not in the plan");
        assert_eq!(told(Some(429), Some(&Failure::Pace { retry_after: None })), "429 slowed down");
        assert_eq!(told(Some(503), Some(&server)), "503 server error");
        assert_eq!(told(None, Some(&Failure::Unsent(String::new()))), "offline");
        assert_eq!(told(Some(404), Some(&Failure::Missing(String::new()))), "404 missing");
    }

    #[test]
    fn the_oldest_goes_first() {
        let mut requests = Requests::default();
        let account: Account = "main".into();
        for place in 0..KEPT as i64 + 5 {
            let at = DateTime::from_timestamp(1_772_000_000 + place, 0).unwrap();
            let request = Request {
                seq: 0,
                at,
                asked: "GET entries since".into(),
                cause: Cause::Health,
                answer: "200".into(),
                failed: false,
                price: 1,
                left: None,
                others: 0,
            };
            requests.note(&account, "user", request);
        }
        requests.rename(&account, "user", "user:1");
        let seqs: Vec<u64> = requests.of(&account, "user:1").map(|r| r.seq).collect();
        assert_eq!((seqs.len(), seqs[0], seqs[KEPT - 1]), (KEPT, KEPT as u64 + 5, 6));
        assert_eq!(requests.of(&account, "user").count(), 0);
    }
}
