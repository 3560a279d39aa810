//! The one table of actions. Footer, help, palette, key dispatch and the key documentation are made from it.

/// Where a key means something. An action of an inner context comes before one of an outer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Context {
    /// A question on the price line.
    Question,
    /// The list of candidates for a link.
    Picker,
    /// A held change waiting for a decision.
    Hold,
    /// The deliveries kept raw.
    Deliveries,
    /// The ledger of incidents, and the timeline of one.
    Incidents,
    /// The requests of a bucket.
    Ledger,
    /// Any drawer.
    Drawer,
    /// The entries of Today.
    Today,
    /// Mapping.
    Mapping,
    /// Webhooks.
    Webhooks,
    /// Quota.
    Quota,
    /// Sync.
    Sync,
    /// Any list.
    List,
    /// The tiled Overview.
    Overview,
    /// Everywhere.
    Global,
}

impl Context {
    /// The name in a keymap file.
    pub fn name(self) -> &'static str {
        match self {
            Self::Question => "question",
            Self::Picker => "picker",
            Self::Hold => "hold",
            Self::Deliveries => "deliveries",
            Self::Incidents => "incidents",
            Self::Ledger => "ledger",
            Self::Drawer => "drawer",
            Self::Today => "today",
            Self::Mapping => "mapping",
            Self::Webhooks => "webhooks",
            Self::Quota => "quota",
            Self::Sync => "sync",
            Self::List => "list",
            Self::Overview => "overview",
            Self::Global => "global",
        }
    }

    /// All contexts, inner ones first.
    pub const ALL: [Self; 15] = [
        Self::Question,
        Self::Picker,
        Self::Hold,
        Self::Deliveries,
        Self::Incidents,
        Self::Ledger,
        Self::Drawer,
        Self::Today,
        Self::Mapping,
        Self::Webhooks,
        Self::Quota,
        Self::Sync,
        Self::List,
        Self::Overview,
        Self::Global,
    ];
}

macro_rules! actions {
    ($($variant:ident, $context:ident, $name:literal, [$($key:literal),*], $label:literal, $help:literal;)*) => {
        /// What a key can mean.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Action {
            $(#[doc = $help] $variant,)*
        }

        /// All actions in the order of the help.
        pub const ACTIONS: &[Spec] = &[
            $(Spec {
                action: Action::$variant,
                context: Context::$context,
                name: $name,
                keys: &[$($key),*],
                label: $label,
                help: $help,
            },)*
        ];
    };
}

/// A line of the table.
#[derive(Debug)]
pub struct Spec {
    /// The action.
    pub action: Action,
    /// Where its keys count.
    pub context: Context,
    /// Its name in a keymap file.
    pub name: &'static str,
    /// Its default keys; the first one is shown.
    pub keys: &'static [&'static str],
    /// Two or three words for the footer.
    pub label: &'static str,
    /// A sentence for help and palette.
    pub help: &'static str,
}

