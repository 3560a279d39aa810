//! Everything the screen shows, as plain state. `update` is its only writer; nothing here reads a clock, a terminal
//! or a socket.

mod boxed;
mod day;
mod drawer;
mod incidents;
mod ledger;
mod lists;
mod palette;
mod picker;
mod queue;
pub mod reshape;
mod revival;
mod standing;
mod views;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use tui_input::Input;

use crate::config::settings::Motion;
use crate::control::command::{Command, Wish};
use crate::control::snapshot::{Snapshot, TargetLine};

use super::keymap::Keymap;
use super::paint::Drawn;
use super::theme::{Styles, Theme};

pub use drawer::{DELETED, Drawer, drawer_title};
pub use lists::{Cursor, row_id};
pub use palette::{Choice, Palette, Run};
pub use picker::{Picker, Ranked, service_label};
pub use revival::{Outlook, Revival};
pub use views::{Slot, View, Views, WINDOW};

/// The smallest screen that holds the five bands.
pub const SMALLEST: (u16, u16) = (60, 15);

/// Nothing but the way out is shown at this size.
pub fn is_too_small(size: (u16, u16)) -> bool {
    size.0 < SMALLEST.0 || size.1 < SMALLEST.1
}

/// The panes that are built, by their numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Pane {
    /// 0, the tiles.
    Overview,
    /// 1, live entries.
    Today,
    /// 2, where projects lead.
    Mapping,
    /// 3, subscriptions.
    Webhooks,
    /// 4, request buckets.
    Quota,
    /// 5, what is not synced.
    Sync,
    /// 7, what happened.
    Log,
}

impl Pane {
    /// All panes in the order of their numbers.
    pub const ALL: [Self; 7] =
        [Self::Overview, Self::Today, Self::Mapping, Self::Webhooks, Self::Quota, Self::Sync, Self::Log];
    /// The panes tiled on the Overview, in focus order.
    pub const TILES: [Self; 4] = [Self::Today, Self::Mapping, Self::Webhooks, Self::Quota];

    /// Its number on the keyboard.
    pub fn number(self) -> u8 {
        match self {
            Self::Overview => 0,
            Self::Today => 1,
            Self::Mapping => 2,
            Self::Webhooks => 3,
            Self::Quota => 4,
            Self::Sync => 5,
            Self::Log => 7,
        }
    }

    /// The pane of a number.
    pub fn of(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|p| p.number() == number)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Overview => "Overview",
            Self::Today => "Today",
            Self::Mapping => "Mapping",
            Self::Webhooks => "Webhooks",
            Self::Quota => "Quota",
            Self::Sync => "Sync",
            Self::Log => "Log",
        }
    }

    /// Its list.
    pub fn list(self) -> List {
        match self {
            Self::Overview | Self::Today => List::Today,
            Self::Mapping => List::Mapping,
            Self::Webhooks => List::Webhooks,
            Self::Quota => List::Quota,
            Self::Sync => List::Sync,
            Self::Log => List::Log,
        }
    }

    /// The view that fills it, if it is a view.
    pub fn slot(self) -> Option<Slot> {
        match self {
            Self::Overview | Self::Today => Some(Slot::Entries),
            Self::Mapping => Some(Slot::Mapping),
            Self::Sync => Some(Slot::Sync),
            Self::Log => Some(Slot::Log),
            Self::Webhooks | Self::Quota => None,
        }
    }
}

/// The lists that have a selection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum List {
    /// Source entries.
    Today,
    /// Source projects.
    Mapping,
    /// Subscriptions.
    Webhooks,
    /// Meters.
    Quota,
    /// Open work.
    Sync,
    /// What happened.
    Log,
    /// What the open drawer lists.
    Drawer,
    /// The choices of the palette.
    Palette,
    /// The lines of the help.
    Help,
}

/// The road to the engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Connection {
    /// Not there yet.
    Connecting,
    /// Messages flow.
    Live,
    /// Gone; what is on the screen is from then.
    Lost {
        /// Since when.
        since: DateTime<Utc>,
        /// Seconds until the next try.
        retry_s: u64,
        /// Why the last try failed.
        why: String,
    },
}

/// How a sentence on the price line is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Something was done or happened.
    Said,
    /// What a key will do and cost.
    Price,
    /// It did not work, or can't be done now.
    Trouble,
}

/// A sentence on the price line; it gives way to the next one and to a move of the selection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// When it came.
    pub at: DateTime<Utc>,
    /// The sentence.
    pub say: String,
    /// How it is meant.
    pub tone: Tone,
}

/// A question on the price line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// What would be done, and to what.
    pub say: String,
    /// What it costs and what is left, where it costs.
    pub price: String,
    /// What a yes does.
    pub then: Then,
}

/// What a yes does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Then {
    /// Sends a wish.
    Wish(Box<Wish>),
    /// Leaves.
    Leave,
}

/// A command whose answer has not come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pending {
    /// A dry run for the candidate with this id, for the price line.
    Price(String),
    /// A dry run whose answer becomes a question.
    Ask(Box<Wish>),
    /// A change.
    Change,
    /// A change that may be followed by another one: its dry run and the real one.
    Then(Box<(Wish, Wish)>),
    /// Something beside the point: its answer would cover what the person reads.
    Quiet,
}

/// Makes command ids: 96 random bits given from outside, then a count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ids {
    prefix: String,
    next: u32,
}

impl Ids {
    /// Ids of one viewer; `prefix` is 24 hex digits.
    pub fn new(prefix: impl Into<String>) -> Self {
        Self { prefix: prefix.into(), next: 0 }
    }

    fn make(&mut self) -> String {
        self.next += 1;
        format!("{}{:08x}", self.prefix, self.next)
    }
}

