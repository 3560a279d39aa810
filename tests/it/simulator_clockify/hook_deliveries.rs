//! Deliveries of the simulated Clockify, driven by our own client in one process on paused time: two independent
//! readings of the reference.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ::http::{Request, Response, StatusCode};
use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use hourwire::domain::clockify_hook::{Event, Fate, News, State, Subject, name, wanted};
use hourwire::domain::entry::TargetEntry;
use hourwire::domain::id::{RemoteId, Service};
use hourwire::domain::read::TargetRead;
use hourwire::services::clockify::{Attempts, Clockify, Definition, Webhook, delivery};
use hourwire::services::http::{Failure, Wire, WireError};
use hourwire::simulator::scenes::{Act, happen};
use hourwire::simulator::toggl::Plan;
use hourwire::simulator::{Deliverer, Options, Plans, Simulator, World};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

const ADDRESS: &str = "https://hooks.example.test/clockify/";

/// What reached the address.
#[derive(Clone, Debug)]
struct Came {
    at: DateTime<Utc>,
    url: String,
    token: String,
    event: String,
    body: Bytes,
}

impl Came {
    fn news(&self) -> News {
        delivery::parse(&self.event, &self.body).expect("a delivery that is understood")
    }

    fn read(&self) -> TargetRead {
        match self.news().subject {
            Subject::Entry { read: Some(read), .. } => read,
            other => panic!("{other:?}"),
        }
    }
}

/// The address: it answers with this status after so long.
#[derive(Debug)]
struct Address {
    start: tokio::time::Instant,
    manner: Mutex<(u16, Duration)>,
    seen: Mutex<Vec<Came>>,
}

impl Address {
    fn now(&self) -> DateTime<Utc> {
        began() + self.start.elapsed()
    }
}

fn began() -> DateTime<Utc> {
    "2026-03-02T16:00:00.125Z".parse().expect("an instant")
}

struct Door(Arc<Address>);

impl Deliverer for Door {
    fn deliver(
        &self,
        url: String,
        headers: Vec<(String, String)>,
        body: Bytes,
    ) -> BoxFuture<'static, Result<(StatusCode, Bytes), String>> {
        let address = Arc::clone(&self.0);
        async move {
            let header = |wanted: &str| {
                let found = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted));
                found.map(|(_, value)| value.clone()).unwrap_or_default()
            };
            assert_eq!(header("content-type"), "application/json");
            assert_eq!(headers.len(), 3, "nothing else proves or names anything");
            let (token, event) = (header(delivery::TOKEN_HEADER), header(delivery::EVENT_HEADER));
            let came = Came { at: address.now(), url, token, event, body };
            address.seen.lock().unwrap_or_else(PoisonError::into_inner).push(came);
            let (status, wait) = *address.manner.lock().unwrap_or_else(PoisonError::into_inner);
            tokio::time::sleep(wait).await;
            Ok((StatusCode::from_u16(status).expect("a status"), Bytes::from_static(b"said")))
        }
        .boxed()
    }
}

/// Our client's way into the simulator.
struct Inside(Simulator);

impl Wire for Inside {
    fn call(&self, request: Request<Bytes>) -> BoxFuture<'_, Result<Response<Bytes>, WireError>> {
        let answer = self.0.call(Service::Clockify, request);
        async move { answer.await.map_err(|broken| WireError::Unknown(broken.to_string())) }.boxed()
    }
}

struct Bench {
    simulator: Simulator,
    address: Arc<Address>,
    clockify: Clockify,
}

impl Bench {
    fn new(plan: Plan) -> Self {
        let address = Arc::new(Address {
            start: tokio::time::Instant::now(),
            manner: Mutex::new((200, Duration::ZERO)),
            seen: Mutex::default(),
        });
        let clock = Arc::clone(&address);
        let simulator = Simulator::new(Options {
            seed: 7,
            plan: Plans::of(plan),
            world: World::Empty,
            clock: Arc::new(move || clock.now()),
            deliverer: Arc::new(Door(Arc::clone(&address))),
        });
        let access = simulator.access();
        let wire = Arc::new(Inside(simulator.clone()));
        let token = SecretString::from(access.clockify_token);
        let workspace = RemoteId::from(access.clockify_workspace.as_str());
        let clockify = Clockify::new(wire, "http://127.0.0.1/api/v1", token, workspace);
        Self { simulator, address, clockify }
    }

    fn answers(&self, status: u16, after_s: u64) {
        let manner = (status, Duration::from_secs(after_s));
        *self.address.manner.lock().unwrap_or_else(PoisonError::into_inner) = manner;
    }

    fn faults(&self, faults: serde_json::Value) {
        self.simulator.set_faults(serde_json::from_value(faults).expect("faults"));
    }