actions! {
    Down, List, "down", ["j", "down"], "down", "Move to the next row";
    Up, List, "up", ["k", "up"], "up", "Move to the row before";
    PageDown, List, "page-down", ["pagedown", "ctrl-d"], "page down", "Move a page down";
    PageUp, List, "page-up", ["pageup", "ctrl-u"], "page up", "Move a page up";
    Top, List, "top", ["g", "home"], "first", "Go to the first row";
    Bottom, List, "bottom", ["G", "end"], "last", "Go to the last row";
    NextProblem, List, "next-problem", ["n"], "next problem", "Go to the next row that needs a person";
    PrevProblem, List, "previous-problem", ["N"], "previous problem", "Go to the row before that needs a person";
    Filter, List, "filter", ["/"], "filter", "Show rows that hold all these words; // all entries";
    Open, List, "open", ["enter"], "open", "Open the drawer of the selected row";
    Copy, List, "copy", ["y"], "copy", "Copy the selected row to the terminal's clipboard";

    OlderDay, Today, "day-before", ["["], "day before", "Go to the entries of the day before";
    NewerDay, Today, "day-after", ["]"], "day after", "Go to the entries of the day after";

    NextTile, Overview, "next-tile", ["tab"], "pane", "Focus the next pane";
    PrevTile, Overview, "previous-tile", ["shift-tab"], "pane before", "Focus the pane before";

    Create, Mapping, "create", ["c"], "create there", "Create the project in the target and link it";
    Ignore, Mapping, "ignore", ["i"], "ignore", "Leave the project out by a rule, or take it in again";
    Unlink, Mapping, "unlink", ["x"], "unlink", "Remove the link";
    MoveSent, Mapping, "move-sent", ["M"], "move sent", "Move sent entries to where the mapping leads now, priced first";

    Reenable, Webhooks, "re-enable", ["R"], "re-enable", "Enable the subscription again";
    Test, Webhooks, "test", ["t"], "test", "Ask the service for a ping";
    Validate, Webhooks, "validate", ["v"], "validate", "Complete the handshake of the address";
    Deliveries, Webhooks, "deliveries", ["d"], "deliveries", "Show the deliveries kept raw, dead letters among them";
    Incidents, Webhooks, "incidents", ["i"], "incidents", "Show the ledger of all incidents, newest first";
    Disable, Webhooks, "disable", ["X"], "disable", "Disable the subscription; it stays so until a person enables it";

    MakeHook, Webhooks, "create-subscription", ["c"], "create", "Make a subscription for the account";
    EditEvents, Webhooks, "edit-events", ["e"], "events", "Change the events that the subscription tells";
    RenameHook, Webhooks, "rename-subscription", ["m"], "rename", "Give the subscription another name";
    RotateSecret, Webhooks, "rotate-secret", ["s"], "new secret", "Make a new secret; the old one is taken for a day more";
    RevealSecret, Webhooks, "reveal-secret", ["*"], "secret", "Show the secret on the price line";
    RestoreOurs, Webhooks, "restore-ours", ["<"], "restore ours", "Undo what somebody changed at the service";
    AdoptTheirs, Webhooks, "adopt-theirs", [">"], "take theirs", "Want what somebody changed at the service";
    ReadHookLog, Webhooks, "read-log", ["L"], "log", "Read what Clockify's log of 7 days tells of the deliveries (asks)";
    DeleteHook, Webhooks, "delete-subscription", ["D"], "delete", "Delete the subscription at the service";
    Pause, Quota, "pause", ["P"], "pause", "Pause the background work, or let it go on";
    SendNow, Quota, "send-now", ["S"], "send now", "Send what waits, from what is kept for you (asks)";
    HourBefore, Quota, "hour-before", ["["], "hour before", "Show what the hour before was spent on";
    HourAfter, Quota, "hour-after", ["]"], "hour after", "Show what the hour after was spent on";

    Retry, Sync, "retry", ["R"], "retry", "Send the failed entry again";
    KeepSource, Sync, "keep-source", ["<"], "ours wins", "Decide the conflict: send what Toggl has";
    KeepTarget, Sync, "keep-target", [">"], "theirs stays", "Decide the conflict: leave what the target has";

    Link, Picker, "link", ["enter"], "link", "Link to the selected candidate";
    Search, Picker, "search", ["/"], "search", "Search the candidates by name and client";
    OtherTarget, Picker, "other-target", ["tab"], "other target", "Pick for the next target";
    CreateHere, Picker, "create-here", ["c"], "create it there", "Create the project in the target and link it";
    IgnoreHere, Picker, "ignore-here", ["i"], "ignore", "Leave the project out by a rule";

    SendHeld, Hold, "send-held", ["S"], "send", "Send the held changes (asks)";
    DropHeld, Hold, "drop-held", ["x"], "drop", "Drop the held changes (asks)";
    TakeOver, Hold, "take-over", ["t"], "send from here", "Make this engine the sender where another one is";

    OpenDelivery, Deliveries, "open-delivery", ["enter"], "open", "Show headers, proof, what the delivery changed and why";
    Replay, Deliveries, "replay", ["r"], "replay", "Apply the delivery again, after showing what would change";
    ReplayShown, Deliveries, "replay-shown", ["A"], "replay all", "Apply all deliveries under the filter again, after showing what would change; `:replay 100 200` a range";
    FilterDeliveries, Deliveries, "filter-deliveries", ["/"], "filter", "Show only deliveries that hold all of the words";
    Verify, Deliveries, "verify", ["v"], "verify", "Check the signature again with the secrets that hold now; `:verify SECRET` with any";

    OpenIncident, Incidents, "open-incident", ["enter"], "timeline", "Show the timeline of the incident";
    FilterIncidents, Incidents, "filter-incidents", ["/"], "filter", "Show only incidents that hold all of the words";

    OnlyCause, Ledger, "only-cause", ["enter"], "only these", "Show only the requests of this cause, or all again";

    Older, Drawer, "older", ["["], "older", "Show the one before";
    Newer, Drawer, "newer", ["]"], "newer", "Show the one after";

    Confirm, Question, "confirm", ["enter", "y"], "yes", "Do it";
    StopEngine, Question, "stop-engine", ["s"], "stop it", "Leave and stop the engine";
    Refuse, Question, "refuse", ["esc", "n"], "no", "Leave it as it is";

    Undo, Global, "undo", ["u"], "undo", "Undo this viewer's last change";
    OldestAlert, Global, "oldest-alert", ["!"], "oldest alert", "Go to what has needed a person longest";
    StartEngine, Global, "start-engine", ["E"], "start the engine", "Start the engine again that is gone";
    Zoom, Global, "zoom", ["z"], "zoom", "Fill the screen with the pane, and back";
    Overview, Global, "overview", ["0"], "Overview", "Show the Overview";
    Today, Global, "today", ["1"], "Today", "Show Today";
    Mapping, Global, "mapping", ["2"], "Mapping", "Show Mapping";
    Webhooks, Global, "webhooks", ["3"], "Webhooks", "Show Webhooks";
    Quota, Global, "quota", ["4"], "Quota", "Show Quota";
    Sync, Global, "sync", ["5"], "Sync", "Show Sync";
    Log, Global, "log", ["7"], "Log", "Show the Log";
    Palette, Global, "palette", [":", "ctrl-p"], "command", "Find a command by its name";
    Help, Global, "help", ["?", "f1"], "help", "Show what every key does here";
    Back, Global, "back", ["esc"], "back", "Close what was opened last";
    Repaint, Global, "repaint", ["ctrl-l"], "repaint", "Draw the whole screen again";
    Suspend, Global, "suspend", ["ctrl-z"], "suspend", "Give the terminal back to the shell for a while";
    Quit, Global, "quit", ["q", "ctrl-c"], "leave", "Leave; the engine goes on unless asked to stop";
}

impl Action {
    /// The action's line of the table.
    pub fn spec(self) -> &'static Spec {
        // The table is made from the same list as the enum, in the same order.
        &ACTIONS[self as usize]
    }
}
