//! What the actions on a subscription take at most: one table, which the command line's help repeats. Lost answers that
//! are asked for again, and gaps that fill more than a page of a report, are not foreseen.

use super::Action;
use crate::domain::id::Service;

/// Requests that an action takes at most; `off` where nothing is delivered, so that enabling goes with it.
pub fn most(action: Action, service: Service, off: bool) -> u64 {
    match (service, action) {
        // The list, the profile, and one for each event.
        (Service::Clockify, Action::MakeHook) => 7,
        (Service::Clockify, Action::Reenable) => 3,
        // The list, four tries at names and events, the proof, both reads of the gap.
        (Service::Toggl, Action::MakeHook) => 11,
        // The enabling, a PING, two lists and a PING between them, both reads of the gap.
        (Service::Toggl, Action::Reenable) => 7,
        // The change and both reads of the gap; what was disabled over it is mended too.
        (Service::Toggl, Action::RestoreOurs | Action::AdoptTheirs) => {
            if off {
                10
            } else {
                3
            }
        }
        // A name that is taken is put a second time; a handshake is asked for and looked at; a deletion too.
        // Clockify tells its log and what it tries again apart.
        (_, Action::RenameHook | Action::Validate | Action::DeleteHook | Action::ReadHookLog) => 2,
        _ => 1,
    }
}
