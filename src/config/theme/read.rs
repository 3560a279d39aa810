//! From text to roles.

use std::collections::BTreeMap;

use super::color::{Color, ColorSpec};
use super::role::{Attributes, Role, RoleStyle};
use crate::config::document::{Document, Section, nearest};
use crate::config::error::Mistakes;

/// The line about a theme and its roles.
pub(super) fn theme(label: &str, text: &str) -> Result<(String, BTreeMap<Role, RoleStyle>), Mistakes> {
    Document::read(label, text, |root| {
        root.ignore("inherits");
        let about =
            root.string("about", "one line of text").map(toml::Spanned::into_inner).unwrap_or_default();
        let mut roles = BTreeMap::new();
        if let Some(table) = root.section("roles") {
            for role in Role::ALL.iter().copied().filter(|role| table.has(role.as_str())) {
                roles.insert(role, style(&table, role));
            }
            // The names a person may have meant.
            for role in Role::ALL {
                table.ignore(role.as_str());
            }
            table.end();
        }
        (about, roles)
    })
}

/// The compiled-in theme that a file names as its base.
pub(super) fn inherits(label: &str, text: &str, names: &[&str]) -> Result<Option<String>, Mistakes> {
    Document::read(label, text, |root| {
        root.ignore("about");
        root.ignore("roles");
        let found = root.string("inherits", "the name of a built-in theme")?;
        if !names.contains(&found.get_ref().as_str()) {
            let cure = match nearest(found.get_ref(), names.iter().copied()) {
                Some(near) => format!("did you mean \"{near}\"?"),
                None => format!("write one of: {}", names.join(", ")),
            };
            let what = format!("`inherits = \"{}\"` is no built-in theme", found.get_ref());
            root.document.note(found.span(), what, cure);
        }
        Some(found.into_inner())
    })
}

fn style(roles: &Section<'_, '_>, role: Role) -> RoleStyle {
    let key = role.as_str();
    let mut style = RoleStyle::default();
    if !roles.is_table(key) {
        let color = color(roles, key).map(ColorSpec::new);
        if role.is_background() {
            style.bg = color;
        } else {
            style.fg = color;
        }
        return style;
    }
    let Some(table) = roles.section(key) else { return style };
    if table.has("rgb") {
        let (spec, mono) = fallbacks(&table);
        style.mono = mono;
        if role.is_background() {
            style.bg = spec;
        } else {
            style.fg = spec;
        }
    } else {
        let (fg, fg_mono) = ground(&table, "fg");
        let (bg, bg_mono) = ground(&table, "bg");
        style.fg = fg;
        style.bg = bg;
        style.mono = mono(&table).or(fg_mono).or(bg_mono);
    }
    style.attributes = Attributes {
        bold: table.boolean("bold").unwrap_or_default(),
        dim: table.boolean("dim").unwrap_or_default(),
        underline: table.boolean("underline").unwrap_or_default(),
        reverse: table.boolean("reverse").unwrap_or_default(),
    };
    table.end();
    style
}

/// `fg` or `bg`: a colour, or a table with fallbacks.
fn ground(table: &Section<'_, '_>, key: &str) -> (Option<ColorSpec>, Option<Attributes>) {
    if !table.is_table(key) {
        return (color(table, key).map(ColorSpec::new), None);
    }
    let Some(inner) = table.section(key) else { return (None, None) };
    let found = fallbacks(&inner);
    inner.end();
    found
}

/// `rgb`, `c256`, `c16` and `mono`.
fn fallbacks(table: &Section<'_, '_>) -> (Option<ColorSpec>, Option<Attributes>) {
    let c256 = table.number("c256", 0..=255).map(|index| Color::Indexed(index as u8));
    let c16 = color(table, "c16");
    if let Some(Color::Rgb(..) | Color::Indexed(16..)) = c16 {
        let what = format!("`c16` in {} is none of the 16 colours", table.called());
        table.document.note(table.span_of("c16"), what, "write a name such as \"yellow\" or \"bright-blue\"");
    }
    let mono = mono(table);
    if !table.has("rgb") {
        table.document.note(
            table.span.clone(),
            format!("{} has no colour", table.called()),
            "add rgb = \"#rrggbb\"",
        );
    }
    (color(table, "rgb").map(|full| ColorSpec { full, c256, c16 }), mono)
}

/// Attributes by name: `"bold"`, `"bold underline"`, `"plain"`.
fn mono(table: &Section<'_, '_>) -> Option<Attributes> {
    let found = table.string("mono", "attributes such as \"bold\" or \"bold underline\"")?;
    let mut attributes = Attributes::default();
    for word in found.get_ref().split_whitespace() {
        match word {
            "bold" => attributes.bold = true,
            "dim" => attributes.dim = true,
            "underline" => attributes.underline = true,
            "reverse" => attributes.reverse = true,
            "plain" => {}
            _ => table.document.note(
                found.span(),
                format!("`mono` in {} has no attribute \"{word}\"", table.called()),
                "write any of bold, dim, underline, reverse, or plain",
            ),
        }
    }
    Some(attributes)
}

fn color(table: &Section<'_, '_>, key: &str) -> Option<Color> {
    let found = table.string(key, "a colour, or a table with fg, bg, bold, dim, underline, reverse")?;
    let color = Color::parse(found.get_ref());
    if color.is_none() {
        let names = Color::names();
        let cure = match nearest(found.get_ref(), names.iter().map(String::as_str)) {
            Some(near) => format!("did you mean \"{near}\"?"),
            None => "write a name, \"color-208\", \"#rrggbb\" or \"default\"".to_owned(),
        };
        let what = format!("`{key} = \"{}\"` in {} is no colour", found.get_ref(), table.called());
        table.document.note(found.span(), what, cure);
    }
    color
}
