//! Makes our subscription, or puts our address on one that may be adopted.

use secrecy::SecretString;

use crate::cache::rows;
use crate::domain::advice::{self, Limits};
use crate::domain::guard_election::take_of;
use crate::domain::health::Wanted as Wish;
use crate::domain::id::RemoteId;
use crate::domain::quota::Cause;
use crate::domain::subscription::Subscription;
use crate::services::toggl::{self, Call, Filter, Wanted};

use super::care::{self, bound_key};
use super::list::{self, Listing, Ours};
use super::{Hitch, Post, Step, Why, check, edit, fit, gap, heal, limits, sender};
use crate::engine::desk::Desked;

/// Filters from their words.
pub fn filters(words: &[String]) -> Vec<Filter> {
    words.iter().filter_map(|f| f.split_once(' ')).map(|(e, a)| Filter::new(e, a)).collect()
}

/// The best set that fits the plan, and the one to fall back to; a plan that tells no limits is the smallest.
async fn sets(post: &Post) -> [Vec<Filter>; 2] {
    limits::refresh(post).await;
    let limits = limits::known(post).map(|told| told.limits);
    let sets = advice::sets(limits.unwrap_or(Limits { webhooks: 1, filters: 3 }));
    sets.map(|set| filters(&set))
}

/// What it shall be; the secret is durable before the call that uses it.
pub fn wanted(post: &Post, description: String, filters: Vec<Filter>) -> Step<Wanted> {
    let workspace = post.profile().map(|p| p.workspace).unwrap_or_default();
    let hooks = post.engine.state().setup.hooks.clone();
    let hook = hooks.hook(&post.account, &workspace).map_err(Hitch::Refused)?;
    let base = list::address(post).unwrap_or_default();
    let secret: SecretString = hook.secret;
    Ok(Wanted { description, filters, url: format!("{base}{}", hook.path), secret, enabled: true })
}

/// Whether a check makes a subscription or puts our address on one, by its list.
pub fn comes(post: &Post, listing: &Listing) -> Desked<bool> {
    let own = care::own(&post.engine, &post.account)?;
    let own = match &listing.ours {
        Ours::Nowhere => own,
        Ours::Elsewhere(id) if !edit::is_edited(post, id)? => own.filter(|row| row.id == *id),
        _ => return Ok(false),
    };
    let care = care::care(&post.engine, &post.account)?;
    let wanted = own.is_none_or(|row| row.wanted != Wish::Disabled);
    Ok(post.managed && wanted && !care.deleting && care.tries.may(post.now()))
}

/// Makes it, unless a person wants none.
pub async fn make(post: &mut Post, listing: &Listing) -> Step<()> {
    let before = care::own(&post.engine, &post.account)?;
    if before.as_ref().is_some_and(|row| row.wanted == Wish::Disabled) {
        return Ok(());
    }
    let deleted = care::care(&post.engine, &post.account)?.deleted;
    if let Some(row) = before.as_ref().filter(|row| deleted.as_ref() != Some(&row.id)) {
        let spent = std::mem::take(&mut post.spent);
        care::write(&post.engine, &post.account, "guard open", |page| {
            page.opened("subscription removed", "removed in the web page")?;
            page.step("evidence", &format!("{} is not in the list", row.id), spent)
        })?;
    }
    if !may_try(post)? {
        return Ok(());
    }
    let instance = post.engine.state().setup.instance.clone();
    let [best, few] = sets(post).await;
    let name = advice::free_name(&instance, &listing.names, post.now());
    let wanted = wanted(post, name, best)?;
    // Deliveries of a subscription that is not known yet are no dead letters.
    care::write(&post.engine, &post.account, "guard make", |page| {
        page.draft().delete_if_there(bound_key(&post.account))
    })?;
    put(post, listing, wanted, few, None, before).await
}

/// Puts our address, secret and name on a subscription of ours that stands elsewhere.
pub async fn adopt(post: &mut Post, listing: &Listing, id: RemoteId) -> Step<()> {
    let before = care::own(&post.engine, &post.account)?.filter(|row| row.id == id);
    if before.as_ref().is_some_and(|row| row.wanted == Wish::Disabled) || !may_try(post)? {
        return Ok(());
    }
    let instance = post.engine.state().setup.instance.clone();
    let now = listing.seat.as_ref().map(|s| s.description.clone()).unwrap_or_default();
    let mine = take_of(&now).0.starts_with(&instance);
    let name = if mine { now } else { advice::free_name(&instance, &listing.names, post.now()) };
    let [best, few] = sets(post).await;
    let wanted = wanted(post, name, best)?;
    put(post, listing, wanted, few, Some(id), before).await
}

/// Names the own subscription anew, everything else as it is. The service calls the address first.
pub async fn rename(post: &mut Post, own: &Subscription, name: &str, cause: Cause) -> Step<()> {
    edit::unmixed(own, &["address", "secret"])?;
    let mut wanted = wanted(post, name.to_owned(), filters(&own.filters))?;
    wanted.enabled = own.enabled;
    let before = wanted.filters.clone();
    let told = fit::replace(post, &own.id, &mut wanted, cause).await?;
    let fields: &[&str] = if wanted.filters == before { &["name"] } else { &["name", "events"] };
    care::write(&post.engine, &post.account, "guard rename", |page| {
        page.care.shape = Some(list::shape(&told).over(page.care.shape.as_ref(), fields));
        list::refresh(page, post, &told, true)?;
        page.say("info", format!("the subscription {} is named {name}", told.id))
    })?;
    Ok(())
}

