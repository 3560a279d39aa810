//! Names and initials of what ids stand for, as the services wrote them.

use crate::domain::catalogue::{Item, Kind};
use crate::domain::entry::Entry;
use crate::domain::id::{Account, RemoteId};

use super::state::State;

impl State {
    /// The project of an entry, if it is known.
    pub fn project_of(&self, account: &Account, entry: &Entry) -> Option<&Item> {
        self.item(account, Kind::Project, entry.project.as_ref()?)
    }

    /// The name of an entry's project: empty without one, `project 42` when its name is not known.
    pub fn project_name(&self, account: &Account, entry: &Entry) -> String {
        match (&entry.project, self.project_of(account, entry)) {
            (None, _) => String::new(),
            (Some(_), Some(item)) => item.name.clone(),
            (Some(id), None) => format!("project {id}"),
        }
    }

    /// The name of a project's client; empty without one.
    pub fn client_name(&self, account: &Account, project: &Item) -> String {
        let client = project.client.as_ref().and_then(|id| self.item(account, Kind::Client, id));
        client.map(|c| c.name.clone()).unwrap_or_default()
    }

    /// The name of a user; empty when it is not known.
    pub fn user_name(&self, account: &Account, user: &RemoteId) -> String {
        let known = self.item(account, Kind::User, user).map(|u| u.name.clone());
        let own = || self.profile(account).filter(|p| &p.user == user).map(|p| p.name.clone());
        known.or_else(own).unwrap_or_default()
    }

    /// The initials of a user.
    pub fn initials(&self, account: &Account, user: &RemoteId) -> String {
        initials(&self.user_name(account, user))
    }
}

/// `Ida Kern` is `IK`, `dana` is `DA`, nobody is `??`.
pub fn initials(name: &str) -> String {
    let words: Vec<&str> = name.split_whitespace().filter(|w| w.chars().any(char::is_alphanumeric)).collect();
    let letters: String = match words.as_slice() {
        [] => return "??".into(),
        [one] => one.chars().filter(|c| c.is_alphanumeric()).take(2).collect(),
        [first, .., last] => {
            [first, last].iter().filter_map(|w| w.chars().find(|c| c.is_alphanumeric())).collect()
        }
    };
    letters.to_uppercase()
}

#[cfg(test)]
mod tests {
    use super::initials;

    #[test]
    fn initials_come_from_the_first_and_last_word() {
        let table =
            [("Ida Kern", "IK"), ("Dana van der Moss", "DM"), ("dana", "DA"), (" ", "??"), ("x", "X")];
        for (name, expected) in table {
            assert_eq!(initials(name), expected);
        }
    }
}
