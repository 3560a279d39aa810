//! What a person changes about subscriptions: name, events, secret; theirs or ours where somebody changed it at the
//! service; made and deleted. The secret is durable here before the service hears of it.

use secrecy::{ExposeSecret as _, SecretString};

use crate::control::command::Reshape;
use crate::domain::advice;
use crate::domain::drift::{Shape, secret_digest};
use crate::domain::guard::Tries;
use crate::domain::health::Wanted;
use crate::domain::id::RemoteId;
use crate::domain::quota::Cause;
use crate::domain::subscription::Subscription;
use crate::engine::desk::Desked;
use crate::services::toggl::{Call, Subscription as Subscribed, Wanted as Put};

use super::care::{self, bound_key};
use super::{Hitch, Post, Step, Why, check, fit, list, make, unmake};

/// The secret before is taken so long: for deliveries under way, and for those that are tried again.
pub const OVERLAP_S: i64 = 24 * 3_600;

/// Whether somebody changed the address of our subscription at the service, and not we in the settings.
pub fn is_edited(post: &Post, id: &RemoteId) -> Desked<bool> {
    let bound: Option<RemoteId> = post.engine.state().desk.get(&bound_key(&post.account))?;
    let shape = care::care(&post.engine, &post.account)?.shape;
    let same = shape.is_some_and(|shape| Some(shape.url) == list::own_url(post));
    Ok(same && bound.as_ref() == Some(id))
}

/// Whether the service signs with a secret of our own, which is then in force here too: a rotation may have been cut
/// off before the service heard of it, or before its answer came.
pub fn is_own_secret(post: &Post, told: &Subscribed) -> bool {
    let Some(secret) = &told.secret else { return false };
    let hooks = post.engine.state().setup.hooks.clone();
    let known = hooks.secrets(&post.account);
    match known.iter().position(|(_, own)| own.expose_secret() == secret.expose_secret()) {
        None => false,
        Some(0) => true,
        Some(_) => match hooks.accept(&post.account, secret.clone(), OVERLAP_S) {
            Ok(()) => {
                tracing::info!(account = %post.account, "a rotation was cut off; the secret at the service holds");
                true
            }
            Err(why) => {
                tracing::warn!(%why, "the secret at the service could not be kept");
                false
            }
        },
    }
}

/// Says that the subscription drifted, or that it has not.
pub fn drifted(post: &Post) -> Step<()> {
    let Some(own) = care::own(&post.engine, &post.account)? else { return Ok(()) };
    let id = format!("drift:{}", post.account);
    if own.drift.is_empty() || own.wanted == Wanted::Disabled {
        post.engine.state().calm(&id);
        return Ok(());
    }
    let fields: Vec<&str> = own.drift.iter().map(|d| d.field.as_str()).collect();
    let say = format!(
        "{}: {} of the subscription changed in the web page; < restores ours, > takes theirs",
        post.account,
        fields.join(" and ")
    );
    let now = post.now();
    post.engine.state().alert(&id, now, 3, say);
    post.engine.touch();
    Ok(())
}

/// Carries a change out; answers in one sentence.
pub async fn reshape(post: &mut Post, id: &RemoteId, change: &Reshape) -> Step<String> {
    if *change == Reshape::Create {
        return create(post).await;
    }
    let own = care::own(&post.engine, &post.account)?.filter(|own| own.id == *id);
    let Some(own) = own else {
        return match change {
            Reshape::Delete => unmake::delete(post, id, None).await,
            _ => {
                Err(Hitch::Refused("it is not ours; only its switch and its removal are offered here".into()))
            }
        };
    };
    match change {
        Reshape::Rename { name } => rename(post, &own, name.trim()).await,
        Reshape::Events { filters } => events(post, &own, filters).await,
        Reshape::Rotate => rotate(post, &own).await,
        Reshape::Restore => restore(post, &own).await,
        Reshape::Adopt => adopt(post, &own).await,
        Reshape::Delete => unmake::delete(post, id, Some(&own)).await,
        Reshape::Create => create(post).await,
    }
}

