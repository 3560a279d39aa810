//! A check: list, elect the sender, judge our subscription, act.

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::guard::{self, Case, Verdict, judge};
use crate::domain::guard_budget::{self, Turn};
use crate::domain::guard_evidence::{self, Attempt, Evidence, Facts};
use crate::domain::guard_silence::covers_entries;
use crate::domain::health::Wanted;
use crate::domain::policy::Reenable;
use crate::domain::quota::Cause;
use crate::domain::subscription::Subscription;
use crate::domain::text;

use super::care::{self, Care, Page};
use super::gap::{self, Paid, Reading};
use super::list::{self, Listing, Ours};
use super::{
    Hitch, Post, Step, Why, canary, edit, heal, limits, make, person, prove, rights, sender, unmake,
};
use crate::engine::desk::Desked;

/// So many failed attempts in a row disable a subscription (Toggl's help article).
const FAILURES: u32 = 3;
/// How the cause begins of what was disabled because its secret is not ours.
pub const ESTRANGED: &str = "signature";

/// Lists and acts.
pub async fn check(post: &mut Post, why: Why) -> Step<()> {
    let listing = match list::list(post, why).await {
        Ok(listing) => listing,
        // Nobody can say that another instance is there.
        Err(hitch @ (Hitch::Refused(_) | Hitch::Missing)) => {
            sender::release(post)?;
            return Err(hitch);
        }
        Err(hitch) => {
            // It left, and an incident may be what it left for.
            post.spent += u32::from(why != Why::Schedule && matches!(hitch, Hitch::Unclear(_)));
            return Err(hitch);
        }
    };
    post.checked = true;
    if post.reading.is_none() && care::care(&post.engine, &post.account)?.incident.is_none() {
        // What was spent before this list belongs to nothing.
        post.spent = 0;
    }
    post.spent += u32::from(why != Why::Schedule);
    let claims = make::comes(post, &listing)? && sender::claim(post, &listing)?;
    if !claims {
        sender::apply(post, &listing, why.cause()).await?;
    }
    if !post.managed {
        return Ok(());
    }
    limits::refresh(post).await;
    rights::ask(post)?;
    if care::care(&post.engine, &post.account)?.deleting {
        return unmake::go_on(post, &listing.ours).await;
    }
    let acted = match &listing.ours {
        Ours::Here(_) => judge_own(post).await,
        // Our address did not change, so somebody changed it there: theirs to say, not ours to undo.
        Ours::Elsewhere(id) if edit::is_edited(post, id)? => edit::drifted(post),
        Ours::Elsewhere(id) => make::adopt(post, &listing, id.clone()).await,
        // The election says who sends; deliveries go to the other one, and a second subscription would too.
        Ours::Taken => Ok(()),
        Ours::Nowhere => make::make(post, &listing).await,
    };
    // None was made: a list tells what came in between, or that ours is there though its answer was lost.
    if post.undecided {
        sender::decide(post, why.cause()).await?;
    }
    acted
}

/// Our subscription was found while one was being made.
pub async fn go_on(post: &mut Post, listing: &Listing, cause: Cause) -> Step<()> {
    sender::apply(post, listing, cause).await?;
    judge_own(post).await
}

async fn judge_own(post: &mut Post) -> Step<()> {
    edit::drifted(post)?;
    decide(post).await
}

/// The moment of disabling, by the service's clock where it tells one.
pub fn moment(own: &Subscription) -> DateTime<Utc> {
    own.updated_at.or(own.seen_enabled_at).unwrap_or(own.checked_at)
}

/// Whether an enabling of just this disabling was cut off, or it is our own switching off, withdrawn too late.
fn resumes(care: &Care, own: &Subscription) -> bool {
    care.withdrawn || care.enabling.as_ref().is_some_and(|enabling| enabling.moment == Some(moment(own)))
}

/// Proof that the service did it, from what is known here and from the history, if one was asked.
fn proof(post: &Post, own: &Subscription, care: &Care, history: &[Attempt]) -> Desked<Option<Evidence>> {
    if own.enabled {
        return Ok(None);
    }
    let floor = own.last_event_at.max(care.life_from);
    let changes = if covers_entries(&own.filters) { gap::undelivered(post, floor)? } else { Vec::new() };
    Ok(guard_evidence::evidence(&Facts {
        moment: moment(own),
        last_event: own.last_event_at,
        life_from: care.life_from,
        pending_checks: own.pending_checks,
        history,
        changes: &changes,
        downtime: &care.down,
    }))
}

