//! The black box in the drawer: the row that is kept, the words where nothing fits, and what the keys do with a row.

use hourwire::tui::model::{List, Model};

use super::fixture;
use super::looks::text;

/// The pane with its deliveries open.
fn open(keys: &str) -> Model {
    let mut model = fixture::model((80, 24));
    fixture::press(&mut model, &format!("3 d {keys}"));
    model
}

#[test]
fn escape_leads_back_to_the_row_that_was_opened() {
    let mut model = open("j j");
    let row = model.selected(List::Drawer);
    fixture::press(&mut model, "enter j j j");
    assert!(text(&mut model).contains("delivery 238"), "{}", text(&mut model));
    fixture::press(&mut model, "esc");
    assert_eq!((row, model.selected(List::Drawer)), (2, 2));
    // What comes above moves the bar with its delivery, as it did before it was opened.
    assert_eq!(model.selected_delivery(), Some(238));
}
