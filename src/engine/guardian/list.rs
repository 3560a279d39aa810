//! From the service's list to rows: what is ours, what is another instance's, what changed.

use chrono::{DateTime, TimeDelta, Utc};
use secrecy::ExposeSecret as _;

use crate::cache::rows;
use crate::domain::drift::{Shape, drift, secret_digest};
use crate::domain::guard_claim::{Listed, Standpoint, claim};
use crate::domain::guard_election::{PREFIX, Seat};
use crate::domain::guard_rights::Voices;
use crate::domain::health::Wanted;
use crate::domain::id::RemoteId;
use crate::domain::subscription::Subscription;
use crate::services::toggl::{self, Call};

pub use crate::domain::guard_claim::Ours;

use super::care::{self, Page, bound_key};
use super::{Post, Step, Why, edit};
use crate::engine::desk::Desked;

/// The handshake of a new subscription takes no longer.
const FORMING: TimeDelta = TimeDelta::seconds(30);

/// A list, sorted out.
pub struct Listing {
    /// Ours.
    pub ours: Ours,
    /// Our seat in the election.
    pub seat: Option<Seat>,
    /// The seats of other instances.
    pub others: Vec<Seat>,
    /// One of them is being made just now: not validated yet.
    pub forming: bool,
    /// All names that are taken.
    pub names: Vec<String>,
}

/// Lists the subscriptions, one request, and keeps what was told.
pub async fn list(post: &mut Post, why: Why) -> Step<Listing> {
    let workspace = post.profile().map(|p| p.workspace).unwrap_or_default();
    let listed = post
        .ask(Call::Subscriptions, why.cause(), |c| async move { c.subscriptions(&workspace).await })
        .await?;
    Ok(keep(post, &listed, why)?)
}

/// The address under which deliveries arrive: what starts so may be adopted.
pub fn address(post: &Post) -> Option<String> {
    let url = post.engine.state().setup.public_url.clone()?;
    Some(format!("{}/hooks/", url.trim_end_matches('/')))
}

/// Our own whole address, if the hook is there already.
pub fn own_url(post: &Post) -> Option<String> {
    let base = address(post).filter(|_| post.managed)?;
    let workspace = post.profile()?.workspace;
    let hooks = post.engine.state().setup.hooks.clone();
    let hook = hooks.hook(&post.account, &workspace).ok()?;
    Some(format!("{base}{}", hook.path))
}

fn keep(post: &mut Post, listed: &[toggl::Subscription], why: Why) -> Desked<Listing> {
    let url = own_url(post);
    let base = address(post).filter(|_| post.managed);
    let instance = post.engine.state().setup.instance.clone();
    let reached = post.engine.seams.probe.is_some() && post.is_reached();
    let own = listed.iter().find(|s| Some(&s.url) == url.as_ref());
    let signed = own.filter(|own| edit::is_own_secret(post, own));
    let regular = why != Why::Mend;
    let listing = care::write(&post.engine, &post.account, "guard list", |page| {
        let now = page.now();
        if regular {
            page.care.checks.retain(|t| now - *t < TimeDelta::hours(1));
            page.care.checks.push(now);
        }
        let bound: Option<RemoteId> = page.draft().get(&bound_key(&post.account))?;
        let ours = ours(listed, url.as_deref().zip(base.as_deref()), bound.as_ref(), &instance, reached);
        if let Ours::Here(id) = &ours
            && bound.as_ref() != Some(id)
        {
            page.draft().put(bound_key(&post.account), id)?;
            // What failed before nobody here has seen: it proves nothing.
            page.care.life_from = Some(now);
            page.care.shape = listed.iter().find(|s| s.id == *id).map(shape);
            page.say("info", format!("the subscription {id} at our address is adopted"))?;
        }
        if let (Some(signed), Some(wanted)) = (signed, &mut page.care.shape) {
            wanted.secret = shape(signed).secret;
        }
        let mut gone = known(page, post)?;
        for one in listed {
            gone.retain(|id| *id != one.id);
            let mine = match &ours {
                Ours::Here(id) | Ours::Elsewhere(id) => *id == one.id,
                Ours::Taken | Ours::Nowhere => false,
            };
            refresh(page, post, one, mine)?;
        }
        // Our own row stays until a new one takes its place: it knows what a person wanted.
        for id in gone.into_iter().filter(|id| Some(id) != bound.as_ref()) {
            page.draft().delete(rows::subscription(&post.account, &id));
        }
        Ok(sort(listed, ours, &instance, now))
    })?;
    if let Ours::Here(id) = &listing.ours {
        let hooks = post.engine.state().setup.hooks.clone();
        if let Err(why) = hooks.bind(&post.account, id) {
            tracing::warn!(%why, "the hook's subscription could not be noted");
        }
    }
    Ok(listing)
}