/// Judges the own subscription as it was listed last, and acts.
pub async fn decide(post: &mut Post) -> Step<()> {
    let Some(own) = care::own(&post.engine, &post.account)? else { return Ok(()) };
    let care = care::care(&post.engine, &post.account)?;
    // A person wants it gone; the next check carries that out.
    if care.deleting {
        return Ok(());
    }
    let evidence = proof(post, &own, &care, &[])?;
    let verdict = verdict(post, &own, &care, evidence);
    let heals = matches!(verdict, Verdict::Seek | Verdict::Heal(_) | Verdict::Unknown);
    if heals && own.drift.iter().any(|d| d.field == "secret") {
        return estranged(post, &own);
    }
    // What the plan does not allow is refused: nobody fights it.
    let verdict = match verdict {
        Verdict::Heal(_) if limits::crowded(post, &own.id).await.is_some() => Verdict::Unknown,
        verdict => verdict,
    };
    match verdict {
        Verdict::Seek => seek(post, &own, &care).await,
        verdict => act(post, &own, &care, verdict).await,
    }
}

/// Disabled, and signed with a secret that is not ours: enabling it would fail at our own door. A person says whose
/// secret holds.
fn estranged(post: &mut Post, own: &Subscription) -> Step<()> {
    let cause = format!("{ESTRANGED}: its secret was changed in the web page, so its calls are refused here");
    left(post, own, "guard estranged", cause, "listed with another secret")?;
    let say = format!(
        "{}: the subscription is disabled: its secret was changed; < restores ours, > takes theirs",
        post.account
    );
    alert(post, say);
    Ok(())
}

/// Opens the incident of one that is left disabled, where none is open, and keeps the cause.
fn left(post: &mut Post, own: &Subscription, point: &'static str, cause: String, seen: &str) -> Desked<()> {
    let spent = std::mem::take(&mut post.spent);
    care::write(&post.engine, &post.account, point, |page| {
        if page.care.incident.is_none() {
            page.opened("subscription disabled", &cause)?;
            told(page, own)?;
            page.step("evidence", seen, spent)?;
        }
        page.change_own(|own| own.cause = cause)
    })
}

fn verdict(post: &Post, own: &Subscription, care: &Care, evidence: Option<Evidence>) -> Verdict {
    let moment = moment(own);
    let setting = {
        let state = post.engine.state();
        let setup = state.setup.sources.iter().find(|s| s.account == post.account);
        setup.map_or(Reenable::Evidence, |s| s.reenable)
    };
    let case = Case {
        enabled: own.enabled,
        validated: own.validated,
        wanted: own.wanted,
        switching_off: care.switching_off,
        reenable: setting,
        evidence,
        resumes: resumes(care, own),
        sought: care.sought == Some(moment),
        hands_off: care.hands_off == Some(moment),
        healed_at: care.healed_at,
        down_then: care.down.covers(moment),
    };
    judge(&case, post.now())
}

/// Asks for what could prove who did it: the history where one is offered, then a read.
async fn seek(post: &mut Post, own: &Subscription, care: &Care) -> Step<()> {
    if post.reading == Some(Reading::Seek(moment(own))) {
        return Ok(());
    }
    let history = match prove::history(post, own, care).await {
        Err(Hitch::Later(until, why)) => {
            let cause = format!("why is not known yet; {why}, looking again at {}", post.clock(until));
            care::write(&post.engine, &post.account, "guard waits", |page| {
                page.change_own(|own| own.cause = cause)
            })?;
            return Err(Hitch::Later(until, why));
        }
        asked => asked?,
    };
    if let Some(history) = history {
        let care = care::care(&post.engine, &post.account)?;
        if let Some(evidence) = proof(post, own, &care, &history)? {
            let tried = history.iter().filter_map(|a| a.tried_at.or(a.event_at)).max();
            let failed: i64 = history.iter().filter(|a| a.error.is_some()).map(|a| a.failed).sum();
            if let Some(at) = tried {
                care::write(&post.engine, &post.account, "guard history", |page| {
                    page.change_own(|own| own.failed(at, u32::try_from(failed).unwrap_or(0)))
                })?;
            }
            return act(post, own, &care, Verdict::Heal(evidence.say())).await;
        }
    }
    let due = post.engine.state().running.get(&post.account).and_then(|r| r.read_due);
    let paid = if guard_budget::awaits_read(due, post.now()) { Paid::Regular } else { Paid::Extra };
    gap::ask(post, Reading::Seek(moment(own)), gap::since(own, care), Cause::Repair, paid)?;
    Ok(())
}

