//! What a person sends now, from the part of the bucket that is kept for that: it goes, with all that must be asked
//! before it, and every place says the same of it.

use chrono::TimeDelta;
use hourwire::control::command::{Reply, Wish};
use hourwire::control::snapshot::Snapshot;
use hourwire::simulator::toggl::Plan;
use http::Method;
use serde_json::json;

use super::shop::{Shop, Terms, monday, play};
use crate::worlds::time::pass;

fn waiting(snapshot: &Snapshot) -> u32 {
    snapshot.counted(&["waiting quota"])
}

/// State and time of the changes that people made, in the list of queued work.
fn queued(snapshot: &Snapshot) -> Option<(String, String)> {
    let job = snapshot.jobs.iter().find(|job| job.id == "new:mirror")?;
    Some((job.state.clone(), job.when.clone()))
}

#[test]
fn what_a_person_sends_now_goes_with_its_tags_or_says_when() {
    play(async {
        let mut shop = Shop::new(Terms { seed: 5, plan: Plan::Free, webhook: true, start: monday() }).await;
        let power = tokio::spawn(shop.machine.clone().keep_running());
        shop.until(120.0, "a whole start", |s| s.meters.len() == 3 && s.subscriptions.iter().any(|s| s.ours))
            .await;
        pass(9.0 * 3_600.0).await;
        // Fill what is left for changes, so that the next ones wait.
        let mut place = 0;
        while waiting(&shop.snapshot()) == 0 {
            shop.track(&format!("Fresh {place}"), shop.time.now() - TimeDelta::minutes(300 - place * 5), 4)
                .await;
            place += 1;
            pass(5.0).await;
            assert!(place < 40, "nothing ever waits");
        }
        let start = (shop.time.now() - TimeDelta::minutes(20)).to_rfc3339();
        for text in ["Tagged", "Tagged too"] {
            let body = json!({
                "created_with": "web", "workspace_id": shop.access.toggl_workspace, "description": text,
                "project_id": shop.project, "start": start, "duration": 300, "tags": ["never seen there"],
            });
            shop.person(Method::POST, "", &body).await;
            pass(10.0).await;
        }
        assert_eq!(waiting(&shop.snapshot()), 3, "{:?}", shop.snapshot().targets);
        let (state, when) = queued(&shop.snapshot()).expect("queued work");
        assert!(state == "waiting quota" && when.starts_with("after "), "{state}, {when}");
        match shop.command(Wish::SendNow { target: "mirror".into(), dry: false }).await {
            Reply::Done { say } => assert_eq!(say, "3 waiting changes go to mirror now"),
            other => panic!("{other:?}"),
        }
        let before = shop.snapshot();
        assert_eq!((queued(&before).map(|(state, _)| state), waiting(&before)), (Some("sending".into()), 0));
        pass(30.0).await;
        let written = shop.log.written();
        let tagged = written.iter().filter(|w| w.text.starts_with("Tagged")).count();
        assert_eq!((tagged, queued(&shop.snapshot())), (2, None), "{:?}", shop.snapshot().jobs);
        // What comes later was not sent by anybody, and waits like everything else: here and there alike.
        shop.track("Later", shop.time.now() - TimeDelta::minutes(8), 4).await;
        pass(10.0).await;
        let after = shop.snapshot();
        let (state, when) = queued(&after).expect("queued work");
        assert!(state == "waiting quota" && when.starts_with("after "), "{state}, {when}");
        assert_eq!(waiting(&after), 1);
        assert_eq!(shop.log.sent().iter().filter(|one| one.is_refused()).count(), 0);
        power.abort();
        shop.machine.switch_off();
        shop.simulator.stop();
    });
}
