//! What must be right before the parts may run: memory filled from the cache, and the settings compared with what is
//! known from before.

use crate::cache::rows;
use crate::config::mapping::version;
use crate::domain::id::{Account, RemoteId, Service};
use crate::domain::mapping::Mapping;

use super::desk::{DeskError, Desked};
use super::setup::Unread;
use super::state::State;
use super::{Engine, Shared, call, dispatcher, mapper, rebind, survey};

/// The version of the mapping that every bond follows.
fn followed() -> Vec<u8> {
    rows::meta("mapping followed")
}

impl Engine {
    pub(super) fn warm(self: &Shared) -> Desked<()> {
        let mut state = self.state();
        state.warm()?;
        let sources: Vec<Account> = state.setup.sources.iter().map(|s| s.account.clone()).collect();
        let targets: Vec<Account> = state.setup.targets.iter().map(|t| t.account.clone()).collect();
        for (account, service) in
            sources.iter().map(|a| (a, Service::Toggl)).chain(targets.iter().map(|a| (a, Service::Clockify)))
        {
            if state.profile(account).is_some() {
                // The last end cut off the check of a new token.
                state.disown(account)?;
            }
            call::set_limits(&mut state, account, service);
            let pace = call::first_pace(service, state.profile(account), self.seams.now());
            if let Some(running) = state.running.get_mut(account) {
                running.pace.get_or_insert(pace);
            }
        }
        self.fix_cursor(&mut state)?;
        drop_holds(&mut state)?;
        // While it was off, another instance may have sent, or this state may be a copy of an old one.
        survey::forget(&mut state)?;
        self.bar_moved(&mut state);
        let fixed = self.fix_first_day(&mut state)?;
        self.load_mapping(&mut state)?;
        follow(&mut state, fixed)?;
        drop(state);
        for target in &targets {
            dispatcher::orphan_all(self, target)?;
        }
        Ok(())
    }

    /// A cursor beyond the inbox belongs to one that is gone: without this, new deliveries would be skipped.
    fn fix_cursor(&self, state: &mut State) -> Desked<()> {
        let cursor: u64 = state.desk.get(&rows::meta("cursor"))?.unwrap_or(0);
        let last = self.inbox.last_seq();
        if cursor > last {
            tracing::warn!(cursor, last, "the inbox is another one than before; going on at its end");
            state.desk.write("cursor", |draft| draft.put(rows::meta("cursor"), &last))?;
        }
        Ok(())
    }

    /// An account whose settings name another workspace than its links belong to is stopped: what is known of the
    /// old one must not be written into the new one.
    fn bar_moved(&self, state: &mut State) {
        let sources = state.setup.sources.iter().map(|s| (s.account.clone(), "toggl", s.workspace.clone()));
        let targets =
            state.setup.targets.iter().map(|t| (t.account.clone(), "clockify", Some(t.workspace.clone())));
        let set: Vec<(Account, &str, Option<RemoteId>)> = sources.chain(targets).collect();
        for (account, service, workspace) in set {
            let known = state.profile(&account).map(|p| p.workspace.clone());
            let Some((set, known)) = workspace.zip(known).filter(|(set, known)| set != known) else {
                continue;
            };
            let say = format!(
                "{account}: hourwire.toml names workspace {set}, but what is known here belongs to {known}; put \
                 {known} back, or give the new workspace a table of its own: [{service}.{account}2]"
            );
            state.alert(&format!("workspace:{account}"), self.seams.now(), 7, say);
            if let Some(running) = state.running.get_mut(&account) {
                running.refused = Some(format!("another workspace than before ({set}, not {known})"));
                running.barred = true;
            }
        }
    }
}

/// Nobody looks any more whether another instance sends for an account that the settings do not name.
fn drop_holds(state: &mut State) -> Desked<()> {
    let mut holds = state.holds.clone();
    let accounts: Vec<&str> = state.setup.sources.iter().map(|s| s.account.as_str()).collect();
    holds.retain(|h| h.id.strip_prefix("other:").is_none_or(|of| accounts.contains(&of)));
    if holds != state.holds {
        state.desk.write("holds", |draft| State::put_holds(&holds, draft))?;
        state.holds = holds;
    }
    Ok(())
}

/// A mapping that was edited while the engine was off, or whose bonds a crash kept from following, is followed now;
/// with `anyway` all that waits is bound anew. Answers how many bonds changed.
fn follow(state: &mut State, anyway: bool) -> Desked<usize> {
    let before: Option<String> = state.desk.get(&followed())?;
    let version = state.mapping_version.clone();
    let stale = before.as_ref() != Some(&version);
    let changed = if stale || anyway { rebind::rebind_all(state)? } else { 0 };
    if stale {
        state.desk.write("mapping", |draft| draft.put(followed(), &version))?;
    }
    Ok(changed)
}

impl Engine {
    /// Reads the mapping; where its file is broken or gone, the last good version holds, with an alert.
    pub(super) fn load_mapping(&self, state: &mut State) -> Desked<()> {
        let now = self.seams.now();
        let loaded = match state.setup.mapping.load() {
            // Where nothing is linked there is nothing to lose: so a first start finds it.
            Err(Unread::Missing | Unread::Empty) if state.mapping == Mapping::default() => {
                Ok((Mapping::default(), version("")))
            }
            loaded => loaded,
        };
        match loaded {
            Ok((mapping, version)) => {
                state.mapping_alert = None;
                state.calm("mapping");
                if version != state.mapping_version {
                    state.desk.write("mapping", |draft| mapper::keep(draft, &mapping, &version))?;
                    state.mapping = mapping;
                    state.mapping_version = version;
                }
            }
            Err(unread) => {
                state.alert("mapping", now, 2, format!("{unread}; the last good version holds"));
                state.mapping_alert = Some(unread);
            }
        }
        Ok(())
    }

    /// Reads the mapping again and lets what waits follow it. While the cache is not ready this is put off, not lost:
    /// the mapper does it then.
    pub fn reload_mapping(self: &Shared) -> Desked<usize> {
        let followed = self.follow_mapping();
        if followed.is_err() {
            self.wakes.map.notify_one();
        }
        followed
    }

    /// The same, for who tries again by itself.
    pub(super) fn follow_mapping(&self) -> Desked<usize> {
        let mut state = self.state();
        state.follow_due = true;
        if !*self.ready.borrow() {
            // Memory is still empty: the start reads the mapping itself.
            return Err(DeskError::NotReady);
        }
        self.load_mapping(&mut state)?;
        let changed = follow(&mut state, true)?;
        state.follow_due = false;
        drop(state);
        self.touch_work();
        Ok(changed)
    }
}
