//! Identifiers. An id is text as its service writes it, so one type serves integers and hex alike.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub String);

        impl $name {
            /// Wraps the text as it is.
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            /// The text of the id.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.to_owned())
            }
        }

        impl From<i64> for $name {
            fn from(number: i64) -> Self {
                Self(number.to_string())
            }
        }
    };
}

text_id! {
    /// The person's name of an account (`main`, `mirror`), unique across services.
    Account
}
text_id! {
    /// An id as its service writes it: Toggl's decimal integers, Clockify's 24 hex digits.
    RemoteId
}

/// An entity of an account: a source entry, a project, a target's entry.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Key {
    /// The account that holds it.
    pub account: Account,
    /// Its id there.
    pub id: RemoteId,
}

impl Key {
    /// A key from its two parts.
    pub fn new(account: &Account, id: impl Into<RemoteId>) -> Self {
        Self { account: account.clone(), id: id.into() }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.account, self.id)
    }
}

impl From<&RemoteId> for RemoteId {
    fn from(id: &RemoteId) -> Self {
        id.clone()
    }
}

impl From<String> for RemoteId {
    fn from(text: String) -> Self {
        Self(text)
    }
}

/// The services that hourwire knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Service {
    /// Toggl Track, the source.
    Toggl,
    /// Clockify, a target.
    Clockify,
}

impl Service {
    /// The lower-case name used in JSON, metrics and logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Toggl => "toggl",
            Self::Clockify => "clockify",
        }
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
