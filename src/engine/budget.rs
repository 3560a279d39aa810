//! The meters: a spend is in the ledger before the request leaves; `domain::quota` decides.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use chrono::{DateTime, TimeDelta, Utc};

use crate::cache::rows;
use crate::domain::hours::{Hour, Hours, KEPT, hour_of};
use crate::domain::id::Account;
use crate::domain::policy::Policy;
use crate::domain::quota::{Bucket, Cause, Gate, Window};
use crate::services::http::{Failure, Told};

use super::desk::{Desk, Desked, Draft};

/// All buckets by account and name.
#[derive(Clone, Debug, Default)]
pub struct Meters {
    buckets: BTreeMap<(Account, String), Bucket>,
    /// Hours of buckets without an hourly limit, of which no row is kept.
    unclaimed: BTreeMap<(Account, String), Hours>,
}

impl Meters {
    /// Reads the buckets from the cache.
    pub fn warm(&mut self, desk: &Desk) -> Desked<()> {
        let mut buckets: BTreeMap<(Account, String), Bucket> = BTreeMap::new();
        desk.scan(rows::buckets(), usize::MAX, &mut |key, value| {
            if let (Some(name), Ok(bucket)) = (rows::bucket_key(key), rows::decode(value)) {
                buckets.insert(name, bucket);
            }
            ControlFlow::Continue(())
        })?;
        let mut unclaimed: BTreeMap<(Account, String), Hours> = BTreeMap::new();
        desk.scan(rows::hours(), usize::MAX, &mut |key, value| {
            if let (Some((account, name, number)), Ok(hour)) = (rows::hour_key(key), rows::decode(value)) {
                let key = (account, name);
                match buckets.get_mut(&key) {
                    Some(bucket) => bucket.hours.restore(number, hour),
                    None => unclaimed.entry(key).or_default().restore(number, hour),
                }
            }
            ControlFlow::Continue(())
        })?;
        self.buckets = buckets;
        self.unclaimed = unclaimed;
        Ok(())
    }

    /// Moves what is remembered with a clock that was set.
    pub fn shift(&mut self, by: TimeDelta) {
        self.buckets.values_mut().for_each(|bucket| bucket.shift(by));
    }

    /// A bucket, made when it is new.
    pub fn bucket(
        &mut self,
        account: &Account,
        name: &str,
        limit: Option<u32>,
        window: Window,
    ) -> &mut Bucket {
        let key = (account.clone(), name.to_owned());
        let unclaimed = &mut self.unclaimed;
        self.buckets.entry(key).or_insert_with_key(|key| Bucket {
            hours: unclaimed.remove(key).unwrap_or_default(),
            ..Bucket::new(limit, window)
        })
    }

    /// All buckets.
    pub fn all(&self) -> impl Iterator<Item = (&(Account, String), &Bucket)> {
        self.buckets.iter()
    }

    /// Sets what the plan allows.
    pub fn limit(&mut self, account: &Account, name: &str, limit: Option<u32>, window: Window) {
        self.bucket(account, name, limit, window).limit = limit;
    }

    /// Forgets a bucket: it was nobody's whom we know.
    pub fn forget(&mut self, account: &Account, name: &str, draft: &mut Draft<'_>) -> Desked<()> {
        self.buckets.remove(&(account.clone(), name.to_owned()));
        draft.delete_if_there(rows::bucket(account, name))?;
        draft.delete_range(rows::hours_of(account, name))
    }

    /// Gives a bucket the name it has now that its owner is known; what was spent under either name counts on.
    pub fn rename(&mut self, account: &Account, old: &str, new: &str, draft: &mut Draft<'_>) -> Desked<()> {
        let Some(mut bucket) = self.buckets.get(&(account.clone(), old.to_owned())).cloned() else {
            return Ok(());
        };
        self.forget(account, old, draft)?;
        if let Some(known) = self.buckets.get(&(account.clone(), new.to_owned())) {
            let newer = std::mem::replace(&mut bucket, known.clone());
            bucket.absorb(&newer, draft.now);
        }
        draft.put(rows::bucket(account, new), &bucket)?;
        for (number, hour) in bucket.hours.all() {
            draft.put_for(rows::hour(account, new, number), hour, KEPT)?;
        }
        self.buckets.insert((account.clone(), new.to_owned()), bucket);
        Ok(())
    }

