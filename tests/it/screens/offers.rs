//! What the screen offers beside the keys in the footer: moving what was sent, searching everything, days, tokens.

use hourwire::control::command::{Command, Price, Reply, Typed, Wish};
use hourwire::control::message::{FromEngine, ToEngine};
use hourwire::control::view::Row;
use hourwire::tui::model::{List, Model, Pane};
use hourwire::tui::update::{Effect, Event};

use super::fixture;
use super::looks::text;

fn command(effects: &[Effect]) -> Command {
    let found = effects.iter().find_map(|e| match e {
        Effect::Send(ToEngine::Command(c)) => Some(c.clone()),
        _ => None,
    });
    found.unwrap_or_else(|| panic!("no command in {effects:?}"))
}

fn key(model: &mut Model, key: &str) -> Vec<Effect> {
    fixture::step(model, Event::Key(key.parse().unwrap()))
}

fn reply(model: &mut Model, to: &Command, reply: Reply) -> Vec<Effect> {
    let reply = FromEngine::Reply { id: to.id.clone(), reply };
    fixture::step(model, Event::Engine(Box::new(reply)))
}

fn last_row(model: &mut Model, from_end: usize) -> String {
    let lines: Vec<String> = text(model).lines().map(str::to_owned).collect();
    lines[lines.len() - from_end].clone()
}

#[test]
fn a_remap_links_first_and_then_offers_to_move_what_was_sent() {
    let mut model = fixture::model((80, 24));
    fixture::press(&mut model, "2 j enter");
    let priced = key(&mut model, "j");
    let dry = command(&priced);
    let price = Price {
        moves: 3,
        left: Some(580),
        say: "links it · 3 already sent stay where they are".to_owned(),
        ..Price::default()
    };
    reply(&mut model, &dry, Reply::Price(price));
    assert!(last_row(&mut model, 2).contains("3 already sent stay where they are"));
    let mut linked = key(&mut model, "enter");
    if last_row(&mut model, 2).contains("weak match") {
        linked = key(&mut model, "enter");
    }
    let edit = command(&linked);
    assert!(matches!(edit.wish, Wish::EditMapping { dry: false, .. }));
    let asked = reply(&mut model, &edit, Reply::Done { say: "linked · u undoes".to_owned() });
    let asked = command(&asked);
    assert!(matches!(&asked.wish, Wish::MoveSent { dry: true, target, .. } if target.as_str() == "mirror"));
    let price = Price {
        moves: 3,
        requests: 3,
        left: Some(580),
        say: "moves 3 entries of Harbor API to \"Platform\"".to_owned(),
        ..Price::default()
    };
    reply(&mut model, &asked, Reply::Price(price));
    let line = last_row(&mut model, 2);
    assert!(
        line.contains("moves 3 entries of Harbor API") && line.contains("3 requests · 580 left"),
        "{line}"
    );
    assert!(last_row(&mut model, 1).contains("Enter yes"));
    let mut leaves_it = model.clone();
    let no = key(&mut leaves_it, "esc");
    assert!(no.is_empty());
    assert!(last_row(&mut leaves_it, 2).contains("linked · u undoes"));
    let moved = key(&mut model, "enter");
    assert!(matches!(command(&moved).wish, Wish::MoveSent { dry: false, .. }));
}

#[test]
fn moving_what_was_sent_can_be_asked_for_later() {
    let mut model = fixture::model((80, 24));
    fixture::press(&mut model, "2 j");
    let asked = key(&mut model, "M");
    let asked = command(&asked);
    assert!(matches!(asked.wish, Wish::MoveSent { dry: true, .. }));
    let why = "every sent entry of Harbor API is where the mapping leads";
    reply(&mut model, &asked, Reply::Failed { reason: why.to_owned() });
    assert!(last_row(&mut model, 2).contains(why));
    // A project without a link has nothing to move to.
    fixture::press(&mut model, "k");
    assert!(key(&mut model, "M").is_empty());
    assert!(last_row(&mut model, 2).contains("this project is not linked"));
}

#[test]
fn a_second_slash_searches_all_entries_and_escape_leads_back() {
    let mut model = fixture::model((80, 24));
    fixture::press(&mut model, "3 0 2 / / h a r b");
    assert_eq!((model.pane, model.active()), (Pane::Today, Pane::Today));
    assert!(last_row(&mut model, 2).contains("/harb"));
    assert_eq!(model.len(List::Today), 4);
    fixture::press(&mut model, "enter esc");
    assert_eq!((model.len(List::Today), model.pane), (13, Pane::Today));
    fixture::press(&mut model, "esc");
    assert_eq!(model.pane, Pane::Mapping);
    // In a filter that holds something it is a letter.
    fixture::press(&mut model, "/ a /");
    assert!(last_row(&mut model, 2).contains("/a/"));
}

