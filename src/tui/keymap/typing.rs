//! The keys of a line of text. Letters are letters there, and Enter and Esc stay what they are: no keymap changes them.

use super::super::model::{Drawer, Model, Pane};

/// The keys that have a meaning while text is typed, each with two words; `None` where no text is.
pub fn typing(model: &Model) -> Option<Vec<(&'static str, &'static str)>> {
    if model.question.is_some() || model.help {
        return None;
    }
    if let Some(palette) = &model.palette {
        let run =
            if palette.choices.is_empty() { None } else { Some([("Enter", "do it"), ("Down", "next")]) };
        return Some(run.into_iter().flatten().chain([("Esc", "close")]).collect());
    }
    if let Some(input) = &model.typing {
        let mut keys = vec![("Enter", "keep filter"), ("Down", "to the rows")];
        if input.value().is_empty() && model.active() != Pane::Today {
            keys.push(("/", "all entries"));
        }
        keys.push(("Esc", "show all"));
        return Some(keys);
    }
    match &model.drawer {
        Some(Drawer::Picker(picker)) if model.in_drawer && picker.typing.is_some() => {
            let mut keys = Vec::new();
            if model.candidate().is_some() {
                keys.extend([("Enter", "link"), ("Down", "next")]);
            }
            if model.targets().len() > 1 {
                keys.push(("Tab", "other target"));
            }
            keys.push(("Esc", "end search"));
            Some(keys)
        }
        _ => None,
    }
}
