//! Who the tokens are and what their accounts hold: read at the first start, then by age.

use std::collections::BTreeSet;

use chrono::TimeDelta;

use crate::cache::rows;
use crate::control::snapshot::Alert;
use crate::domain::catalogue::{Item, Kind};
use crate::domain::id::{Account, RemoteId, Service};
use crate::domain::knock::Knock;
use crate::domain::quota::Cause;
use crate::services::http::Page;
use crate::services::toggl::{Call, Me};

use super::call::{self, Ask, CallError, Patience};
use super::desk::Desked;
use super::state::{Profile, State};
use super::{Shared, apply, plan};

/// Profile, plan and catalogue are read again after this.
pub const OLD: TimeDelta = TimeDelta::hours(24);

/// What is known already is only old, unless a person asks.
fn idly(engine: &Shared, account: &Account, cause: Cause) -> Desked<Cause> {
    let known = cause != Cause::Person && is_whole(engine, account)?;
    Ok(if known { Cause::Curiosity } else { cause })
}

/// What a source told of itself.
pub struct SourceRead {
    /// All of it; its entries are for the caller to apply.
    pub me: Me,
    /// How many items of the catalogue changed.
    pub changed: usize,
}

/// Reads who a source token is with everything related, once; returns it for the caller to apply its entries.
pub async fn read_source(engine: &Shared, account: &Account, cause: Cause) -> Result<SourceRead, CallError> {
    let known = Known::of(engine, account);
    let cause = idly(engine, account, cause)?;
    let ask = Ask { cause, patience: Patience::Forever, knocks: true };
    let answer = engine.turn_toggl(account, Call::Me, ask, |c| async move { c.me(true).await }).await?;
    let mut me = answer.result.map_err(CallError::Failed)?;
    let (wanted, old) = {
        let state = engine.state();
        let setup = state.setup.sources.iter().find(|s| &s.account == account);
        (setup.and_then(|s| s.workspace.clone()), state.profile(account).cloned())
    };
    // A person may make another workspace the default one; what is known here stays with its own.
    let wanted = wanted.or_else(|| old.as_ref().map(|old| old.workspace.clone()));
    let workspace = wanted.or_else(|| me.default_workspace.clone()).unwrap_or_default();
    me = me.only(&workspace);
    let home = me.workspaces.iter().find(|w| w.id == workspace);
    let old = old.filter(|old| home.is_none() && old.workspace == workspace).unwrap_or_default();
    let plan = match home {
        None if !old.plan.is_empty() => old.plan.as_str(),
        Some(w) if w.business => "Premium",
        Some(w) if w.premium => "Starter",
        _ => "Free",
    };
    let profile = Profile {
        user: me.user.id.clone(),
        name: me.user.name.clone(),
        workspace,
        organization: home.and_then(|w| w.organization.clone()).unwrap_or(old.organization),
        plan: plan.to_owned(),
        free: plan == "Free",
        admin: home.map_or(old.admin, |w| w.admin),
        zone: me.zone.clone(),
        read_at: engine.seams.now(),
    };
    pin(engine, account, Service::Toggl, profile)?;
    engine.settle_first_day()?;
    let mut changed = change_items(engine, account, std::slice::from_ref(&me.user))?;
    for (kind, items) in [(Kind::Project, &me.projects), (Kind::Client, &me.clients), (Kind::Tag, &me.tags)] {
        changed += put_list(engine, account, kind, &known, items)?;
    }
    Ok(SourceRead { me, changed })
}

/// Reads names and e-mails of colleagues, where the token may see them; without that right their entries are held.
/// Answers how many changed.
pub async fn read_users(engine: &Shared, account: &Account) -> Result<usize, CallError> {
    let known = Known::of(engine, account);
    let (workspace, admin) = {
        let state = engine.state();
        state.profile(account).map(|p| (p.workspace.clone(), p.admin)).unwrap_or_default()
    };
    if !admin {
        return Ok(0);
    }
    let users = engine
        .ask_toggl(account, Call::Users, Cause::Health, Patience::Forever, |c| async move {
            c.users(&workspace).await
        })
        .await?;
    match users.result {
        Ok(users) => Ok(put_list(engine, account, Kind::User, &known, &users)?),
        Err(_) => Ok(0),
    }
}

