//! A subscription that somebody changed at the service: what is wanted, what is there, field by field.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// What a subscription is wanted to be, as it was put there last.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Shape {
    /// Its name.
    pub description: String,
    /// Its whole address.
    pub url: String,
    /// Its filters as `time_entry *`, sorted.
    pub filters: Vec<String>,
    /// A digest of its secret; empty when the service does not tell one.
    pub secret: String,
}

impl Shape {
    /// What is wanted after some fields of this (in the words of [`Drift::field`]) were put there on purpose: what
    /// somebody changed beside them stays drift. All of it, where nothing was wanted before.
    pub fn over(&self, wanted: Option<&Self>, fields: &[&str]) -> Self {
        let Some(wanted) = wanted else { return self.clone() };
        let of = |field: &str| if fields.contains(&field) { self } else { wanted };
        Self {
            description: of("name").description.clone(),
            url: of("address").url.clone(),
            filters: of("events").filters.clone(),
            secret: of("secret").secret.clone(),
        }
    }
}

/// A field that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drift {
    /// `address`, `events`, `secret` or `name`.
    pub field: String,
    /// What is wanted.
    pub ours: String,
    /// What is there.
    pub theirs: String,
}

/// A digest that tells two secrets apart and gives neither away.
pub fn secret_digest(secret: &str) -> String {
    let digest = Sha256::digest(format!("drift:{secret}").as_bytes());
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or('0');
    digest.iter().take(8).flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// The fields in which `there` differs from `wanted`. Secrets are never shown, addresses without their last part.
pub fn drift(wanted: &Shape, there: &Shape) -> Vec<Drift> {
    let mut found = Vec::new();
    let mut note = |field: &str, ours: String, theirs: String| {
        found.push(Drift { field: field.to_owned(), ours, theirs });
    };
    if wanted.url != there.url {
        note("address", masked(&wanted.url), masked(&there.url));
    }
    let sorted = |filters: &[String]| {
        let mut filters = filters.to_vec();
        filters.sort();
        filters
    };
    if sorted(&wanted.filters) != sorted(&there.filters) {
        note("events", sorted(&wanted.filters).join(", "), sorted(&there.filters).join(", "));
    }
    let told = !wanted.secret.is_empty() && !there.secret.is_empty();
    if told && wanted.secret != there.secret {
        note("secret", "as made here".to_owned(), "another one".to_owned());
    }
    if wanted.description != there.description {
        note("name", wanted.description.clone(), there.description.clone());
    }
    found
}

/// An address without its last part, which is the secret, and without what could hold one.
pub fn masked(url: &str) -> String {
    let plain = url.split(['?', '#']).next().unwrap_or_default();
    let (scheme, rest) = plain.split_once("://").unwrap_or(("https", plain));
    let rest = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
    match rest.rsplit_once('/') {
        Some((_, "")) | None => format!("{scheme}://{rest}"),
        Some((before, _)) => format!("{scheme}://{before}/…"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape() -> Shape {
        Shape {
            description: "hourwire den 0f1e".into(),
            url: "https://hooks.example.com/hooks/0f1e2d".into(),
            filters: vec!["time_entry *".into(), "project *".into()],
            secret: secret_digest("own-test-secret-01"),
        }
    }

    #[test]
    fn what_is_put_on_purpose_is_wanted_and_nothing_beside_it() {
        let there = Shape {
            description: "the office's".into(),
            filters: vec!["time_entry *".into()],
            secret: secret_digest("a new one"),
            ..shape()
        };
        for (fields, left) in [
            (&["secret"][..], &["events", "name"][..]),
            (&["name"], &["events", "secret"]),
            (&["name", "address", "events", "secret"], &[]),
        ] {
            let drift = drift(&there.over(Some(&shape()), fields), &there);
            assert_eq!(drift.iter().map(|d| d.field.as_str()).collect::<Vec<_>>(), left);
            assert_eq!(there.over(None, fields), there);
        }
    }

    #[test]
    fn no_secret_of_an_address_is_shown() {
        for (url, shown) in [
            ("https://hooks.example.com/hooks/0f1e2d", "https://hooks.example.com/hooks/…"),
            ("https://ida:pw@hooks.example.com/x?token=1", "https://hooks.example.com/…"),
            ("https://hooks.example.com", "https://hooks.example.com"),
        ] {
            assert_eq!(masked(url), shown);
        }
    }

    #[test]
    fn each_field_that_differs_is_told_with_both_values_and_no_secret() {
        let ours = shape();
        assert!(drift(&ours, &shape()).is_empty());
        let order = Shape { filters: vec!["project *".into(), "time_entry *".into()], ..shape() };
        assert!(drift(&ours, &order).is_empty(), "the order of filters says nothing");
        let untold = Shape { secret: String::new(), ..shape() };
        assert!(drift(&ours, &untold).is_empty(), "what is not told differs from nothing");
        let theirs = Shape {
            description: "mine now".into(),
            url: "https://elsewhere.example.com/in/secret".into(),
            filters: vec!["tag created".into()],
            secret: secret_digest("theirs"),
        };
        let found = drift(&ours, &theirs);
        let fields: Vec<&str> = found.iter().map(|d| d.field.as_str()).collect();
        assert_eq!(fields, ["address", "events", "secret", "name"]);
        let told = format!("{found:?}");
        assert!(
            !told.contains("own-test") && !told.contains("0f1e2d") && !told.contains("/secret"),
            "{told}"
        );
    }
}
