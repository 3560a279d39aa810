//! A new token of an account, typed by a person or fetched again from where the settings say.

use crate::control::command::{Reply, Typed};
use crate::domain::id::Account;
use crate::engine::Shared;

use super::{Answered, Asker, because};

/// Has it checked and taken over; the outcome follows as a notice.
pub fn renew(engine: &Shared, asker: &Asker<'_>, account: Account, token: Option<Typed>) -> Answered {
    if !engine.state().running.contains_key(&account) {
        return because(format!("there is no account `{account}`"));
    }
    let tell = Some((asker.by.clone(), asker.id.to_owned()));
    if let Some(Typed(token)) = token {
        let token = token.trim().to_owned();
        if token.is_empty() || token.contains(char::is_whitespace) {
            return because(
                "that is no token: it is one word; copy it again from the service's profile page",
            );
        }
        return Ok(if engine.renew(&account, token.into(), tell, true) {
            Reply::Accepted
        } else {
            Reply::Done { say: format!("{account}: this token is in use and works") }
        });
    }
    let Some(book) = engine.lobby.facts().tokens else {
        return because(format!("{account}: there is no settings file to fetch its token from"));
    };
    let (engine, by, id) = (engine.clone(), asker.by.clone(), asker.id.to_owned());
    tokio::spawn(async move {
        let fetched = tokio::select! { biased;
            () = engine.stop.cancelled() => return,
            fetched = book.fetch(&account) => fetched,
        };
        let say = match fetched {
            Ok(token) => {
                if engine.renew(&account, token, tell, false) {
                    return;
                }
                format!("{account}: its token is the one in use, and works")
            }
            Err(why) => why,
        };
        engine.tell(Some(&by), Some(&id), say);
    });
    Ok(Reply::Accepted)
}