async fn act(post: &mut Post, own: &Subscription, care: &Care, verdict: Verdict) -> Step<()> {
    match verdict {
        Verdict::Well if care.enabling.is_some() => heal::heal(post, None, Cause::Repair).await.map(drop),
        Verdict::Well => well(post, care),
        Verdict::WellAgain => {
            care::write(&post.engine, &post.account, "guard again", |page| {
                page.say("info", "a person enabled the subscription in the web page")?;
                page.care.gap = gap::since(own, &page.care);
                page.change_own(|own| own.wanted = Wanted::Enabled)
            })?;
            fill(post)
        }
        Verdict::Validate => {
            let cause = "the handshake did not succeed";
            let spent = std::mem::take(&mut post.spent);
            care::write(&post.engine, &post.account, "guard open", |page| {
                if page.care.incident.is_none() {
                    page.opened("subscription not validated", cause)?;
                    last_good(page, own)?;
                    page.step("check", "listed without a proof of the address", spent)?;
                }
                page.change_own(|own| cause.clone_into(&mut own.cause))
            })?;
            heal::heal(post, Some("not validated"), Cause::Repair).await.map(drop)
        }
        Verdict::SwitchOff => match heal::switch_off(post, Cause::Repair).await {
            Err(hitch) => {
                person::put_off(post, hitch.clone(), "switched off")?;
                Err(hitch)
            }
            done => done,
        },
        Verdict::LeaveOff => Ok(()),
        Verdict::Seek => Ok(()),
        Verdict::Heal(why) => {
            // What a person's key began is no incident.
            if !resumes(care, own) || care.incident.is_some() {
                begin(post, own, &why)?;
            }
            heal::heal(post, Some(&why), Cause::Repair).await.map(drop)
        }
        Verdict::HandsOff => {
            let moment = moment(own);
            let cause = "disabled again without failures: a person wants it so";
            let spent = std::mem::take(&mut post.spent);
            care::write(&post.engine, &post.account, "guard hands off", |page| {
                if page.care.hands_off != Some(moment) {
                    page.care.hands_off = Some(moment);
                    let is_new = page.care.incident.is_none();
                    page.opened("subscription disabled", cause)?;
                    if is_new {
                        told(page, own)?;
                    }
                    page.step("evidence", "none: hands off", spent)?;
                }
                page.change_own(|own| cause.clone_into(&mut own.cause))
            })?;
            let say = format!("{}: the subscription was {cause}; its key enables it", post.account);
            alert(post, say);
            Ok(())
        }
        Verdict::Unknown => {
            let said = match care.incident {
                Some(_) if !own.cause.is_empty() => own.cause.clone(),
                _ => limits::crowded(post, &own.id).await.unwrap_or_else(|| "cause unknown".into()),
            };
            left(post, own, "guard unknown", said.clone(), "none that the service did it")?;
            let say = format!("{}: the subscription is disabled, {said}; its key enables it", post.account);
            alert(post, say);
            Ok(())
        }
    }
}

/// The alert of the account's subscription.
pub fn alert(post: &Post, say: String) {
    let now = post.now();
    post.engine.state().alert(&format!("hook:{}", post.account), now, 3, say);
    post.engine.touch();
}

/// Opens the incident; a relapse that our own downtime does not explain is a failed try.
fn begin(post: &mut Post, own: &Subscription, why: &str) -> Desked<()> {
    let spent = std::mem::take(&mut post.spent);
    care::write(&post.engine, &post.account, "guard open", |page| {
        let now = page.now();
        if page.care.incident.is_none() {
            let healed = page.care.healed_at;
            let unproved = healed.is_some_and(|at| own.last_delivery_at.is_none_or(|d| d < at));
            if unproved && !page.care.down.covers(moment(own)) {
                page.care.tries.fail(now);
            } else {
                page.care.tries = guard::Tries::default();
            }
        }
        let is_new = page.care.incident.is_none();
        page.opened("subscription disabled", why)?;
        if is_new {
            told(page, own)?;
            // The service gives up at a failed attempt.
            page.change_own(|row| {
                if row.last_bad_at.is_none_or(|bad| bad < moment(own)) {
                    row.failed(moment(own), FAILURES);
                }
            })?;
        }
        page.step("evidence", why, spent)?;
        page.change_own(|own| why.clone_into(&mut own.cause))
    })
}