    async fn hook(&self, event: Event) -> Webhook {
        let name = name("hourwire host 0f1e", &event);
        let wanted = Definition::new(&name, &format!("{ADDRESS}{}", event.short()), event);
        self.clockify.create_webhook(&wanted).await.result.expect("a webhook")
    }

    async fn all_hooks(&self, slots: usize) -> Vec<Webhook> {
        let mut made = Vec::new();
        for event in wanted(slots) {
            made.push(self.hook(event.clone()).await);
        }
        made
    }

    fn came(&self) -> Vec<Came> {
        self.address.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn words(&self) -> Vec<String> {
        self.came().into_iter().map(|came| came.event).collect()
    }

    async fn entry(&self, description: &str) -> TargetRead {
        self.clockify.create_entry(&content(description), true, &[]).await.result.expect("an entry")
    }

    async fn reword(&self, entry: &TargetRead, description: &str) -> TargetRead {
        let changed = self.clockify.update_entry(&entry.id, entry, &content(description), &[]).await;
        changed.result.expect("a change")
    }

    async fn states(&self) -> Vec<State> {
        let list = self.clockify.webhooks().await.result.expect("webhooks");
        list.rows.iter().map(Webhook::state).collect()
    }

    /// The failed attempts that the service remembers, newest first.
    async fn log(&self, hook: &Webhook, which: Attempts) -> Vec<hourwire::services::clockify::LogRow> {
        let window = (began() - TimeDelta::days(1), self.address.now() + TimeDelta::seconds(1));
        self.clockify.webhook_logs(&hook.id, window, which, 0, 50).await.result.expect("a log").rows
    }
}

fn content(description: &str) -> TargetEntry {
    TargetEntry {
        user: RemoteId::from("64f0c0ffee0000000000a001"),
        project: None,
        start: "2026-03-02T14:00:00Z".parse().expect("an instant"),
        stop: "2026-03-02T15:30:00Z".parse().expect("an instant"),
        description: description.to_owned(),
        tags: Vec::new(),
        billable: false,
    }
}

/// Lets so many simulated seconds go by.
async fn pass(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}

#[tokio::test(start_paused = true)]
async fn our_own_changes_come_back_as_news_that_equal_a_read() {
    let bench = Bench::new(Plan::Premium);
    let hooks = bench.all_hooks(9).await;
    let made = bench.entry("Landing page copy").await;
    let changed = bench.reword(&made, "Landing page").await;
    bench.clockify.delete_entry(&made.id).await.result.expect("deleted");
    pass(1).await;
    let came = bench.came();
    assert_eq!(bench.words(), ["NEW_TIME_ENTRY", "TIME_ENTRY_UPDATED", "TIME_ENTRY_DELETED"]);
    for (came, read) in came.iter().zip([&made, &changed, &changed]) {
        let hook = hooks.iter().find(|hook| hook.event.as_str() == came.event).expect("a webhook");
        assert_eq!(
            (&came.url, came.news().workspace),
            (&hook.url, Some(bench.clockify.workspace_id().clone()))
        );
        assert_eq!(hook.auth_token.as_ref().map(|token| token.expose_secret()), Some(came.token.as_str()));
        let raw = read.raw.clone();
        assert_eq!(TargetRead { raw, ..came.read() }, *read);
    }
}

#[tokio::test(start_paused = true)]
async fn all_calls_of_our_client_are_understood() {
    let bench = Bench::new(Plan::Premium);
    let hook = bench.hook(Event::EntryUpdated).await;
    assert_eq!((hook.state(), hook.user_id.is_some()), (State::Active, true));
    let list = bench.clockify.webhooks().await.result.expect("webhooks");
    assert_eq!((list.count, list.rows.len(), list.rows[0].definition()), (1, 1, hook.definition()));
    let mut other = hook.definition();
    other.url = format!("{ADDRESS}elsewhere");
    let put = bench.clockify.put_webhook(&hook.id, &other).await.result.expect("replaced");
    assert_eq!(put.definition(), other);
    let renewed = bench.clockify.rotate_webhook_token(&hook.id).await.result.expect("renewed");
    let clear = |hook: &Webhook| hook.auth_token.as_ref().map(|token| token.expose_secret().to_owned());
    assert_ne!(clear(&renewed), clear(&hook));
    assert_eq!(clear(&bench.clockify.webhook(&hook.id).await.result.expect("one")), clear(&renewed));
    let again = bench.clockify.create_webhook(&other).await.result.expect_err("the name is taken");
    assert!(matches!(again, Failure::Refused { status: 400, .. }), "{again}");
    bench.clockify.delete_webhook(&hook.id).await.result.expect("deleted");
    let gone = bench.clockify.delete_webhook(&hook.id).await.result;
    assert!(matches!(gone, Err(Failure::Missing(_))), "{gone:?}");
}

#[tokio::test(start_paused = true)]
async fn a_failed_delivery_is_tried_again_and_both_are_remembered() {
    let bench = Bench::new(Plan::Premium);
    let hook = bench.hook(Event::EntryCreated).await;
    bench.answers(502, 0);
    bench.entry("late").await;
    pass(30).await;
    let open = bench.clockify.webhook_statuses(&hook.id, Some(Fate::Retrying), 0, 50).await;
    let open = open.result.expect("statuses").rows;
    assert_eq!((open.len(), open[0].retries, open[0].status_code), (1, 0, Some(502)));
    pass(400).await;
    let seconds: Vec<i64> = bench.came().iter().map(|came| (came.at - began()).num_seconds()).collect();
    assert_eq!(seconds, [0, 60, 360], "after one minute, then after five");
    bench.answers(204, 0);
    pass(1_800).await;
    let all = bench.clockify.webhook_statuses(&hook.id, None, 0, 50).await.result.expect("statuses").rows;
    assert_eq!((all.len(), all[0].fate, all[0].retries), (1, Some(Fate::Succeeded), 3));
    let failed = bench.log(&hook, Attempts::Failed).await;
    assert_eq!(failed.len(), 3);
    assert!(failed.windows(2).all(|pair| pair[0].responded_at > pair[1].responded_at), "newest first");
    assert_eq!(
        failed[0].request_body.as_bytes(),
        bench.came()[0].body,
        "what was delivered can be read back"
    );
    assert_eq!((failed[2].status.as_ref(), failed[2].response_body.as_str()), (Some(&all[0].id), "said"));
    assert_eq!(bench.log(&hook, Attempts::All).await.len(), 4);
    assert_eq!(bench.states().await, [State::Active]);
    pass(8 * 86_400).await;
    assert!(bench.log(&hook, Attempts::All).await.is_empty(), "for seven days");
}

#[tokio::test(start_paused = true)]
async fn no_answer_in_eight_seconds_is_a_failure() {
    let bench = Bench::new(Plan::Premium);
    let hook = bench.hook(Event::EntryCreated).await;
    bench.answers(200, 9);
    bench.entry("slow").await;
    pass(12).await;
    let log = bench.log(&hook, Attempts::Failed).await;
    assert_eq!((log.len(), log[0].status_code), (1, None));
    bench.answers(200, 7);
    pass(100).await;
    assert_eq!(bench.log(&hook, Attempts::Succeeded).await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn five_failures_in_a_row_switch_delivery_off_and_only_a_new_one_mends_it() {
    let bench = Bench::new(Plan::Premium);
    let hook = bench.hook(Event::EntryCreated).await;
    let healthy = bench.hook(Event::EntryDeleted).await;
    bench.answers(500, 0);
    for number in 0..5 {
        bench.entry(&format!("entry {number}")).await;
    }
    pass(1).await;
    assert_eq!(bench.states().await, [State::DisabledByFailures, State::Active]);
    let given_up = bench.clockify.webhook_statuses(&hook.id, Some(Fate::Failed), 0, 50).await;
    assert_eq!(given_up.result.expect("statuses").rows.len(), 5, "none is tried again");
    bench.answers(200, 0);
    pass(86_400).await;
    assert_eq!(bench.came().len(), 5, "what waited is given up");
    let same = bench.clockify.put_webhook(&hook.id, &hook.definition()).await.result.expect("replaced");
    assert_eq!(same.state(), State::DisabledByFailures);
    bench.clockify.delete_webhook(&hook.id).await.result.expect("deleted");
    let anew = bench.clockify.create_webhook(&hook.definition()).await.result.expect("made anew");
    assert!(anew.state() == State::Active && anew.id != hook.id);
    bench.entry("again").await;
    pass(1).await;
    assert_eq!(bench.came().len(), 6);
    assert!(bench.log(&healthy, Attempts::All).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_success_in_between_starts_the_count_anew() {
    let bench = Bench::new(Plan::Premium);
    bench.hook(Event::EntryCreated).await;
    for status in [500, 500, 500, 500, 200, 500, 500, 500, 500] {
        bench.answers(status, 0);
        bench.entry("entry").await;
        pass(1).await;
    }
    assert_eq!(bench.states().await, [State::Active]);
}

#[tokio::test(start_paused = true)]
async fn faults_make_copies_losses_and_wrong_tokens_for_one_service_alone() {
    let bench = Bench::new(Plan::Premium);
    let hook = bench.hook(Event::EntryCreated).await;
    bench.faults(json!({"deliveries": {"duplicate": 1.0}}));
    bench.entry("twice").await;
    pass(1).await;
    let came = bench.came();
    assert_eq!(came.len(), 2);
    assert_eq!((&came[0].body, came[0].news().digest), (&came[1].body, came[1].news().digest));
    assert_eq!(bench.log(&hook, Attempts::All).await.len(), 1, "a copy is nobody's attempt");
    bench.faults(json!({"deliveries": {"drop": 1.0}}));
    bench.entry("lost").await;
    bench.faults(json!({"deliveries": {"service": "toggl", "drop": 1.0, "fail": 1.0}}));
    bench.entry("kept").await;
    bench.faults(json!({"deliveries": {"only_pings": true, "bad_signature": 1.0}}));
    bench.entry("spoilt").await;
    pass(1).await;
    let came = bench.came();
    let texts: Vec<String> = came.iter().map(|came| came.read().description).collect();
    assert_eq!(texts, ["twice", "twice", "kept", "spoilt"]);
    let right: Vec<bool> = came
        .iter()
        .map(|came| hook.auth_token.as_ref().is_some_and(|token| token.expose_secret() == came.token))
        .collect();
    assert_eq!(right, [true, true, true, false]);
    bench.faults(json!({"deliveries": {"fail": 1.0, "clockify_retry_s": [5], "clockify_disable_after": 2}}));
    bench.entry("failed").await;
    pass(6).await;
    assert_eq!((bench.came().len(), bench.states().await), (4, vec![State::DisabledByFailures]));
}

#[tokio::test(start_paused = true)]
async fn a_downgrade_keeps_the_three_oldest_and_an_upgrade_gives_back() {
    let bench = Bench::new(Plan::Premium);
    bench.all_hooks(7).await;
    happen(&bench.simulator, Act::ClockifyOlder);
    let free = hourwire::simulator::ClockifyPlan::Free;
    happen(&bench.simulator, Act::ClockifyPlan(free));
    assert_eq!(bench.simulator.clockify_receiving(), 3);
    let list = bench.clockify.webhooks().await.result.expect("webhooks");
    let active: Vec<&str> =
        list.rows.iter().filter(|row| row.state() == State::Active).map(|row| row.name.as_str()).collect();
    assert_eq!(active, ["crm entries", "crm tags", "hourwire 0f1e updated"]);
    assert_eq!(list.rows.iter().filter(|row| row.state() == State::DisabledByPlan).count(), 6);
    let made = bench.entry("not announced to us").await;
    bench.reword(&made, "announced").await;
    pass(1).await;
    assert_eq!(bench.words(), ["NEW_TIME_ENTRY", "TIME_ENTRY_UPDATED"]);
    assert!(bench.came()[0].url.starts_with("https://crm.example.com"));
    happen(&bench.simulator, Act::ClockifyPlan(hourwire::simulator::ClockifyPlan::Paid));
    assert_eq!(bench.simulator.clockify_receiving(), 9);
}

#[tokio::test(start_paused = true)]
async fn what_a_person_does_in_the_web_page_is_seen() {
    let bench = Bench::new(Plan::Premium);
    bench.all_hooks(3).await;
    let made = bench.entry("Landing page copy").await;
    let before = bench.simulator.requests().len();
    happen(&bench.simulator, Act::ClockifyEdit);
    pass(1).await;
    assert_eq!(bench.words(), ["NEW_TIME_ENTRY", "TIME_ENTRY_UPDATED"]);
    let told = bench.came()[1].read();
    assert_eq!((told.id, told.description.as_str()), (made.id, "Reworded by the client"));
    assert_eq!(bench.simulator.requests().len(), before, "a person is not listed");
    happen(&bench.simulator, Act::ClockifyOff);
    assert_eq!(bench.states().await, [State::Off; 3]);
    bench.entry("unheard").await;
    pass(1).await;
    assert_eq!(bench.came().len(), 2);
}

#[test]
fn what_befalls_clockify_s_webhooks_can_be_played() {
    for (name, first) in [
        ("webhook-downgrade", Act::ClockifyOlder),
        ("webhook-clockify-502", Act::ClockifyWay(true)),
        ("clockify-edit", Act::ClockifyEdit),
    ] {
        let scenario = hourwire::simulator::office::Scenario::named(name).expect(name);
        let hourwire::simulator::office::Scenario::Scene(scene) = scenario else {
            panic!("{name} is a scene")
        };
        assert_eq!(scene.acts[0].1, first, "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn only_the_way_of_clockify_breaks() {
    let bench = Bench::new(Plan::Premium);
    let hook = bench.hook(Event::EntryCreated).await;
    happen(&bench.simulator, Act::ClockifyWay(true));
    bench.entry("late").await;
    pass(30).await;
    assert_eq!((bench.came().len(), bench.log(&hook, Attempts::Failed).await.len()), (0, 1));
    happen(&bench.simulator, Act::ClockifyWay(false));
    pass(60).await;
    assert_eq!(bench.came().len(), 1);
}
