//! Tags: list, create, rename, delete.

use chrono::DateTime;
use serde_json::{Value, json};

use super::Toggl;
use super::book::Tag;
use super::envelope::{Action, Model};
use super::form::{Answer, bad, fine, gone, missing, object};
use super::render;
use crate::simulator::call::{Call, Reply};

impl Toggl {
    /// Everything under `…/tags`. Create and rename answer with an array of one, as the description says.
    pub(super) fn tags(&mut self, call: &Call, me: i64, workspace: i64, rest: &[&str]) -> Answer {
        match (call.method.as_str(), rest) {
            ("GET", []) => self.list_tags(call, workspace),
            ("POST", []) => {
                let name = self.tag_name(call, workspace, None)?;
                let id = self.add_tag(workspace, &name, me, call.now);
                Ok(fine(&json!(self.book.tags.get(&id).map(|row| vec![render::tag(row)]))))
            }
            ("PUT", [id]) => {
                let mut row = self.one_tag(workspace, id)?;
                row.name = self.tag_name(call, workspace, Some(row.id))?;
                row.at = call.now;
                let out = render::tag(&row);
                self.keep_tag(row, Action::Updated);
                Ok(fine(&json!([out])))
            }
            ("DELETE", [id]) => {
                let mut row = self.one_tag(workspace, id)?;
                (row.at, row.deleted) = (call.now, Some(call.now));
                let id = row.id;
                for entry in self.book.entries.values_mut().filter(|entry| entry.tags.contains(&id)) {
                    entry.tags.retain(|tag| *tag != id);
                    entry.at = call.now;
                }
                self.keep_tag(row, Action::Deleted);
                Ok(gone())
            }
            _ => Err(missing("Not found")),
        }
    }

    fn one_tag(&self, workspace: i64, id: &str) -> Result<Tag, Reply> {
        let alive = |row: &&Tag| row.workspace == workspace && row.deleted.is_none();
        let row = id.parse::<i64>().ok().and_then(|id| self.book.tags.get(&id)).filter(alive);
        row.cloned().ok_or_else(|| missing("Tag not found/accessible"))
    }

    fn tag_name(&self, call: &Call, workspace: i64, own: Option<i64>) -> Result<String, Reply> {
        let body = object(call)?;
        let name = body.get("name").and_then(Value::as_str).map(str::trim).unwrap_or_default();
        if name.is_empty() {
            return Err(bad("tag name can't be blank"));
        }
        let twin = |row: &Tag| {
            Some(row.id) != own && row.workspace == workspace && row.deleted.is_none() && row.name == name
        };
        if self.book.tags.values().any(twin) {
            return Err(bad(format!("a tag with the name '{name}' already exists")));
        }
        Ok(name.to_owned())
    }

    fn keep_tag(&mut self, row: Tag, action: Action) {
        let payload = render::tag(&row);
        let (workspace, id) = (row.workspace, row.id);
        self.book.tags.insert(id, row);
        self.changed(Model::Tag, action, workspace, id, payload);
    }

    fn list_tags(&self, call: &Call, workspace: i64) -> Answer {
        let search = call.query("search").map(str::to_lowercase);
        let size: usize = call.query("per_page").and_then(|text| text.parse().ok()).unwrap_or(200).max(1);
        let page: usize = call.query("page").and_then(|text| text.parse().ok()).unwrap_or(1).max(1);
        let mut rows: Vec<&Tag> = self
            .book
            .tags
            .values()
            .filter(|row| row.workspace == workspace && row.deleted.is_none())
            .filter(|row| search.as_ref().is_none_or(|text| row.name.to_lowercase().contains(text)))
            .collect();
        rows.sort_by_key(|row| (row.name.to_lowercase(), row.id));
        let rows = rows.into_iter().skip((page - 1) * size).take(size).map(render::tag);
        Ok(fine(&Value::Array(rows.collect())))
    }

    /// `GET /me/tags`.
    pub(super) fn my_tags(&self, call: &Call) -> Answer {
        let since = call.query("since").and_then(|text| text.parse().ok());
        let since = since.and_then(|seconds| DateTime::from_timestamp(seconds, 0));
        let rows = self.book.tags.values().filter(|row| match since {
            Some(since) => row.at >= since,
            None => row.deleted.is_none(),
        });
        Ok(fine(&Value::Array(rows.map(render::tag).collect())))
    }
}