    /// Whether a call may leave now.
    pub fn gate(
        &mut self,
        account: &Account,
        name: &str,
        cause: Cause,
        policy: &Policy,
        now: DateTime<Utc>,
    ) -> Gate {
        let Some(bucket) = self.buckets.get_mut(&(account.clone(), name.to_owned())) else { return Gate::Go };
        bucket.ask(cause, policy, now)
    }

    /// A bucket as it is at `now`.
    pub fn seen(&self, account: &Account, name: &str, now: DateTime<Utc>) -> Option<Bucket> {
        let mut bucket = self.buckets.get(&(account.clone(), name.to_owned()))?.clone();
        bucket.roll(now);
        Some(bucket)
    }

    /// Until when a cause would have to wait; nobody asks.
    pub fn waits(
        &self,
        account: &Account,
        name: &str,
        cause: Cause,
        policy: &Policy,
        now: DateTime<Utc>,
    ) -> Gate {
        self.seen(account, name, now).map_or(Gate::Go, |bucket| bucket.gate(cause, policy, now))
    }

    /// Notes a spend and stages it.
    pub fn spend(
        &mut self,
        account: &Account,
        name: &str,
        cause: Cause,
        draft: &mut Draft<'_>,
    ) -> Desked<()> {
        let Some(bucket) = self.buckets.get_mut(&(account.clone(), name.to_owned())) else { return Ok(()) };
        bucket.spend(cause, draft.now);
        if bucket.limit.is_none() {
            // Without an hourly limit nobody needs the list; the newest calls are enough for a meter.
            let extra = bucket.calls.len().saturating_sub(200);
            bucket.calls.drain(..extra);
            return put_hour(draft, account, name, &bucket.hours);
        }
        draft.put(rows::bucket(account, name), bucket)?;
        put_hour(draft, account, name, &bucket.hours)
    }

    /// Notes what an answer said about the bucket and stages it.
    pub fn answered(
        &mut self,
        account: &Account,
        (name, cause): (&str, Cause),
        told: &Told,
        failure: Option<&Failure>,
        draft: &mut Draft<'_>,
    ) -> Desked<()> {
        let Some(bucket) = self.buckets.get_mut(&(account.clone(), name.to_owned())) else { return Ok(()) };
        if matches!(failure, Some(Failure::Unsent(_))) && bucket.limit.is_some() {
            bucket.take_back(cause);
            draft.put(rows::bucket(account, name), bucket)?;
            return put_hour(draft, account, name, &bucket.hours);
        }
        let refused = matches!(failure, Some(Failure::Quota { .. }));
        if told.remaining.is_none() && told.resets_in.is_none() && !refused {
            return Ok(());
        }
        let others = bucket.others();
        bucket.tell(told.remaining, told.resets_in, draft.now);
        if bucket.others() > others {
            put_hour(draft, account, name, &bucket.hours)?;
        }
        if let Some(Failure::Quota { resets_in }) = failure {
            bucket.refuse(resets_in.or(told.resets_in), draft.now);
        }
        draft.put(rows::bucket(account, name), bucket)
    }
}

impl Meters {
    /// Notes an entry that a target confirmed, and stages it.
    pub fn synced(&mut self, account: &Account, name: &str, draft: &mut Draft<'_>) -> Desked<()> {
        let Some(bucket) = self.buckets.get_mut(&(account.clone(), name.to_owned())) else { return Ok(()) };
        bucket.hours.note_synced(draft.now);
        put_hour(draft, account, name, &bucket.hours)
    }
}

/// Stages the present hour of a bucket.
fn put_hour(draft: &mut Draft<'_>, account: &Account, name: &str, hours: &Hours) -> Desked<()> {
    let number = hour_of(draft.now);
    let hour: Hour = hours.at_hour(number);
    draft.put_for(rows::hour(account, name, number), &hour, KEPT)
}
