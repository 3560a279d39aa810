//! The gauges of the quota buckets. A bucket or a cause that is no longer told loses its series.

use std::collections::BTreeSet;
use std::sync::PoisonError;
use std::time::Duration;

use super::Metrics;
use super::families::{Bucket, Spent};

/// A quota bucket as last known, in requests.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Quota {
    /// The service.
    pub service: String,
    /// The bucket.
    pub bucket: String,
    /// Left.
    pub remaining: u64,
    /// Its size.
    pub limit: u64,
    /// Expected to be left when it is full again.
    pub forecast: u64,
    /// Until it is full again, where known.
    pub resets_in: Option<Duration>,
    /// The same as seconds since 1970.
    pub resets_at: Option<i64>,
    /// Spent in its window, by cause; `others` are other programs.
    pub spent: Vec<(String, u64)>,
}

/// Service, bucket and cause of the series there are; an empty cause stands for those of the bucket itself.
pub(super) type Shown = BTreeSet<[String; 3]>;

impl Metrics {
    /// All quota buckets as last known.
    pub fn set_quotas(&self, quotas: &[Quota]) {
        let families = self.families();
        let mut now = Shown::new();
        for quota in quotas {
            let labels = Bucket { service: quota.service.clone(), bucket: quota.bucket.clone() };
            families.quota_remaining.get_or_create(&labels).set(gauge(quota.remaining));
            families.quota_limit.get_or_create(&labels).set(gauge(quota.limit));
            families
                .quota_used
                .get_or_create(&labels)
                .set(gauge(quota.limit.saturating_sub(quota.remaining)));
            families.quota_forecast.get_or_create(&labels).set(gauge(quota.forecast));
            match quota.resets_in {
                Some(time) => {
                    families.quota_reset.get_or_create(&labels).set(time.as_secs_f64());
                }
                None => {
                    families.quota_reset.remove(&labels);
                }
            }
            match quota.resets_at {
                Some(at) => {
                    families.quota_reset_at.get_or_create(&labels).set(at);
                }
                None => {
                    families.quota_reset_at.remove(&labels);
                }
            }
            now.insert([quota.service.clone(), quota.bucket.clone(), String::new()]);
            for (cause, requests) in &quota.spent {
                now.insert([quota.service.clone(), quota.bucket.clone(), cause.clone()]);
                let labels = Spent {
                    service: quota.service.clone(),
                    bucket: quota.bucket.clone(),
                    cause: cause.clone(),
                };
                families.quota_spent.get_or_create(&labels).set(gauge(*requests));
            }
        }
        let mut shown = self.inner.quotas.lock().unwrap_or_else(PoisonError::into_inner);
        for [service, bucket, cause] in shown.difference(&now).cloned() {
            if cause.is_empty() {
                let labels = Bucket { service, bucket };
                families.quota_remaining.remove(&labels);
                families.quota_limit.remove(&labels);
                families.quota_used.remove(&labels);
                families.quota_forecast.remove(&labels);
                families.quota_reset.remove(&labels);
                families.quota_reset_at.remove(&labels);
            } else {
                families.quota_spent.remove(&Spent { service, bucket, cause });
            }
        }
        *shown = now;
    }
}

fn gauge(requests: u64) -> i64 {
    i64::try_from(requests).unwrap_or(i64::MAX)
}
