//! Where the service refuses the event filters because the plan has less room now: the same with those that fit, as when
//! a subscription is made. What falls away is read instead.

use crate::domain::advice;
use crate::domain::id::RemoteId;
use crate::domain::quota::Cause;
use crate::services::toggl::{self, Wanted};

use super::{Hitch, Post, Step, care, limits, list, make};

/// Whether a refusal is about the number of event filters.
pub fn is_too_many(text: &str) -> bool {
    text.to_lowercase().contains("event filters")
}

/// Replaces a subscription; where its filters are too many, with fewer of them, which `wanted` has then.
pub async fn replace(
    post: &mut Post,
    id: &RemoteId,
    wanted: &mut Wanted,
    cause: Cause,
) -> Step<toggl::Subscription> {
    let mut refused = match make::replace(post, id, wanted, cause).await {
        Err(Hitch::Refused(text)) if is_too_many(&text) => text,
        told => return told,
    };
    let words: Vec<String> = wanted.filters.iter().map(|f| format!("{} {}", f.entity, f.action)).collect();
    let Some(limits) = limits::fresh(post).await else { return Err(Hitch::Refused(refused)) };
    // First as if a wildcard cost one, then as if it cost three.
    let mut tried = words.clone();
    for set in [advice::fitting(limits, &words, 1), advice::fitting(limits, &words, advice::DEAR)] {
        if set.is_empty() || set == tried {
            continue;
        }
        wanted.filters = make::filters(&set);
        tried = set;
        match make::replace(post, id, wanted, cause).await {
            Err(Hitch::Refused(text)) if is_too_many(&text) => refused = text,
            told => {
                let list = tried.join(", ");
                tracing::info!(account = %post.account, %list, "the plan has room for these events only");
                return told;
            }
        }
    }
    Err(Hitch::Refused(refused))
}

/// Enables ours with the filters that fit, after the service refused those it has.
pub async fn enable(
    post: &mut Post,
    id: &RemoteId,
    refused: String,
    cause: Cause,
) -> Step<toggl::Subscription> {
    let Some(own) = care::own(&post.engine, &post.account)?.filter(|own| own.id == *id) else {
        return Err(Hitch::Refused(refused));
    };
    super::edit::unmixed(&own, &["name", "address", "secret"])?;
    care::write(&post.engine, &post.account, "guard refused", |page| page.step("enable", &refused, 1))?;
    let mut wanted = make::wanted(post, own.description.clone(), make::filters(&own.filters))?;
    let told = replace(post, id, &mut wanted, cause).await?;
    care::write(&post.engine, &post.account, "guard fits", |page| {
        let there = list::shape(&told);
        page.care.shape = Some(there.over(page.care.shape.as_ref(), &["events"]));
        page.step("events", &format!("fewer, for the plan has no room: {}", there.filters.join(", ")), 1)?;
        page.say(
            "info",
            format!("the subscription {id} tells what the plan has room for: {}", there.filters.join(", ")),
        )
    })?;
    Ok(told)
}

/// What a refusal of chosen events says beside: the set that would fit.
pub async fn proposed(post: &Post, words: &[String], refused: String) -> Hitch {
    let Some(limits) = limits::fresh(post).await else { return Hitch::Refused(refused) };
    let fits = advice::fitting(limits, words, 1);
    let fits = if fits == words { advice::fitting(limits, words, advice::DEAR) } else { fits };
    Hitch::Refused(format!("{refused}; what fits: {}", fits.join(", ")))
}
