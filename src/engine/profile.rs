//! Who the tokens are and what their accounts hold: read at the first start, then by age.

use chrono::TimeDelta;

use crate::cache::rows;
use crate::domain::catalogue::{Item, Kind};
use crate::domain::id::{Account, RemoteId, Service};
use crate::domain::quota::Cause;
use crate::services::http::Page;
use crate::services::toggl::{Call, Me};

use super::call::{self, CallError, Patience};
use super::desk::Desked;
use super::state::{Profile, State};
use super::{Shared, apply};

/// Profile, plan and catalogue are read again after this.
pub const OLD: TimeDelta = TimeDelta::hours(24);

/// Reads who a source token is with everything related, once; returns it for the caller to apply its entries.
pub async fn read_source(engine: &Shared, account: &Account, cause: Cause) -> Result<Me, CallError> {
    let answer = engine
        .ask_toggl(account, Call::Me, cause, Patience::Forever, |c| async move { c.me(true).await })
        .await?;
    let mut me = answer.result.map_err(CallError::Failed)?;
    let wanted =
        engine.state().setup.sources.iter().find(|s| &s.account == account).and_then(|s| s.workspace.clone());
    let workspace = wanted.or_else(|| me.default_workspace.clone()).unwrap_or_default();
    me = me.only(&workspace);
    let home = me.workspaces.iter().find(|w| w.id == workspace);
    let plan = match home {
        Some(w) if w.business => "Premium",
        Some(w) if w.premium => "Starter",
        _ => "Free",
    };
    let profile = Profile {
        user: me.user.id.clone(),
        name: me.user.name.clone(),
        workspace,
        organization: home.and_then(|w| w.organization.clone()).unwrap_or_default(),
        plan: plan.to_owned(),
        free: plan == "Free",
        admin: home.is_some_and(|w| w.admin),
        zone: me.zone.clone(),
        read_at: engine.seams.now(),
    };
    pin(engine, account, Service::Toggl, profile)?;
    let mut items = vec![me.user.clone()];
    items.extend(me.projects.iter().chain(&me.clients).chain(&me.tags).cloned());
    put_items(engine, account, &items)?;
    Ok(me)
}

/// Reads who a target key is and its plan.
pub async fn who_is_target(engine: &Shared, account: &Account, cause: Cause) -> Result<Item, CallError> {
    // What is known already is only old.
    let cause = if is_whole(engine, account)? { Cause::Curiosity } else { cause };
    let user =
        engine.ask_clockify(account, cause, Patience::Forever, |c| async move { c.user().await }).await?;
    let user = user.result.map_err(CallError::Failed)?;
    let home = engine
        .ask_clockify(account, cause, Patience::Forever, |c| async move { c.workspace().await })
        .await?;
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
        let items = read_kind(engine, account, kind, cause).await?;
        put_items(engine, account, &items)?;
    }
    put_items(engine, account, &[user])?;
    Ok(())
}

async fn read_kind(
    engine: &Shared,
    account: &Account,
    kind: Kind,
    cause: Cause,
) -> Result<Vec<Item>, CallError> {
    let mut all = Vec::new();
    for page in 1.. {
        let answer = engine
            .ask_clockify(account, cause, Patience::Forever, |c| async move {
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
            &format!("token:{account}"),
            now,
            7,
            format!("{account}: the token {why}; put the right token back"),
        );
        if let Some(running) = state.running.get_mut(account) {
            running.refused = Some(why.clone());
        }
        return Err(CallError::Stopped(why));
    }
    state.calm(&format!("token:{account}"));
    let State { desk, meters, .. } = &mut *state;
    desk.write("profile", |draft| {
        draft.put(rows::meta(&format!("profile:{account}")), &profile)?;
        meters.rename(account, call::UNKNOWN_USER, &format!("user:{}", profile.user), draft)
    })?;
    if let Some(running) = state.running.get_mut(account) {
        running.pace = Some(call::pace(service, Some(&profile)));
        running.refused = None;
        running.profile = Some(profile);
    }
    call::set_limits(&mut state, account, service);
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

/// Keeps catalogue items, in the ledger and in memory.
pub fn put_items(engine: &Shared, account: &Account, items: &[Item]) -> Desked<()> {
    let mut state = engine.state();
    let changed = state.desk.write("items", |draft| {
        let mut changed = Vec::new();
        for item in items {
            changed.extend(apply::take_item(draft, account, item, true)?);
        }
        Ok(changed)
    })?;
    remember(&mut state, account, changed);
    drop(state);
    engine.touch();
    Ok(())
}

/// Puts items into the catalogue in memory.
pub fn remember(state: &mut State, account: &Account, items: Vec<Item>) {
    for item in items {
        state.catalogue.insert((account.clone(), item.kind, item.id.clone()), item);
    }
}
