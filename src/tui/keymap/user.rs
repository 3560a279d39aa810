//! A person's changes to the keys: `[context]` tables with `action = ["key", …]`; `[]` unbinds. Only what is named
//! changes; mistakes become warnings with their line and the rest holds.

use toml_edit::{Document, Item, Value};

use super::{ACTIONS, Context, Key, Keymap, Spec};

/// A keymap with a person's changes, and what was wrong with them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserKeys {
    /// The keys in force.
    pub keymap: Keymap,
    /// A sentence per mistake: line, what, what would be right.
    pub warnings: Vec<String>,
}

impl UserKeys {
    /// Lays a keymap file's text over the defaults.
    pub fn parse(text: &str) -> Self {
        let mut user = Self { keymap: Keymap::default(), warnings: Vec::new() };
        let document = match Document::parse(text) {
            Ok(document) => document,
            Err(error) => {
                let line = line_of(text, error.span().map_or(0, |s| s.start));
                user.warnings.push(format!("line {line}: {}; the default keys hold", error.message()));
                return user;
            }
        };
        for (name, item) in document.iter() {
            let at = line_of(text, item.span().map_or(0, |s| s.start));
            match (Context::ALL.iter().find(|c| c.name() == name), item.as_table_like()) {
                (Some(context), Some(table)) => {
                    for (action, keys) in table.iter() {
                        let at = line_of(text, keys.span().map_or(0, |s| s.start));
                        user.bind(*context, action, keys, at);
                    }
                }
                (Some(_), None) => {
                    user.warnings.push(format!("line {at}: `{name}` must be a table, [{name}]"));
                }
                (None, _) => {
                    let names: Vec<&str> = Context::ALL.iter().map(|c| c.name()).collect();
                    user.warnings.push(unknown(at, "context", name, &names));
                }
            }
        }
        user.warn_of_clashes();
        user
    }

    fn bind(&mut self, context: Context, action: &str, item: &Item, at: usize) {
        let specs: Vec<&Spec> = ACTIONS.iter().filter(|s| s.context == context).collect();
        let Some(spec) = specs.iter().find(|s| s.name == action) else {
            let names: Vec<&str> = specs.iter().map(|s| s.name).collect();
            self.warnings.push(unknown(at, &format!("action of [{}]", context.name()), action, &names));
            return;
        };
        let texts: Option<Vec<&str>> = match item.as_value() {
            Some(Value::String(one)) => Some(vec![one.value().as_str()]),
            Some(Value::Array(many)) => many.iter().map(Value::as_str).collect(),
            _ => None,
        };
        let Some(texts) = texts else {
            self.warnings.push(format!("line {at}: `{action}` must be a list of keys, [\"j\", \"down\"]"));
            return;
        };
        match texts.into_iter().map(str::parse).collect::<Result<Vec<Key>, String>>() {
            Ok(keys) => self.keymap.set(spec.action, keys),
            Err(why) => self.warnings.push(format!("line {at}: {why}")),
        }
    }

    fn warn_of_clashes(&mut self) {
        for (at, spec) in ACTIONS.iter().enumerate() {
            for other in ACTIONS[..at].iter().filter(|o| o.context == spec.context) {
                for key in self.keymap.keys(spec.action) {
                    if self.keymap.keys(other.action).contains(key) {
                        self.warnings.push(format!(
                            "[{}]: {key} is both `{}` and `{}`; it does `{}`",
                            spec.context.name(),
                            other.name,
                            spec.name,
                            other.name
                        ));
                    }
                }
            }
        }
    }
}

fn unknown(line: usize, what: &str, name: &str, allowed: &[&str]) -> String {
    let near = allowed.iter().min_by_key(|a| distance(a, name)).copied().unwrap_or_default();
    format!(
        "line {line}: no {what} is called `{name}`; did you mean `{near}`? Allowed: {}",
        allowed.join(", ")
    )
}

/// Edits from one name to another, for the nearest match.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut before = row[0];
        row[0] = i + 1;
        for (j, cb) in b.iter().enumerate() {
            let replaced = before + usize::from(ca != *cb);
            before = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(before + 1);
        }
    }
    row[b.len()]
}

fn line_of(text: &str, at: usize) -> usize {
    text.as_bytes().iter().take(at).filter(|b| **b == b'\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::super::Action;
    use super::*;

    #[test]
    fn only_what_is_named_changes() {
        let user = UserKeys::parse("[list]\ndown = [\"s\"]\nup = []\n");
        assert_eq!(user.warnings, Vec::<String>::new());
        assert_eq!(user.keymap.find(&[Context::List], Key::char('s')), Some(Action::Down));
        assert_eq!(user.keymap.find(&[Context::List], Key::char('j')), None);
        assert_eq!(user.keymap.find(&[Context::List], Key::char('k')), None);
        assert_eq!(user.keymap.find(&[Context::List], Key::char('G')), Some(Action::Bottom));
    }

    #[test]
    fn mistakes_name_line_and_the_nearest_right_word() {
        let user = UserKeys::parse("[list]\ndwon = [\"s\"]\nup = [\"ctlr-x\"]\n[lits]\ntop = 3\n");
        assert_eq!(user.keymap, Keymap::default());
        assert!(user.warnings[0].starts_with("line 2:") && user.warnings[0].contains("`down`"), "{user:?}");
        assert!(user.warnings[1].starts_with("line 3:"), "{user:?}");
        assert!(user.warnings[2].starts_with("line 4:") && user.warnings[2].contains("`list`"), "{user:?}");
        let broken = UserKeys::parse("[list\n");
        assert_eq!(broken.keymap, Keymap::default());
        assert!(broken.warnings[0].starts_with("line 1:"), "{broken:?}");
    }

    #[test]
    fn a_clash_is_said() {
        let user = UserKeys::parse("[list]\ntop = [\"j\"]\n");
        assert!(user.warnings[0].contains("`down`") && user.warnings[0].contains("`top`"), "{user:?}");
    }
}
