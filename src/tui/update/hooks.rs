//! Questions about the selected subscription.

use crate::control::command::{Reshape, SubscriptionRef, Wish};
use crate::domain::health::Wanted;

use super::super::keymap::Action;
use super::super::model::{Model, Question, Then, reshape};
use super::Effect;

/// Asks before a change of the selected subscription, with its price at most.
pub fn ask(
    model: &mut Model,
    what: &str,
    action: Action,
    make: impl FnOnce(SubscriptionRef) -> Wish,
) -> Vec<Effect> {
    let Some(line) = model.selected_subscription() else { return Vec::new() };
    let whose = match line.wanted {
        Wanted::Disabled if what == "re-enable" && !line.cause.is_empty() => {
            format!(" · reverses: {}", line.cause)
        }
        _ => String::new(),
    };
    let say = format!("{what} \"{}\"{whose} · Enter does it", line.description);
    let price = model.up_to(reshape::most(model, action), &line.at.account);
    let wish = make(line.at.clone());
    model.question = Some(Question { say, price, then: Then::Wish(Box::new(wish)) });
    Vec::new()
}

/// A wish to change it.
pub fn reshaped(subscription: SubscriptionRef, change: Reshape) -> Wish {
    Wish::Reshape { subscription, change }
}
