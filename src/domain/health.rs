//! States of a webhook subscription.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a subscription's state is, in the words of the product.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SubState {
    /// Enabled, validated, nothing waiting.
    Active,
    /// At least one event is undelivered.
    Pending,
    /// Enabled, but the handshake has not succeeded.
    NotValidated,
    /// Switched off, by the service or by a person.
    Disabled,
    /// Switched off by the service, whose deliveries failed too often (Clockify).
    DisabledByFailures,
    /// Switched off by the service, whose plan has no room for it (Clockify).
    DisabledByPlan,
    /// Switched off in the web page (Clockify).
    Off,
    /// Address, filters, secret or description differ from what is wanted.
    Drifted,
    /// Reading shows changes that no delivery announced.
    Silent,
    /// The last check is too old to say.
    Unknown,
}

impl SubState {
    /// The word as shown; `unknown` gets its time from the caller.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Pending => "pending",
            Self::NotValidated => "not validated",
            Self::Disabled => "disabled",
            Self::DisabledByFailures => "disabled by failures",
            Self::DisabledByPlan => "disabled by plan",
            Self::Off => "off",
            Self::Drifted => "drifted",
            Self::Silent => "silent",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for SubState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What this program wants a subscription to be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wanted {
    /// Made or adopted here and not switched off by a person.
    #[default]
    Enabled,
    /// A person switched it off; hands off.
    Disabled,
}

impl SubState {
    /// The word for a narrow place: who switched it off stands elsewhere.
    pub fn short(self) -> &'static str {
        if self.is_off() && self != Self::Off { "disabled" } else { self.as_str() }
    }

    /// Nothing is delivered, whoever switched it off.
    pub fn is_off(self) -> bool {
        matches!(self, Self::Disabled | Self::DisabledByFailures | Self::DisabledByPlan | Self::Off)
    }
}