/// Reads all tags of a source's workspace, one request for each 200.
pub async fn read_tags(engine: &Shared, account: &Account, cause: Cause) -> Result<(), CallError> {
    let known = Known::of(engine, account);
    let workspace = engine.state().profile(account).map(|p| p.workspace.clone()).unwrap_or_default();
    let mut all = Vec::new();
    for page in 1.. {
        let workspace = workspace.clone();
        let answer = engine
            .ask_toggl(account, Call::Tags, cause, Patience::Short, |c| async move {
                c.tags(&workspace, page).await
            })
            .await?;
        let Page { rows, last } = answer.result.map_err(CallError::Failed)?;
        all.extend(rows);
        if last {
            break;
        }
    }
    put_list(engine, account, Kind::Tag, &known, &all)?;
    Ok(())
}

/// Reads who a target key is and its plan.
pub async fn who_is_target(engine: &Shared, account: &Account, cause: Cause) -> Result<Item, CallError> {
    let cause = idly(engine, account, cause)?;
    let ask = Ask { cause, patience: Patience::Forever, knocks: true };
    let user = engine.turn_clockify(account, ask, |c| async move { c.user().await }).await?;
    let user = user.result.map_err(CallError::Failed)?;
    let home = engine.turn_clockify(account, ask, |c| async move { c.workspace().await }).await?;
    let home = home.result.map_err(CallError::Failed)?;
    let profile = Profile {
        user: user.user.id.clone(),
        name: user.user.name.clone(),
        workspace: home.id.clone(),
        organization: RemoteId::default(),
        plan: home.plan.clone(),
        free: home.is_free(),
        admin: true,
        zone: user.zone.clone(),
        read_at: engine.seams.now(),
    };
    pin(engine, account, Service::Clockify, profile)?;
    Ok(user.user)
}

/// Reads who a target key is, its plan and its whole catalogue.
pub async fn read_target(engine: &Shared, account: &Account, cause: Cause) -> Result<(), CallError> {
    let user = who_is_target(engine, account, cause).await?;
    for kind in [Kind::User, Kind::Project, Kind::Client, Kind::Tag] {
        let known = Known::of(engine, account);
        let ask = Ask { cause, patience: Patience::Forever, knocks: false };
        let mut items = read_kind(engine, account, kind, ask).await?;
        if kind == Kind::User && !items.iter().any(|i| i.id == user.id) {
            items.push(user.clone());
        }
        put_list(engine, account, kind, &known, &items)?;
    }
    Ok(())
}

/// Reads the tags of a target.
pub async fn read_target_tags(engine: &Shared, account: &Account, ask: Ask) -> Result<(), CallError> {
    let known = Known::of(engine, account);
    let tags = read_kind(engine, account, Kind::Tag, ask).await?;
    put_list(engine, account, Kind::Tag, &known, &tags)?;
    Ok(())
}

async fn read_kind(engine: &Shared, account: &Account, kind: Kind, ask: Ask) -> Result<Vec<Item>, CallError> {
    let mut all = Vec::new();
    for page in 1.. {
        let answer = engine
            .turn_clockify(account, ask, |c| async move {
                match kind {
                    Kind::User => c.users(page).await,
                    Kind::Project => c.projects(page).await,
                    Kind::Client => c.clients(page).await,
                    Kind::Tag => c.tags(page).await,
                }
            })
            .await?;
        let Page { rows, last } = answer.result.map_err(CallError::Failed)?;
        all.extend(rows);
        if last {
            break;
        }
    }
    Ok(all)
}