fn last_good(page: &mut Page<'_, '_>, own: &Subscription) -> Desked<()> {
    match own.last_delivery_at {
        Some(at) => page.step_at(at, "last good", "a delivery, signed"),
        None => Ok(()),
    }
}

/// What is known of the time before an incident was found.
fn told(page: &mut Page<'_, '_>, own: &Subscription) -> Desked<()> {
    let (now, moment) = (page.now(), moment(own));
    page.began(moment.min(now))?;
    last_good(page, own)?;
    if let Some(span) = page.care.down.span(moment).cloned() {
        let seconds = (span.to.unwrap_or(now) - span.from).num_seconds();
        let answer = format!("{} at the own address, {} in all", span.why, text::lasted(seconds));
        page.step_at(span.from, "probe", &answer)?;
    }
    page.step("check", "listed as disabled; no key here did it", 0)
}

/// All is well: what is still open about it ends.
fn well(post: &mut Post, care: &Care) -> Step<()> {
    post.engine.state().calm(&format!("hook:{}", post.account));
    let spent = std::mem::take(&mut post.spent).max(1);
    if care.withdrawn {
        care::write(&post.engine, &post.account, "guard withdrawn", |page| {
            page.care.withdrawn = false;
            Ok(())
        })?;
    }
    if (care.incident.is_some() || care.missing.is_some()) && care.gap.is_none() {
        care::write(&post.engine, &post.account, "guard confirm", |page| {
            page.step("confirm", "found enabled and validated", spent)?;
            let own = page.own()?;
            page.care.gap = own.and_then(|own| gap::since(&own, &page.care));
            page.care.hands_off = None;
            Ok(())
        })?;
        return fill(post);
    }
    Ok(())
}

/// Asks for the read that fills the gap, if one is to be filled.
pub fn fill(post: &mut Post) -> Step<()> {
    let care = care::care(&post.engine, &post.account)?;
    if care.gap.is_some() && post.reading != Some(Reading::Fill) {
        let spent = care::spent(&post.engine, &care)? + post.spent + gap::kept(post);
        let paid = if guard_budget::may_fill(spent) { Paid::Extra } else { Paid::Regular };
        gap::ask(post, Reading::Fill, care.gap, Cause::Gapfill, paid)?;
    }
    Ok(())
}

/// Goes on when a read has come.
pub async fn go_on_reading(post: &mut Post) -> Step<()> {
    match post.reading {
        None => fill(post),
        Some(what) if !gap::is_read(post, what)? => Ok(()),
        Some(Reading::Seek(moment)) => {
            post.reading = None;
            post.spent += u32::from(post.paid == Paid::Extra);
            canary::look(post)?;
            care::write(&post.engine, &post.account, "guard sought", |page| {
                page.care.sought = Some(moment);
                Ok(())
            })?;
            decide(post).await
        }
        Some(Reading::Fill) => {
            post.reading = None;
            canary::look(post)?;
            close(post)
        }
    }
}

fn close(post: &mut Post) -> Step<()> {
    let care = care::care(&post.engine, &post.account)?;
    let floor = care.gap.map(|since| since + gap::MARGIN);
    let recovered = canary::recovered(post, floor)?;
    let well = care::own(&post.engine, &post.account)?.is_some_and(|own| own.enabled && own.validated);
    // Both reads: the list of own changes, and the pages of Reports.
    let asked = u32::try_from(gap::asked(post).saturating_sub(post.filling)).unwrap_or(u32::MAX);
    care::write(&post.engine, &post.account, "guard close", |page| {
        (page.care.gap, page.care.missing) = (None, None);
        if !well {
            return Ok(());
        }
        page.step("gap-fill", &format!("{recovered} entries recovered"), asked)?;
        page.close(recovered)
    })?;
    Ok(())
}

/// When the next try will be made.
pub fn next_try(post: &Post, care: &Care) -> DateTime<Utc> {
    care.tries.next_at.map_or(post.check_at, |at| at.max(post.check_at))
}

/// Puts the next try on the calendar.
pub fn again(post: &mut Post, care: &Care) -> Desked<()> {
    let at = care.tries.next_at.unwrap_or(post.now() + TimeDelta::seconds(1));
    let spent = care::spent(&post.engine, care)? + post.spent + gap::kept(post);
    match guard_budget::turn(at, post.check_at, spent) {
        Turn::Own(at) => (post.check_at, post.why) = (at, Why::Mend),
        Turn::PutOff(at) => post.check_at = at,
        Turn::Regular => {}
    }
    Ok(())
}
