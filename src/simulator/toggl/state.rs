//! Everything the service holds, for `/state`.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::book::ORGANIZATION;
use super::plan::Bucket;
use super::{Toggl, render};

impl Toggl {
    /// Users, catalogue, entries (deleted ones too), subscriptions and quota windows; no tokens.
    pub fn state(&self, now: DateTime<Utc>) -> Value {
        let users = self.book.users.values().map(|row| {
            json!({"id": row.id, "fullname": row.name, "email": row.email, "timezone": row.zone.name(),
                   "admin": row.admin})
        });
        let workspaces = self.book.workspaces.values().map(|row| json!({"id": row.id, "name": row.name}));
        let projects = self.book.projects.values().map(|row| render::project(&self.book, row, self.plan));
        let tasks = self.book.tasks.values().map(|row| render::task(&self.book, row));
        let subscriptions = self.hooks.subscriptions.values().filter(|row| !row.draft).map(|row| {
            let mut out = self.subscription_row(row);
            out["failures"] = row.failures.into();
            out["pending"] = self.hooks.pending(row.id).into();
            out
        });
        json!({
            "plan": self.plan, "users": users.collect::<Vec<_>>(), "workspaces": workspaces.collect::<Vec<_>>(),
            "clients": self.book.clients.values().map(render::client).collect::<Vec<_>>(),
            "projects": projects.collect::<Vec<_>>(), "tasks": tasks.collect::<Vec<_>>(),
            "tags": self.book.tags.values().map(render::tag).collect::<Vec<_>>(),
            "time_entries": self.all_entries(), "subscriptions": subscriptions.collect::<Vec<_>>(),
            "quota": self.quota_state(now),
        })
    }

    fn quota_state(&self, now: DateTime<Utc>) -> Vec<Value> {
        let buckets = self
            .book
            .users
            .keys()
            .flat_map(|id| [Bucket::User(*id), Bucket::Organization(ORGANIZATION, *id)]);
        buckets
            .map(|bucket| {
                let left = self.quota.left(bucket, self.plan, now);
                let user = match bucket {
                    Bucket::User(id) | Bucket::Organization(_, id) => id,
                };
                json!({"bucket": bucket.name(), "user_id": user, "remaining": left.remaining,
                       "resets_in_s": left.resets_in, "total": left.total})
            })
            .collect()
    }
}