fn ours(
    listed: &[toggl::Subscription],
    address: Option<(&str, &str)>,
    bound: Option<&RemoteId>,
    instance: &str,
    reached: bool,
) -> Ours {
    let listed: Vec<Listed<'_>> =
        listed.iter().map(|s| Listed { id: &s.id, description: &s.description, url: &s.url }).collect();
    claim(&listed, &Standpoint { address, bound, instance, reached })
}

fn sort(listed: &[toggl::Subscription], ours: Ours, instance: &str, now: DateTime<Utc>) -> Listing {
    let id = match &ours {
        Ours::Here(id) | Ours::Elsewhere(id) => Some(id.clone()),
        Ours::Taken | Ours::Nowhere => None,
    };
    let foreign = |s: &&toggl::Subscription| {
        Some(&s.id) != id.as_ref()
            && s.description.starts_with(PREFIX)
            && !s.description.starts_with(instance)
    };
    let forms = |s: &toggl::Subscription| {
        s.enabled && s.validated_at.is_none() && s.created_at.is_some_and(|at| now - at < FORMING)
    };
    Listing {
        forming: listed.iter().filter(foreign).any(forms),
        seat: listed.iter().find(|s| Some(&s.id) == id.as_ref()).map(seat),
        others: listed.iter().filter(foreign).map(seat).collect(),
        names: listed.iter().map(|s| s.description.clone()).collect(),
        ours,
    }
}

/// A subscription as a seat in the election.
pub fn seat(told: &toggl::Subscription) -> Seat {
    let live = told.enabled && told.validated_at.is_some();
    Seat { id: told.id.clone(), description: told.description.clone(), live }
}

/// What a subscription is at the service.
pub fn shape(told: &toggl::Subscription) -> Shape {
    Shape {
        description: told.description.clone(),
        url: told.url.clone(),
        filters: told.filters.iter().map(|f| format!("{} {}", f.entity, f.action)).collect(),
        secret: told.secret.as_ref().map(|s| secret_digest(s.expose_secret())).unwrap_or_default(),
    }
}

/// The subscriptions of this account that have a row.
fn known(page: &mut Page<'_, '_>, post: &Post) -> Desked<Vec<RemoteId>> {
    let ids: Option<Vec<RemoteId>> = page.draft().get(&rows::meta(&format!("listed:{}", post.account)))?;
    Ok(ids.unwrap_or_default())
}

/// Brings one row in step with what was told.
pub fn refresh(page: &mut Page<'_, '_>, post: &Post, told: &toggl::Subscription, ours: bool) -> Desked<()> {
    let key = rows::subscription(&post.account, &told.id);
    let now = page.now();
    let old: Option<Subscription> = page.draft().get(&key)?;
    let mut row = row_of(old, told, ours, now);
    let wanted = page.care.shape.clone().filter(|_| ours);
    row.drift = wanted.map(|wanted| drift(&wanted, &shape(told))).unwrap_or_default();
    page.put(&row)?;
    let meta = rows::meta(&format!("listed:{}", post.account));
    let mut ids = known(page, post)?;
    if !ids.contains(&told.id) {
        ids.push(told.id.clone());
        page.draft().put(meta, &ids)?;
    }
    Ok(())
}

fn row_of(
    old: Option<Subscription>,
    told: &toggl::Subscription,
    ours: bool,
    now: DateTime<Utc>,
) -> Subscription {
    let validated = told.validated_at.is_some();
    let mut row = old.unwrap_or_else(|| Subscription {
        id: told.id.clone(),
        description: String::new(),
        url: String::new(),
        filters: Vec::new(),
        enabled: told.enabled,
        validated,
        pending: false,
        creator: RemoteId::default(),
        updated_at: None,
        created_at: None,
        ours,
        wanted: Wanted::Enabled,
        checked_at: now,
        since: now,
        pending_checks: 0,
        seen_enabled_at: None,
        enabled_at: None,
        last_delivery_at: None,
        last_event_at: None,
        last_ping_at: None,
        silent: false,
        drift: Vec::new(),
        last_bad_at: None,
        failures: 0,
        voices: Voices::default(),
        cause: String::new(),
        recent: Vec::new(),
        latencies: Vec::new(),
    });
    if (row.enabled, row.validated) != (told.enabled, validated) {
        row.since = now;
    }
    row.pending_checks = match (told.enabled, told.pending) {
        // What was seen before the disabling stays: it is evidence.
        (false, _) => row.pending_checks,
        (true, true) => row.pending_checks + 1,
        (true, false) => 0,
    };
    if told.enabled {
        row.seen_enabled_at = Some(now);
        row.cause.clear();
    }
    row.description = told.description.clone();
    row.url = told.url.clone();
    row.filters = told.filters.iter().map(|f| format!("{} {}", f.entity, f.action)).collect();
    row.creator = told.user.clone().unwrap_or_default();
    (row.enabled, row.validated, row.pending) = (told.enabled, validated, told.pending);
    (row.updated_at, row.created_at) = (told.updated_at, told.created_at);
    (row.ours, row.checked_at) = (ours, now);
    row
}
