//! `hourwire themes`: the themes the dashboard knows.

use clap::Args;

use super::attach;
use super::exit::{Exit, Outcome};
use super::options::Global;
use super::print;
use crate::config::theme::{ThemeFile, Themes};

/// Options of `themes`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Example:\n  hourwire themes\n\n\
    A theme of your own is a TOML file in the folder themes/ of the config folder; choose one with `theme = \"name\"`\n\
    in [ui] of hourwire.toml, or with `:theme` in the dashboard.")]
pub struct ThemesOptions {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Lists the themes; exits with 2 when one of the person's own is broken.
pub fn run(global: &Global, options: &ThemesOptions) -> Outcome {
    let (themes, mistakes) = Themes::load(&attach::paths(global)?.config_dir);
    let origin = |theme: &ThemeFile| if theme.own { "own" } else { "built in" };
    if options.json {
        let row = |theme: &ThemeFile| serde_json::json!({ "name": theme.name, "about": theme.about, "origin": origin(theme) });
        print::json(&themes.iter().map(row).collect());
    } else {
        let row = |theme: &ThemeFile| vec![theme.name.clone(), origin(theme).to_owned(), theme.about.clone()];
        print::say(&print::table(&themes.iter().map(row).collect::<Vec<_>>()));
    }
    for mistake in &mistakes {
        print::safe_print(&mistake.to_string());
    }
    Ok(if mistakes.is_empty() { Exit::Good } else { Exit::Usage })
}
