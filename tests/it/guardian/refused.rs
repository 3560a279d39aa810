//! A secret that was mixed up: what the door refused can be opened and checked, and is not applied.

use hourwire::control::command::{Reply, Typed, Wish};
use hourwire::control::view::{DetailLine, Row, ViewKind};
use hourwire::simulator::toggl::Plan;

use super::sought::Looking;
use super::stage::{Machine, Office, live};

const THEIRS: &str = "set-in-the-web-page";

fn said(reply: Reply) -> String {
    match reply {
        Reply::Done { say } | Reply::Failed { reason: say } => say,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_refused_delivery_is_opened_and_checked_with_any_secret_and_never_applied() {
    let office = Office::new(Plan::Premium);
    let running = live(&office, &Machine::new("den")).await;
    office.pass(30).await;
    let before = running.kept();
    office.sim.change_hooks(|hooks| {
        for row in hooks.subscriptions.values_mut() {
            row.secret = THEIRS.into();
        }
    });
    office.track("Refused here").await;
    office.pass(2).await;
    let mut looking = Looking::at(&running).await;
    let lines = looking.found("rejected").await;
    let [line] = lines.as_slice() else { panic!("{lines:?}") };
    let number = line.refused.expect("a number");
    assert_eq!((line.seq, line.reason.as_str(), number), (None, "wrong signature", 1));
    assert_eq!(looking.found("r1").await.len(), 1);

    let rows = looking.page(ViewKind::Refused { number }, "").await.rows;
    let facts: Vec<DetailLine> = rows
        .into_iter()
        .filter_map(|row| match row {
            Row::Detail(line) => Some(line),
            _ => None,
        })
        .collect();
    let fact = |label: &str| facts.iter().find(|f| f.label == label).unwrap_or_else(|| panic!("{facts:?}"));
    assert_eq!(
        (fact("verdict").value.as_str(), fact("verdict").why.as_str()),
        ("rejected", "wrong signature")
    );
    assert_eq!(fact("hook").value, "main");
    assert!(fact("x-webhook-signature-256").value.starts_with("sha256="));
    assert_eq!(fact("signed").value, "not with a secret that holds now");
    assert!(fact("raw").value.contains("Refused here"), "{facts:?}");

    let verify =
        |secret: Option<&str>| Wish::VerifyRefused { number, secret: secret.map(|s| Typed(s.into())) };
    assert!(said(running.wish(verify(None)).await).contains("with no secret that holds now"));
    assert!(
        said(running.wish(verify(Some("a third one"))).await).contains("was not signed with that secret")
    );
    let given = said(running.wish(verify(Some(THEIRS))).await);
    assert!(given.contains("with the given secret") && given.contains("wrong signature"), "{given}");
    let gone = said(running.wish(Wish::VerifyRefused { number: 99, secret: None }).await);
    assert!(gone.contains("not kept any more"), "{gone}");
    assert_eq!((running.kept(), running.entries()), (before, 0), "nothing is written or applied");
}
