//! Custom fields: a feature of paid plans, listed without paging.

use http::StatusCode;
use serde_json::{Value, json};

use super::catalogue::checked_name;
use super::records::Field;
use super::refuse::{self, Outcome};
use super::request::{self, Body};
use super::{Clockify, WORKSPACE_ID};
use crate::simulator::call::{Call, Reply};

const KINDS: &[&str] = &["TXT", "NUMBER", "DROPDOWN_SINGLE", "DROPDOWN_MULTIPLE", "CHECKBOX", "LINK"];
const STATUSES: &[&str] = &["INACTIVE", "VISIBLE", "INVISIBLE"];

impl Clockify {
    /// `page` and `page-size` are ignored, and there is no `Last-Page`.
    pub(super) fn list_fields(&self, call: &Call) -> Outcome {
        self.needs_paid_plan()?;
        let name = request::text(call, "name").map(str::to_lowercase);
        let is = |key, value: &str| request::text(call, key).is_none_or(|wanted| wanted == value);
        let rows = self
            .fields
            .values()
            .filter(|field| name.as_ref().is_none_or(|part| field.name.to_lowercase().contains(part)))
            .filter(|field| is("status", &field.status) && is("entity-type", &field.entity))
            .map(|field| self.field_wire(field))
            .collect();
        Ok(Reply::json(StatusCode::OK, &Value::Array(rows)))
    }

    pub(super) fn create_field(&mut self, call: &Call) -> Outcome {
        self.needs_paid_plan()?;
        let body = Body::of(call)?;
        let entity = body.word("entityType", &["TIMEENTRY", "USER"])?;
        let blank = Field {
            id: String::new(),
            name: String::new(),
            kind: String::new(),
            status: "VISIBLE".to_owned(),
            entity: entity.unwrap_or_else(|| "TIMEENTRY".to_owned()),
            description: None,
            placeholder: None,
            allowed: Vec::new(),
            default: Value::Null,
            required: false,
            admin_only: false,
        };
        let mut field = written(blank, &body)?;
        if self.fields.values().any(|other| self.same_name(&other.name, &field.name)) {
            return Err(refuse::domain(format!("Custom field with name {} already exists", field.name)));
        }
        field.id = self.mint(call.now);
        let wire = self.field_wire(&field);
        self.fields.insert(field.id.clone(), field);
        Ok(Reply::json(StatusCode::CREATED, &wire))
    }

    pub(super) fn put_field(&mut self, call: &Call, id: &str) -> Outcome {
        self.needs_paid_plan()?;
        let old = self.fields.get(id).cloned().ok_or_else(|| refuse::missing("Custom field"))?;
        let field = written(old, &Body::of(call)?)?;
        let wire = self.field_wire(&field);
        self.fields.insert(id.to_owned(), field);
        Ok(Reply::json(StatusCode::OK, &wire))
    }

    pub(super) fn delete_field(&mut self, id: &str) -> Outcome {
        self.needs_paid_plan()?;
        self.fields.remove(id).ok_or_else(|| refuse::missing("Custom field"))?;
        for entry in self.entries.values_mut() {
            entry.fields.retain(|value| value.field != id);
        }
        Ok(Reply::empty(StatusCode::NO_CONTENT))
    }

    pub(super) fn field_wire(&self, field: &Field) -> Value {
        json!({
            "id": field.id,
            "workspaceId": WORKSPACE_ID,
            "name": field.name,
            "description": field.description,
            "placeholder": field.placeholder,
            "type": field.kind,
            "allowedValues": field.allowed,
            "workspaceDefaultValue": field.default,
            "onlyAdminCanEdit": field.admin_only,
            "status": field.status,
            "projectDefaultValues": [],
            "required": field.required,
            "entityType": field.entity,
        })
    }
}

/// What creating and replacing share.
fn written(field: Field, body: &Body) -> Outcome<Field> {
    let kind = body.word("type", KINDS)?.ok_or_else(|| refuse::domain("type is required"))?;
    Ok(Field {
        name: checked_name("Custom field", body.text("name")?, 2, 250)?,
        kind,
        status: body.word("status", STATUSES)?.unwrap_or_else(|| "VISIBLE".to_owned()),
        description: body.text("description")?,
        placeholder: body.text("placeholder")?,
        allowed: body.texts("allowedValues")?.unwrap_or_default(),
        default: body.get("workspaceDefaultValue").cloned().unwrap_or(Value::Null),
        required: body.flag("required")?.unwrap_or(false),
        admin_only: body.flag("onlyAdminCanEdit")?.unwrap_or(false),
        ..field
    })
}