/// Keeps a profile. A token that answers as another user, or for another workspace, stops its account.
fn pin(engine: &Shared, account: &Account, service: Service, profile: Profile) -> Result<(), CallError> {
    let mut state = engine.state();
    let now = engine.seams.now();
    if let Some(old) = state.profile(account)
        && (old.user != profile.user || old.workspace != profile.workspace)
    {
        let why = format!(
            "answers as {} (workspace {}), not as {} (workspace {})",
            profile.name, profile.workspace, old.name, old.workspace
        );
        state.alert(
            &Alert::of_token(account),
            now,
            7,
            format!("{account}: the token {why}; put the right token back"),
        );
        if let Some(running) = state.running.get_mut(account) {
            running.refused = Some(why.clone());
            running.knock.refused(now);
        }
        engine.wakes.upkeep.notify_waiters();
        return Err(CallError::Stopped(why));
    }
    state.calm(&Alert::of_token(account));
    let own = format!("user:{}", profile.user);
    state.requests.rename(account, call::UNKNOWN_USER, &own);
    let State { desk, meters, .. } = &mut *state;
    desk.write("profile", |draft| {
        draft.put(rows::meta(&format!("profile:{account}")), &profile)?;
        meters.rename(account, call::UNKNOWN_USER, &own, draft)
    })?;
    let changed = state.profile(account).is_some_and(|old| old.plan != profile.plan);
    if changed {
        plan::changed(&mut state, account, &profile.plan)?;
    }
    if let Some(running) = state.running.get_mut(account) {
        running.pace = Some(call::pace(service, Some(&profile)).following(running.pace.take()));
        running.refused = None;
        running.unproven = false;
        running.plan_doubted = None;
        running.knock = Knock::default();
        running.profile = Some(profile);
    }
    call::set_limits(&mut state, account, service);
    engine.wakes.upkeep.notify_waiters();
    Ok(())
}

fn whole(account: &Account) -> Vec<u8> {
    rows::meta(&format!("whole:{account}"))
}

/// Whether a first read went through to its end; a profile alone says nothing of what came after it.
pub fn is_whole(engine: &Shared, account: &Account) -> Desked<bool> {
    Ok(engine.state().desk.get(&whole(account))?.unwrap_or(false))
}

/// Notes that a first read went through to its end.
pub fn note_whole(engine: &Shared, account: &Account) -> Desked<()> {
    if is_whole(engine, account)? {
        return Ok(());
    }
    engine.state().desk.write("whole", |draft| draft.put(whole(account), &true))
}

/// What the catalogue of an account named before a list was asked for.
pub struct Known(BTreeSet<(Kind, RemoteId)>);

impl Known {
    /// Now.
    pub fn of(engine: &Shared, account: &Account) -> Self {
        let state = engine.state();
        let all = state.catalogue.iter().filter(|((a, ..), item)| a == account && !item.deleted);
        Self(all.map(|((_, kind, id), _)| (*kind, id.clone())).collect())
    }
}

/// Keeps a list that was read to its end: what was known before it was asked for and is not in it is deleted. An empty
/// list where something is known says nothing. Answers how many items changed.
fn put_list(engine: &Shared, account: &Account, kind: Kind, known: &Known, listed: &[Item]) -> Desked<usize> {
    let mut items = listed.to_vec();
    let there: BTreeSet<&RemoteId> = listed.iter().map(|i| &i.id).collect();
    let absent = known.0.iter().filter(|(k, id)| *k == kind && !there.contains(id));
    if listed.is_empty() && absent.clone().next().is_some() {
        tracing::warn!(account = %account, kind = kind.as_str(), "an empty list where something is known; not believed");
        return Ok(0);
    }
    {
        let state = engine.state();
        let gone = absent.filter_map(|(_, id)| state.item(account, kind, id));
        items.extend(gone.map(|item| Item { deleted: true, ..item.clone() }));
    }
    change_items(engine, account, &items)
}

/// Keeps catalogue items, in the ledger and in memory.
pub fn put_items(engine: &Shared, account: &Account, items: &[Item]) -> Desked<()> {
    change_items(engine, account, items).map(drop)
}

/// The same; answers how many changed.
fn change_items(engine: &Shared, account: &Account, items: &[Item]) -> Desked<usize> {
    let mut state = engine.state();
    let changed = state.desk.write("items", |draft| {
        let mut changed = Vec::new();
        for item in items {
            changed.extend(apply::take_item(draft, account, item, true)?);
        }
        Ok(changed)
    })?;
    let count = changed.len();
    remember(&mut state, account, changed);
    drop(state);
    engine.touch();
    Ok(count)
}

/// Puts items into the catalogue in memory.
pub fn remember(state: &mut State, account: &Account, items: Vec<Item>) {
    for item in items {
        state.catalogue.insert((account.clone(), item.kind, item.id.clone()), item);
    }
}