/// Replaces a subscription, one request.
pub async fn replace(post: &Post, id: &RemoteId, wanted: &Wanted, cause: Cause) -> Step<toggl::Subscription> {
    let workspace = post.profile().map(|p| p.workspace).unwrap_or_default();
    let (id, wanted) = (id.clone(), wanted.clone());
    post.ask(
        Call::PutSubscription,
        cause,
        |c| async move { c.put_subscription(&workspace, &id, &wanted).await },
    )
    .await
}

async fn create(post: &Post, wanted: &Wanted) -> Step<toggl::Subscription> {
    let workspace = post.profile().map(|p| p.workspace).unwrap_or_default();
    let wanted = wanted.clone();
    post.ask(Call::CreateSubscription, Cause::Repair, |c| async move {
        c.create_subscription(&workspace, &wanted).await
    })
    .await
}

fn may_try(post: &mut Post) -> Step<bool> {
    let care = care::care(&post.engine, &post.account)?;
    let may = care.tries.may(post.now());
    if !may {
        check::again(post, &care)?;
    }
    Ok(may)
}

/// Sends it, with fewer filters or another name where the service asks for that.
async fn put(
    post: &mut Post,
    listing: &Listing,
    mut wanted: Wanted,
    few: Vec<Filter>,
    id: Option<RemoteId>,
    before: Option<Subscription>,
) -> Step<()> {
    let mut requests = 0;
    let told = loop {
        requests += 1;
        let asked = match &id {
            Some(id) => replace(post, id, &wanted, Cause::Repair).await,
            None => create(post, &wanted).await,
        };
        match asked {
            Ok(told) => break told,
            // Perhaps by our own create, whose answer was lost and which no list showed yet: another one would take a
            // second place in the plan and tell everything twice.
            Err(Hitch::Refused(text)) if requests == 1 && id.is_none() && is_taken(&text) => {
                requests += 1;
                let again = list::list(post, Why::Mend).await?;
                if matches!(again.ours, Ours::Here(_)) {
                    return check::go_on(post, &again, Cause::Repair).await;
                }
                change(post, &mut wanted, &few, &text);
            }
            Err(Hitch::Refused(text)) if requests < 4 && change(post, &mut wanted, &few, &text) => {}
            Err(Hitch::Refused(text)) => return refused(post, &text).await,
            Err(Hitch::Unclear(text)) => {
                // The list tells whether it was done.
                post.in_doubt = true;
                return heal::failed(post, &text).map(drop);
            }
            Err(hitch) => return Err(hitch),
        }
    };
    keep(post, &told, before, requests)?;
    if post.undecided {
        post.in_doubt = true;
        sender::decide(post, Cause::Repair).await?;
    } else {
        let seat = Some(list::seat(&told));
        let (others, ours) = (listing.others.clone(), Ours::Here(told.id.clone()));
        let known = Listing { seat, others, forming: false, names: Vec::new(), ours };
        sender::apply(post, &known, Cause::Repair).await?;
    }
    if told.validated_at.is_some() && told.enabled {
        post.engine.state().calm(&format!("hook:{}", post.account));
        return check::fill(post);
    }
    heal::heal(post, Some("made, not validated yet"), Cause::Repair).await.map(drop)
}

/// Whether another subscription has the name.
pub fn is_taken(text: &str) -> bool {
    text.to_lowercase().contains("already in use")
}

/// Takes a hint of a refusal; false when there is nothing to change.
fn change(post: &Post, wanted: &mut Wanted, few: &[Filter], text: &str) -> bool {
    if fit::is_too_many(text) && wanted.filters != few {
        wanted.filters = few.to_vec();
        return true;
    }
    if is_taken(text) {
        let taken = [wanted.description.clone()];
        wanted.description = advice::free_name(&wanted.description, &taken, post.now());
        return true;
    }
    false
}

async fn refused(post: &mut Post, text: &str) -> Step<()> {
    if text.to_lowercase().contains("reached the limit") {
        let limits = limits::fresh(post).await;
        let many = limits.map_or_else(String::new, |l| format!(" ({} in this workspace)", l.webhooks));
        let say = format!(
            "{}: the plan allows no further subscription{many}; delete or disable one; entries are read meanwhile",
            post.account
        );
        check::alert(post, say);
    }
    heal::failed(post, text).map(drop)
}

fn keep(
    post: &mut Post,
    told: &toggl::Subscription,
    before: Option<Subscription>,
    requests: u32,
) -> Step<()> {
    care::write(&post.engine, &post.account, "guard bind", |page| {
        let now = page.now();
        let since = match &before {
            Some(before) => gap::since(before, &page.care),
            None => told.created_at.map(|at| at - gap::MARGIN),
        };
        page.care.gap = since.or(Some(now - gap::MARGIN));
        page.draft().put(bound_key(&post.account), &told.id)?;
        page.care.shape = Some(list::shape(told));
        list::refresh(page, post, told, true)?;
        page.change_own(|row| {
            row.enabled_at = Some(now);
            if let Some(before) = &before {
                row.last_event_at = row.last_event_at.max(before.last_event_at);
                row.last_delivery_at = row.last_delivery_at.max(before.last_delivery_at);
            }
        })?;
        page.care.life_from = told.updated_at.or(told.created_at).or(Some(now));
        page.care.tries = crate::domain::guard::Tries::default();
        page.care.deleted = None;
        page.step("create", &format!("{} at our address", told.id), requests)?;
        if let Some(before) = before.filter(|b| b.id != told.id) {
            page.draft().delete_if_there(rows::subscription(&post.account, &before.id))?;
        }
        page.say("info", format!("the subscription {} delivers to our address", told.id))
    })?;
    post.why = Why::Schedule;
    let hooks = post.engine.state().setup.hooks.clone();
    if let Err(why) = hooks.bind(&post.account, &told.id) {
        tracing::warn!(%why, "the hook's subscription could not be noted");
    }
    Ok(())
}
