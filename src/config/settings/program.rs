//! `[receiver]`, `[ui]` and `[log]`.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use super::FileFacts;
use crate::config::document::{Section, nearest};

/// Where deliveries and scrapes arrive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receiver {
    /// Where deliveries arrive; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The address under which services reach `listen`, without a closing slash; `None`: changes are read.
    pub public_url: Option<String>,
    /// Where `/metrics` is served; `None` when switched `"off"`.
    pub metrics_listen: Option<SocketAddr>,
    /// Proxies whose `X-Forwarded-For` is believed. Loopback is believed to be one without being named.
    pub trusted_proxies: Vec<IpAddr>,
}

impl Default for Receiver {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8787)),
            public_url: None,
            metrics_listen: Some(SocketAddr::from((Ipv4Addr::LOCALHOST, 8788))),
            trusted_proxies: Vec::new(),
        }
    }
}

/// How much moves on the screen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Motion {
    /// Seconds tick, spinners turn.
    #[default]
    Full,
    /// Fewer ticks.
    Reduced,
    /// Nothing moves by itself.
    Off,
}

/// How many colours are used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Color {
    /// What the terminal says it can.
    #[default]
    Auto,
    /// As many as the terminal may have, even where it says it has none.
    Always,
    /// None.
    Never,
    /// The 16 of the terminal's own palette.
    Sixteen,
    /// The indexed 256.
    Indexed,
    /// 24 bit.
    True,
}

/// Look and feel of the dashboard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ui {
    /// The theme's name.
    pub theme: String,
    /// How much moves.
    pub motion: Motion,
    /// ASCII borders and signs; `None`: by the locale.
    pub ascii: Option<bool>,
    /// Whether the mouse is listened to.
    pub mouse: bool,
    /// How many colours.
    pub color: Color,
    /// The shortest time between two frames; `None`: 33 ms here, 100 ms over SSH.
    pub budget: Option<Duration>,
}

impl Default for Ui {
    fn default() -> Self {
        Self {
            theme: "terminal".to_owned(),
            motion: Motion::default(),
            ascii: None,
            mouse: true,
            color: Color::default(),
            budget: None,
        }
    }
}

/// What is written to the log file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogLevel {
    /// Only what went wrong.
    Error,
    /// Also what may go wrong.
    Warn,
    /// Also what happened.
    #[default]
    Info,
    /// Also why.
    Debug,
    /// Everything.
    Trace,
}

impl LogLevel {
    /// The word as `tracing` knows it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }
}

/// The log file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Log {
    /// How much is written.
    pub level: LogLevel,
}

/// Reads `[receiver]`.
pub(super) fn receiver(root: &Section<'_, '_>) -> Receiver {
    let default = Receiver::default();
    let Some(table) = root.section("receiver") else { return default };
    let receiver = Receiver {
        listen: listen(&table, "listen", false, Some(default.listen)).unwrap_or(default.listen),
        public_url: address(&table, "public_url"),
        metrics_listen: listen(&table, "metrics_listen", true, default.metrics_listen),
        trusted_proxies: proxies(&table),
    };
    if receiver.metrics_listen == Some(receiver.listen) && receiver.listen.port() != 0 {
        let key = if table.has("metrics_listen") { "metrics_listen" } else { "listen" };
        table.document.note(
            table.span_of(key),
            format!("`listen` and `metrics_listen` are both {}", receiver.listen),
            "give metrics a port of its own, or metrics_listen = \"off\"",
        );
    }
    table.end();
    receiver
}

/// Reads `[ui]`. The theme must be built in or a file of the person.
pub(super) fn ui(root: &Section<'_, '_>, facts: &FileFacts) -> Ui {
    let default = Ui::default();
    let Some(table) = root.section("ui") else { return default };
    let ui = Ui {
        theme: theme(&table, facts).unwrap_or(default.theme),
        motion: table
            .word("motion", &[("full", Motion::Full), ("reduced", Motion::Reduced), ("off", Motion::Off)])
            .unwrap_or_default(),
        ascii: table.boolean("ascii"),
        mouse: table.boolean("mouse").unwrap_or(default.mouse),
        color: table
            .word(
                "color",
                &[
                    ("auto", Color::Auto),
                    ("always", Color::Always),
                    ("never", Color::Never),
                    ("16", Color::Sixteen),
                    ("256", Color::Indexed),
                    ("truecolor", Color::True),
                ],
            )
            .unwrap_or_default(),
        budget: table.number("budget", 5..=1000).map(|ms| Duration::from_millis(ms.into())),
    };
    table.end();
    ui
}

