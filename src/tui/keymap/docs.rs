//! The key documentation, made from the table.

use std::fmt::Write;

use super::{ACTIONS, Context, Keymap};

/// A line of `hourwire keys`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Where the keys count.
    pub context: &'static str,
    /// The action's name in a keymap file.
    pub action: &'static str,
    /// Its keys as shown.
    pub keys: Vec<String>,
    /// What it does.
    pub help: &'static str,
}

/// All actions with their keys, outer contexts first.
pub fn list(keymap: &Keymap) -> Vec<Line> {
    Context::ALL
        .iter()
        .rev()
        .flat_map(|context| ACTIONS.iter().filter(move |spec| spec.context == *context))
        .map(|spec| Line {
            context: spec.context.name(),
            action: spec.name,
            keys: keymap.keys(spec.action).iter().map(ToString::to_string).collect(),
            help: spec.help,
        })
        .collect()
}

/// The same as a Markdown table per context.
pub fn markdown(keymap: &Keymap) -> String {
    let mut out = String::new();
    let mut context = "";
    for line in list(keymap) {
        if line.context != context {
            context = line.context;
            let gap = if out.is_empty() { "" } else { "\n" };
            let _ = writeln!(out, "{gap}## {context}\n\n| key | action | does |\n|---|---|---|");
        }
        let keys: Vec<String> = line.keys.iter().map(|k| format!("`{}`", k.replace('|', "\\|"))).collect();
        let _ = writeln!(out, "| {} | `{}` | {} |", keys.join(" "), line.action, line.help);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_is_documented_once() {
        let page = markdown(&Keymap::default());
        for spec in ACTIONS {
            assert!(page.contains(&format!("| `{}` | {} |", spec.name, spec.help)), "{}", spec.name);
        }
        assert_eq!(list(&Keymap::default()).len(), ACTIONS.len());
    }
}
