//! The meters: a spend is in the ledger before the request leaves; `domain::quota` decides.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use chrono::{DateTime, Utc};

use crate::cache::rows;
use crate::domain::id::Account;
use crate::domain::policy::Policy;
use crate::domain::quota::{Bucket, Cause, Gate, Window};
use crate::services::http::{Failure, Told};

use super::desk::{Desk, Desked, Draft};

/// All buckets by account and name.
#[derive(Clone, Debug, Default)]
pub struct Meters {
    buckets: BTreeMap<(Account, String), Bucket>,
}

impl Meters {
    /// Reads the buckets from the cache.
    pub fn warm(&mut self, desk: &Desk) -> Desked<()> {
        let mut buckets = BTreeMap::new();
        desk.scan(rows::buckets(), usize::MAX, &mut |key, value| {
            if let (Some(name), Ok(bucket)) = (rows::bucket_key(key), rows::decode(value)) {
                buckets.insert(name, bucket);
            }
            ControlFlow::Continue(())
        })?;
        self.buckets = buckets;
        Ok(())
    }

    /// A bucket, made when it is new.
    pub fn bucket(
        &mut self,
        account: &Account,
        name: &str,
        limit: Option<u32>,
        window: Window,
    ) -> &mut Bucket {
        self.buckets.entry((account.clone(), name.to_owned())).or_insert_with(|| Bucket::new(limit, window))
    }

    /// All buckets.
    pub fn all(&self) -> impl Iterator<Item = (&(Account, String), &Bucket)> {
        self.buckets.iter()
    }

    /// Sets what the plan allows.
    pub fn limit(&mut self, account: &Account, name: &str, limit: Option<u32>, window: Window) {
        self.bucket(account, name, limit, window).limit = limit;
    }

    /// Gives a bucket the name it has now that its owner is known; what was spent under the old one counts on.
    pub fn rename(&mut self, account: &Account, old: &str, new: &str, draft: &mut Draft<'_>) -> Desked<()> {
        let Some(bucket) = self.buckets.remove(&(account.clone(), old.to_owned())) else { return Ok(()) };
        draft.delete_if_there(rows::bucket(account, old))?;
        draft.put(rows::bucket(account, new), &bucket)?;
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
        bucket.roll(now);
        bucket.gate(cause, policy, now)
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
            return Ok(());
        }
        draft.put(rows::bucket(account, name), bucket)
    }

    /// Notes what an answer said about the bucket and stages it.
    pub fn answered(
        &mut self,
        account: &Account,
        name: &str,
        told: &Told,
        failure: Option<&Failure>,
        draft: &mut Draft<'_>,
    ) -> Desked<()> {
        let Some(bucket) = self.buckets.get_mut(&(account.clone(), name.to_owned())) else { return Ok(()) };
        let refused = matches!(failure, Some(Failure::Quota { .. }));
        if told.remaining.is_none() && told.resets_in.is_none() && !refused {
            return Ok(());
        }
        bucket.tell(told.remaining, told.resets_in, draft.now);
        if let Some(Failure::Quota { resets_in }) = failure {
            bucket.refuse(resets_in.or(told.resets_in), draft.now);
        }
        draft.put(rows::bucket(account, name), bucket)
    }
}
