//! `hourwire keys`: the dashboard's keys, from the table that also makes its help.

use clap::Args;

use super::attach;
use super::exit::{Exit, Outcome};
use super::options::Global;
use super::print;
use crate::tui::keymap::{UserKeys, list, markdown};
use crate::tui::start::KEYMAP;

/// Options of `keys`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Example:\n  hourwire keys | less")]
pub struct Keys {
    /// Print JSON
    #[arg(long, conflicts_with = "markdown")]
    pub json: bool,
    /// Print Markdown
    #[arg(long)]
    pub markdown: bool,
}

/// Lists the keys in force; exits with 2 when the person's own keymap has mistakes.
pub fn run(global: &Global, options: &Keys) -> Outcome {
    let path = attach::paths(global)?.config_dir.join(KEYMAP);
    let user = UserKeys::parse(&std::fs::read_to_string(path).unwrap_or_default());
    if options.markdown {
        print::say(&markdown(&user.keymap));
    } else if options.json {
        let rows = list(&user.keymap).into_iter().map(|line| {
            serde_json::json!({
                "context": line.context, "action": line.action, "keys": line.keys, "does": line.help,
            })
        });
        print::json(&rows.collect());
    } else {
        let rows = list(&user.keymap).into_iter().map(|line| {
            vec![line.context.to_owned(), line.keys.join(" "), line.action.to_owned(), line.help.to_owned()]
        });
        print::say(&print::table(&rows.collect::<Vec<_>>()));
    }
    for warning in &user.warnings {
        print::safe_print(&format!("{KEYMAP}: {warning}"));
    }
    Ok(if user.warnings.is_empty() { Exit::Good } else { Exit::Usage })
}