#[test]
fn brackets_go_by_day() {
    let mut model = fixture::model((80, 24));
    let mut rows = fixture::entries();
    for (n, row) in rows.iter_mut().enumerate() {
        if let Row::Entry(line) = row {
            let days = chrono::TimeDelta::days(i64::try_from(n / 4).unwrap());
            line.start -= days;
            line.stop = Some(line.stop.unwrap_or(fixture::now()) - days);
        }
    }
    let view = model.views.get(hourwire::tui::model::Slot::Entries).unwrap().clone();
    let page = hourwire::control::view::Page { rows, ..view.page.unwrap() };
    fixture::say(&mut model, FromEngine::Page(page));
    let mut seen = Vec::new();
    for press in ["[", "[", "[", "[", "]", "]", "j", "]", "]"] {
        fixture::press(&mut model, press);
        seen.push(model.selected(List::Today));
    }
    assert_eq!(seen, [4, 8, 12, 12, 8, 4, 5, 0, 0]);
    // Title, sums, timeline and rows are those of the day gone to.
    fixture::press(&mut model, "[");
    let shown = text(&mut model);
    let footer = shown.lines().last().unwrap();
    assert!(footer.contains("[ day before  ] day after"), "{shown}");
    let title = shown.lines().nth(1).unwrap();
    // Two entries of Dana's and two of Ida's on the day before: 0h35 + 0h35 + 0h48 + 0h55, all billable.
    assert!(
        title.contains("1 Today, Mon 11 May") && title.contains("2h53 tracked · 2h53 billable"),
        "{shown}"
    );
    assert!(!title.contains("without project"), "the one without is today's: {shown}");
    for word in ["Logo export set", "Call: colour", "Cookie banner", "Checkout icons"] {
        assert!(shown.contains(word), "{word}: {shown}");
    }
    for word in ["Crash on login", "Retry on 429", "Type tests", "Inbox, plan"] {
        let table: Vec<&str> = shown.lines().take(20).collect();
        assert!(!table.iter().any(|line| line.contains(word)), "{word} is of another day: {shown}");
    }
    let axis: Vec<&str> = shown.lines().skip(2).take(3).collect();
    assert!(!axis.iter().any(|line| line.contains('│') || line.contains('▸')), "now is not on it: {shown}");
    // Further down the next day follows whole, and Esc leads back to the live list.
    fixture::press(&mut model, "j j j j");
    assert!(text(&mut model).contains("1 Today, Sun 10 May"));
    fixture::press(&mut model, "esc");
    assert_eq!((model.selected(List::Today), model.day), (0, None));
    assert!(text(&mut model).contains("━ 1 Today ━"));
}

#[test]
fn a_pasted_token_is_sent_once_and_never_shown() {
    let mut model = fixture::model((80, 24));
    fixture::press(&mut model, ": t o k e n");
    assert!(text(&mut model).contains("token HP"));
    for c in " hp ".chars() {
        key(&mut model, if c == ' ' { "space" } else { ["h", "p"][usize::from(c == 'p')] });
    }
    fixture::step(&mut model, Event::Paste("s3cret-of-ida\n".to_owned()));
    let shown = text(&mut model);
    assert!(!shown.contains("s3cret") && shown.contains("*************"), "{shown}");
    assert!(shown.contains("Ask Toggl whose it is"), "{shown}");
    let sent = command(&key(&mut model, "enter"));
    let Wish::RenewToken { account, token: Some(Typed(token)) } = &sent.wish else { panic!("{sent:?}") };
    assert_eq!((account.as_str(), token.as_str()), ("main", "s3cret-of-ida"));
    assert!(!format!("{sent:?}").contains("s3cret"), "not in a log either");
    assert!(!text(&mut model).contains("s3cret"));
    // Without a token it is fetched again; an account that is not there offers nothing.
    fixture::press(&mut model, ": t o k e n space h p");
    let fetched = command(&key(&mut model, "enter"));
    assert!(matches!(fetched.wish, Wish::RenewToken { token: None, .. }));
}

#[test]
fn a_theme_says_whether_it_is_kept() {
    let mut model = fixture::model((80, 24));
    fixture::press(&mut model, ": t h e m e space n o r d");
    let chosen = key(&mut model, "enter");
    assert!(chosen.contains(&Effect::SaveTheme("nord".to_owned())), "{chosen:?}");
    fixture::step(&mut model, Event::ThemeKept { theme: "nord".to_owned(), outcome: Ok(()) });
    assert!(last_row(&mut model, 2).contains("theme nord, kept in hourwire.toml"));
    let why = "hourwire.toml can't be written".to_owned();
    fixture::step(&mut model, Event::ThemeKept { theme: "nord".to_owned(), outcome: Err(why) });
    assert!(last_row(&mut model, 2).contains("theme nord until you leave: hourwire.toml can't be written"));
}

#[test]
fn what_is_read_by_the_clock_says_how_often() {
    for (seconds, word) in
        [(30, "reading 30 s"), (60, "reading 1 min"), (90, "reading 90 s"), (300, "reading 5 min")]
    {
        let mut model = fixture::with((80, 24), |s| {
            s.subscriptions.clear();
            s.reading = Some(seconds);
        });
        assert!(text(&mut model).lines().next().unwrap().contains(word), "{}", text(&mut model));
    }
}

#[test]
fn while_text_is_typed_the_footer_shows_the_keys_of_typing_only() {
    for (keys, shown) in [
        ("1 /", "Enter keep filter  Down to the rows  Esc show all"),
        ("7 /", "Enter keep filter  Down to the rows  / all entries  Esc show all"),
        ("7 / h", "Enter keep filter  Down to the rows  Esc show all"),
        (":", "Enter do it  Down next  Esc close"),
        (": z z z z", "Esc close"),
        ("2 enter /", "Enter link  Down next  Esc end search"),
        ("2 enter / z z z z", "Esc end search"),
    ] {
        let mut model = fixture::model((80, 24));
        fixture::press(&mut model, keys);
        assert_eq!(last_row(&mut model, 1).trim(), shown, "{keys}");
    }
    let mut model = fixture::model((80, 24));
    fixture::press(&mut model, "1 / h esc");
    assert!(last_row(&mut model, 1).contains("? help"), "typing is over");
}
