//! Tags. `PUT` replaces: a rename without `archived` un-archives. Deleting needs no archiving.

use http::StatusCode;
use serde_json::{Value, json};

use super::catalogue::checked_name;
use super::hook_events::Touched;
use super::paging::{self, Page};
use super::records::{Stamps, Tag};
use super::refuse::{self, Outcome};
use super::request::{self, Body};
use super::{Clockify, WORKSPACE_ID};
use crate::simulator::call::{Call, Reply};

impl Clockify {
    pub(super) fn list_tags(&self, call: &Call) -> Outcome {
        let page = Page::of(call, 50, self.invented.list_page_cap)?;
        let archived = request::flag(call, "archived")?;
        let excluded = request::list(call, "excluded-ids").unwrap_or_default();
        let mut rows = Vec::new();
        for tag in self.tags.values() {
            let wanted = archived.is_none_or(|archived| tag.archived == archived);
            if wanted && !excluded.contains(&tag.id) && paging::name_fits(call, &tag.name)? {
                rows.push(tag);
            }
        }
        paging::sort(call, &mut rows, |tag| &tag.id, |tag| tag.name.clone());
        Ok(page.reply(rows, |tag| self.tag_wire(tag)))
    }

    pub(super) fn create_tag(&mut self, call: &Call) -> Outcome {
        let name = checked_name("Tag", Body::of(call)?.text("name")?, 0, 100)?;
        self.tag_name_free(&name, None)?;
        let id = self.mint(call.now);
        let tag = Tag { id: id.clone(), name, archived: false, stamps: Stamps::at(call.now) };
        let wire = self.tag_wire(&tag);
        self.tags.insert(id.clone(), tag);
        self.announce_tag(call, "NEW_TAG", &id, &wire);
        Ok(Reply::json(StatusCode::CREATED, &wire))
    }

    pub(super) fn get_tag(&self, id: &str) -> Outcome {
        let tag = self.tags.get(id).ok_or_else(|| refuse::missing("Tag"))?;
        Ok(Reply::json(StatusCode::OK, &self.tag_wire(tag)))
    }

    pub(super) fn put_tag(&mut self, call: &Call, id: &str) -> Outcome {
        let body = Body::of(call)?;
        let mut tag = self.tags.get(id).cloned().ok_or_else(|| refuse::missing("Tag"))?;
        tag.name = checked_name("Tag", body.text("name")?, 0, 100)?;
        tag.archived = body.flag("archived")?.unwrap_or(false);
        tag.stamps.updated = call.now;
        self.tag_name_free(&tag.name, Some(id))?;
        let wire = self.tag_wire(&tag);
        self.tags.insert(id.to_owned(), tag);
        self.announce_tag(call, "TAG_UPDATED", id, &wire);
        Ok(Reply::json(StatusCode::OK, &wire))
    }

    pub(super) fn delete_tag(&mut self, call: &Call, id: &str) -> Outcome {
        let tag = self.tags.remove(id).ok_or_else(|| refuse::missing("Tag"))?;
        for entry in self.entries.values_mut() {
            if let Some(tags) = entry.tags.as_mut().filter(|tags| tags.iter().any(|tag| tag == id)) {
                tags.retain(|tag| tag != id);
                entry.stamps.updated = call.now;
            }
        }
        let wire = self.tag_wire(&tag);
        self.bury("TAGS", id, tag.stamps.created, call.now, wire.clone());
        self.announce_tag(call, "TAG_DELETED", id, &wire);
        Ok(Reply::json(StatusCode::OK, &wire))
    }

    fn announce_tag(&mut self, call: &Call, event: &'static str, id: &str, wire: &Value) {
        self.announce(call, event, Touched { tag: Some(id), ..Touched::default() }, |_| wire.clone());
    }

    pub(super) fn tag_wire(&self, tag: &Tag) -> Value {
        json!({"id": tag.id, "name": tag.name, "workspaceId": WORKSPACE_ID, "archived": tag.archived})
    }

    fn tag_name_free(&self, name: &str, but: Option<&str>) -> Outcome<()> {
        let taken = |tag: &Tag| Some(tag.id.as_str()) != but && self.same_name(&tag.name, name);
        let message = || refuse::domain(format!("Tag with name {name} already exists"));
        refuse::unless(!self.tags.values().any(taken), message)
    }
}