/// A name that is taken gets the time.
async fn rename(post: &mut Post, own: &Subscription, name: &str) -> Step<String> {
    match make::rename(post, own, name, Cause::Person).await {
        Ok(()) => Ok(format!("named {name}")),
        Err(Hitch::Refused(text)) if make::is_taken(&text) => {
            let free = advice::free_name(name, &[name.to_owned()], post.now());
            make::rename(post, own, &free, Cause::Person).await?;
            Ok(format!("named {free}: {name} is taken"))
        }
        Err(hitch) => Err(hitch),
    }
}

/// Putting it there would overwrite what somebody changed in these fields, which nobody asked for.
pub fn unmixed(own: &Subscription, fields: &[&str]) -> Step<()> {
    match own.drift.iter().find(|drift| fields.contains(&drift.field.as_str())) {
        None => Ok(()),
        Some(drift) => Err(Hitch::Refused(format!(
            "its {} was changed in the web page; < restores ours, > takes theirs, then again",
            drift.field
        ))),
    }
}

/// Puts a shape there and keeps these fields of it as what is wanted.
async fn put(
    post: &mut Post,
    own: &Subscription,
    mut wanted: Put,
    fields: &[&'static str],
    say: String,
) -> Step<()> {
    let mut fields = fields.to_vec();
    let told = if fields == ["events"] {
        // What a person chose is put as chosen, or not at all.
        make::replace(post, &own.id, &wanted, Cause::Person).await?
    } else {
        let before = wanted.filters.clone();
        let told = fit::replace(post, &own.id, &mut wanted, Cause::Person).await?;
        if wanted.filters != before {
            fields.push("events");
        }
        told
    };
    // What was put is wanted, whatever the answer tells of it.
    let shape = Shape {
        description: wanted.description.clone(),
        url: wanted.url.clone(),
        filters: list::shape(&told).filters,
        secret: secret_digest(wanted.secret.expose_secret()),
    };
    care::write(&post.engine, &post.account, "guard edit", |page| {
        page.care.shape = Some(shape.over(page.care.shape.as_ref(), &fields));
        list::refresh(page, post, &told, true)?;
        page.say("info", say)
    })?;
    drifted(post)
}

async fn events(post: &mut Post, own: &Subscription, words: &[String]) -> Step<String> {
    let filters = make::filters(words);
    if filters.is_empty() || filters.len() != words.len() {
        return Err(Hitch::Refused("an event is an entity and an action, as in: time_entry *".into()));
    }
    // A misspelt entity is taken without a word and never tells anything.
    let offered =
        post.ask(Call::EventFilters, Cause::Person, |c| async move { c.event_filters().await }).await?;
    let unknown = filters.iter().find(|f| f.entity != "*" && !offered.contains_key(&f.entity));
    if let Some(filter) = unknown {
        let known: Vec<&str> = offered.keys().map(String::as_str).collect();
        let say = format!("there is no entity `{}`; there are: {}", filter.entity, known.join(", "));
        return Err(Hitch::Refused(say));
    }
    unmixed(own, &["address", "secret"])?;
    let mut wanted = make::wanted(post, own.description.clone(), filters)?;
    wanted.enabled = own.enabled;
    let list = words.join(", ");
    let say = format!("the subscription {} tells {list}", own.id);
    match put(post, own, wanted, &["events"], say).await {
        Ok(()) => Ok(format!("tells {list}")),
        Err(Hitch::Refused(text)) if fit::is_too_many(&text) => Err(fit::proposed(post, words, text).await),
        Err(hitch) => Err(hitch),
    }
}

async fn rotate(post: &mut Post, own: &Subscription) -> Step<String> {
    unmixed(own, &["address"])?;
    let hooks = post.engine.state().setup.hooks.clone();
    let before = hooks.secrets(&post.account).into_iter().next().map(|(_, secret)| secret);
    hooks.rotate(&post.account, OVERLAP_S).map_err(Hitch::Refused)?;
    let mut wanted = make::wanted(post, own.description.clone(), make::filters(&own.filters))?;
    wanted.enabled = own.enabled;
    let say = format!("the subscription {} has a new secret; the old one is taken for a day", own.id);
    match put(post, own, wanted, &["secret"], say).await {
        Ok(()) => Ok("a new secret; the old one is taken for 24 h more".into()),
        Err(hitch) => {
            // The service signs with the old one still: it stays the current one.
            if let Some(before) = before {
                hooks.accept(&post.account, before, OVERLAP_S).map_err(Hitch::Refused)?;
            }
            Err(hitch)
        }
    }
}

async fn restore(post: &mut Post, own: &Subscription) -> Step<String> {
    let care = care::care(&post.engine, &post.account)?;
    let shape = care.shape.ok_or_else(|| Hitch::Refused("nothing is known to restore".into()))?;
    let mut wanted = make::wanted(post, shape.description, make::filters(&shape.filters))?;
    wanted.enabled = own.enabled;
    let all = ["name", "address", "events", "secret"];
    put(post, own, wanted, &all, format!("the subscription {} is as it was made here again", own.id)).await?;
    if own.drift.iter().any(|d| matches!(d.field.as_str(), "address" | "events" | "secret")) {
        // Whatever was not told meanwhile is read.
        care::write(&post.engine, &post.account, "guard edit", |page| {
            page.care.gap = super::gap::since(own, &page.care);
            Ok(())
        })?;
    }
    go_on(post).await?;
    Ok("as it was made here again".into())
}

async fn adopt(post: &mut Post, own: &Subscription) -> Step<String> {
    let workspace = post.profile().map(|p| p.workspace).unwrap_or_default();
    let listed = post
        .ask(Call::Subscriptions, Cause::Person, |c| async move { c.subscriptions(&workspace).await })
        .await?;
    let told = listed.into_iter().find(|s| s.id == own.id).ok_or(Hitch::Missing)?;
    if Some(&told.url) != list::own_url(post).as_ref() {
        return Err(Hitch::Refused(
            "with their address nothing arrives here; < restores ours, or delete it and be read instead"
                .into(),
        ));
    }
    if let Some(secret) = told.secret.clone() {
        let hooks = post.engine.state().setup.hooks.clone();
        let known = hooks.secrets(&post.account);
        let current = known.first().is_some_and(|(_, s)| s.expose_secret() == secret.expose_secret());
        if !current {
            let secret: SecretString = secret;
            hooks.accept(&post.account, secret, OVERLAP_S).map_err(Hitch::Refused)?;
        }
    }
    care::write(&post.engine, &post.account, "guard edit", |page| {
        page.care.shape = Some(list::shape(&told));
        list::refresh(page, post, &told, true)?;
        if own.drift.iter().any(|d| d.field == "secret") {
            // What was signed with it was refused until now.
            page.care.gap = super::gap::since(own, &page.care);
        }
        page.say("info", format!("what was changed in the web page is wanted now: {}", told.description))
    })?;
    drifted(post)?;
    go_on(post).await?;
    Ok("what was changed in the web page is wanted now".into())
}

/// What stood in the way of a mending is gone; the person does not wait for the next check.
async fn go_on(post: &mut Post) -> Step<()> {
    post.engine.state().calm(&format!("hook:{}", post.account));
    care::write(&post.engine, &post.account, "guard edit", |page| {
        page.change_own(|own| {
            if own.cause.starts_with(check::ESTRANGED) {
                own.cause.clear();
            }
        })
    })?;
    check::decide(post).await
}

async fn create(post: &mut Post) -> Step<String> {
    if !post.managed {
        return Err(Hitch::Refused("without `public_url` nothing could be delivered; set it first".into()));
    }
    care::write(&post.engine, &post.account, "guard wanted", |page| {
        page.care.tries = Tries::default();
        page.care.hands_off = None;
        page.care.deleting = false;
        page.say("info", "a person wants a subscription")?;
        page.change_own(|row| row.wanted = Wanted::Enabled)
    })?;
    let listing = list::list(post, Why::Mend).await?;
    if let list::Ours::Here(_) = listing.ours {
        check::decide(post).await?;
        return Ok("it is there already".into());
    }
    make::make(post, &listing).await?;
    match care::own(&post.engine, &post.account)? {
        Some(own) if own.enabled && own.cause.is_empty() => {
            Ok(format!("made: {}, validated, {}", own.description, own.filters.join(", ")))
        }
        _ => Err(Hitch::Refused("it could not be made; the Webhooks pane says why".into())),
    }
}