/// Reads `[log]`.
pub(super) fn log(root: &Section<'_, '_>) -> Log {
    let Some(table) = root.section("log") else { return Log::default() };
    let levels = [LogLevel::Error, LogLevel::Warn, LogLevel::Info, LogLevel::Debug, LogLevel::Trace];
    let level = table.word("level", &levels.map(|level| (level.as_str(), level))).unwrap_or_default();
    table.end();
    Log { level }
}

fn theme(table: &Section<'_, '_>, facts: &FileFacts) -> Option<String> {
    let found = table.string("theme", "the name of a theme")?;
    let own = facts.own_themes.iter().map(String::as_str);
    let names: Vec<&str> = crate::config::theme::BUILT_IN.iter().map(|(name, _)| *name).chain(own).collect();
    if !names.contains(&found.get_ref().as_str()) {
        let cure = match nearest(found.get_ref(), names.iter().copied()) {
            Some(near) => format!("did you mean \"{near}\"?"),
            None => format!("there are: {}", names.join(", ")),
        };
        let what = format!("`theme = \"{}\"` in [ui] is not there", found.get_ref());
        table.document.note(found.span(), what, cure);
    }
    Some(found.into_inner())
}

/// An address to listen on; `None` is `"off"`, where that is allowed.
fn listen(
    table: &Section<'_, '_>,
    key: &str,
    may_be_off: bool,
    default: Option<SocketAddr>,
) -> Option<SocketAddr> {
    let Some(found) = table.string(key, "an address such as \"127.0.0.1:8787\"") else { return default };
    let text = found.get_ref().as_str();
    if may_be_off && text == "off" {
        return None;
    }
    let numeric = text.replacen("localhost:", "127.0.0.1:", 1);
    let address = numeric.parse::<SocketAddr>().ok();
    if address.is_none() {
        let off = if may_be_off { ", or \"off\"" } else { "" };
        let what = format!("`{key} = \"{text}\"` in {} is no address to listen on", table.called());
        let cure = format!("write an IP address and a port, such as \"127.0.0.1:8787\"{off}");
        table.document.note(found.span(), what, cure);
    }
    address.or(default)
}

fn proxies(table: &Section<'_, '_>) -> Vec<IpAddr> {
    let wanted = "a list of IP addresses such as [\"10.0.0.2\"]";
    let mut proxies = Vec::new();
    for found in table.strings("trusted_proxies", wanted) {
        match found.get_ref().parse() {
            Ok(address) => proxies.push(address),
            Err(_) => {
                let what = format!("\"{}\" in `trusted_proxies` is no IP address", found.get_ref());
                table.document.note(found.span(), what, format!("write {wanted}"));
            }
        }
    }
    proxies
}

/// An `http` or `https` address without query, user and closing slash.
pub(super) fn address(table: &Section<'_, '_>, key: &str) -> Option<String> {
    let found = table.string(key, "an address such as \"https://hooks.example.com\"")?;
    let text = found.get_ref().trim().trim_end_matches('/');
    let fault = match text.parse::<http::Uri>() {
        // The text is left out of the message where it may hold a password.
        Ok(uri) if uri.authority().is_some_and(|a| a.as_str().contains('@')) => {
            Some(("holds a user name", "leave the part before @ out"))
        }
        Ok(uri) if uri.query().is_some() => Some(("has a query", "end it before the `?`")),
        Ok(uri)
            if matches!(uri.scheme_str(), Some("http" | "https"))
                && uri.host().is_some_and(|h| !h.is_empty()) =>
        {
            None
        }
        _ => Some(("is no web address", "write it in full, such as \"https://hooks.example.com\"")),
    };
    if let Some((fault, cure)) = fault {
        table.document.note(found.span(), format!("`{key}` in {} {fault}", table.called()), cure);
        return None;
    }
    Some(text.to_owned())
}