/// The whole state of the screen.
#[derive(Clone, Debug)]
pub struct Model {
    /// Columns and rows.
    pub size: (u16, u16),
    /// The wall clock of the last message.
    pub now: DateTime<Utc>,
    /// The road to the engine.
    pub connection: Connection,
    /// The last snapshot; kept when the engine is lost.
    pub snapshot: Option<Snapshot>,
    /// The windows on long lists.
    pub views: Views,
    /// The pane shown.
    pub pane: Pane,
    /// The focused tile of the Overview.
    pub tile: Pane,
    /// The focused tile fills the screen.
    pub zoom: bool,
    /// Where `Esc` leads after a jump from the Overview.
    pub came_from: Option<Pane>,
    /// The past day that Today shows; `None` is the live list.
    pub day: Option<NaiveDate>,
    /// The selection of each list.
    pub cursors: BTreeMap<List, Cursor>,
    /// What is open below the table.
    pub drawer: Option<Drawer>,
    /// The keys go to the drawer.
    pub in_drawer: bool,
    /// The filter being typed.
    pub typing: Option<Input>,
    /// The palette, when open.
    pub palette: Option<Palette>,
    /// The help is open.
    pub help: bool,
    /// The last sentence.
    pub notice: Option<Notice>,
    /// The open question.
    pub question: Option<Question>,
    /// Commands without an answer.
    pub pending: BTreeMap<String, Pending>,
    /// Makes command ids.
    pub ids: Ids,
    /// The keys.
    pub keymap: Keymap,
    /// All themes.
    pub themes: Vec<Theme>,
    /// The one in force.
    pub theme: usize,
    /// ASCII signs only.
    pub ascii: bool,
    /// The mouse is reported.
    pub mouse: bool,
    /// How much may move.
    pub motion: Motion,
    /// This viewer started the engine.
    pub started_engine: bool,
    /// What becomes of an engine that is gone.
    pub revival: Revival,
    /// The terminal has the focus.
    pub focused: bool,
    /// Rows that came or changed since the last minute or key.
    pub fresh: BTreeSet<String>,
    /// What the last draw left.
    pub drawn: Drawn,
    /// The last click, for double clicks: when, column, row.
    pub clicked: Option<(DateTime<Utc>, u16, u16)>,
    /// Something changed since the last draw.
    pub dirty: bool,
}

impl Model {
    /// A screen before its first message.
    pub fn new(size: (u16, u16), now: DateTime<Utc>, ids: Ids, keymap: Keymap, themes: Vec<Theme>) -> Self {
        Self {
            size,
            now,
            connection: Connection::Connecting,
            snapshot: None,
            views: Views::default(),
            pane: Pane::Overview,
            tile: Pane::Today,
            zoom: false,
            came_from: None,
            day: None,
            cursors: BTreeMap::new(),
            drawer: None,
            in_drawer: false,
            typing: None,
            palette: None,
            help: false,
            notice: None,
            question: None,
            pending: BTreeMap::new(),
            ids,
            keymap,
            themes,
            theme: 0,
            ascii: false,
            mouse: true,
            motion: Motion::Full,
            started_engine: false,
            revival: Revival::default(),
            focused: true,
            fresh: BTreeSet::new(),
            drawn: Drawn::default(),
            clicked: None,
            dirty: true,
        }
    }

    /// The Overview is drawn as tiles.
    pub fn tiled(&self) -> bool {
        self.pane == Pane::Overview && !self.zoom && self.size.0 >= 100 && self.size.1 >= 30
    }

    /// The pane that has the keys.
    pub fn active(&self) -> Pane {
        match self.pane {
            Pane::Overview if self.tiled() || self.zoom => self.tile,
            Pane::Overview => Pane::Today,
            pane => pane,
        }
    }

    /// The list that has the keys.
    pub fn list(&self) -> List {
        if self.in_drawer && self.drawer.is_some() { List::Drawer } else { self.active().list() }
    }

    /// The zone of the day shown.
    pub fn zone(&self) -> Tz {
        self.snapshot.as_ref().map_or(Tz::UTC, Snapshot::tz)
    }

    /// The targets, in the order of the words of an entry.
    pub fn targets(&self) -> &[TargetLine] {
        self.snapshot.as_ref().map_or(&[], |s| s.targets.as_slice())
    }

    /// The styles in force: those of a theme being tried, else the chosen one's.
    pub fn styles(&self) -> Styles {
        let tried = self.palette.as_ref().and_then(|p| p.tried_theme(self));
        self.themes.get(tried.unwrap_or(self.theme)).map(|t| t.styles.clone()).unwrap_or_default()
    }

    /// Whether a change can be asked for now.
    pub fn is_live(&self) -> bool {
        self.connection == Connection::Live
    }

    /// Who hosts the engine: `serve`, `detached`, `demo`, `command`.
    pub fn host(&self) -> &str {
        self.snapshot.as_ref().map_or("", |snapshot| snapshot.hosted_by.as_str())
    }

    /// What becomes of an engine that is gone. One in the background is looked after by nobody but screens like this.
    pub fn outlook(&self) -> Outlook {
        self.revival.outlook(self.now, self.keeps_engine())
    }

    /// This screen starts the engine again when it falls.
    pub fn keeps_engine(&self) -> bool {
        self.host() == "detached"
    }

    /// A command with a fresh id, remembered until its answer comes.
    pub fn command(&mut self, wish: Wish, pending: Pending) -> Command {
        let id = self.ids.make();
        self.pending.insert(id.clone(), pending);
        Command { id, wish }
    }

    /// Puts a sentence on the price line.
    pub fn say(&mut self, tone: Tone, say: impl Into<String>) {
        self.notice = Some(Notice { at: self.now, say: say.into(), tone });
    }
}
