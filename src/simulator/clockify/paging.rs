//! Pages: `page` from 1, `page-size`, and the header `Last-Page` that stands in for a total.

use http::StatusCode;
use serde_json::Value;

use super::refuse::Outcome;
use super::request;
use crate::simulator::call::{Call, Reply};

/// A page that was asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Page {
    skip: usize,
    size: usize,
}

impl Page {
    /// Reads `page` and `page-size`; a size above the cap is cut to it.
    pub fn of(call: &Call, default: usize, cap: usize) -> Outcome<Self> {
        let page = request::number(call, "page", 1, 1)?;
        let size = request::number(call, "page-size", default, 1)?.min(cap);
        Ok(Self { skip: (page - 1).saturating_mul(size), size })
    }

    /// The answer with this page of `rows`; past the end it is `[]` with `Last-Page: true`.
    pub fn reply<T>(self, rows: Vec<T>, wire: impl FnMut(T) -> Value) -> Reply {
        let last = rows.len() <= self.skip.saturating_add(self.size);
        let page: Vec<Value> = rows.into_iter().skip(self.skip).take(self.size).map(wire).collect();
        Reply::json(StatusCode::OK, &Value::Array(page)).with("Last-Page", last)
    }
}

/// Whether a name passes the filters `name` and `strict-name-search`.
pub(super) fn name_fits(call: &Call, name: &str) -> Outcome<bool> {
    let strict = request::flag(call, "strict-name-search")?.unwrap_or(false);
    Ok(match request::text(call, "name") {
        None => true,
        Some(wanted) if strict => name == wanted,
        Some(wanted) => name.to_lowercase().contains(&wanted.to_lowercase()),
    })
}

/// Sorts rows by `sort-column` and `sort-order`; the default is the name, ascending.
pub(super) fn sort<T>(call: &Call, rows: &mut [T], id: impl Fn(&T) -> &str, name: impl Fn(&T) -> String) {
    if call.query("sort-column") == Some("ID") {
        rows.sort_by(|a, b| id(a).cmp(id(b)));
    } else {
        rows.sort_by_cached_key(|row| (name(row), id(row).to_owned()));
    }
    if call.query("sort-order") == Some("DESCENDING") {
        rows.reverse();
    }
}
