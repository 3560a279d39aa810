//! Which target project is meant by a source project: ranked by name and client, each with its reason in words.

use super::id::RemoteId;

/// How certain a match is, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Degree {
    /// Same name, and no other client.
    Sure,
    /// Much alike.
    Likely,
    /// A little alike.
    Weak,
    /// Nothing in common.
    None,
}

/// A project by its names; an empty client is none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Probe {
    /// Its id.
    pub id: RemoteId,
    /// Its name.
    pub name: String,
    /// Its client's name.
    pub client: String,
    /// Archived, so that nothing can be sent there as it is.
    pub archived: bool,
}

/// A target project with its rank.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ranked {
    /// The target project.
    pub project: Probe,
    /// How certain.
    pub degree: Degree,
    /// Why, in words: `same client, two words alike`.
    pub reason: String,
}

/// All options, best first; with equal certainty by likeness, then by name and id.
pub fn rank(source: &Probe, options: &[Probe]) -> Vec<Ranked> {
    let wanted = Words::of(source);
    let mut all: Vec<(i64, Ranked)> = options.iter().map(|option| judge(&wanted, option)).collect();
    all.sort_by(|(a, x), (b, y)| {
        let archived = x.project.archived.cmp(&y.project.archived);
        let by = x.degree.cmp(&y.degree).then(b.cmp(a)).then(archived);
        by.then_with(|| x.project.name.cmp(&y.project.name)).then_with(|| x.project.id.cmp(&y.project.id))
    });
    all.into_iter().map(|(_, ranked)| ranked).collect()
}

struct Words {
    name: String,
    client: String,
    tokens: Vec<String>,
}

impl Words {
    fn of(probe: &Probe) -> Self {
        let tokens = tokens(&probe.name);
        Self { name: tokens.join(" "), client: tokens_of_client(&probe.client), tokens }
    }
}

fn tokens(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).map(str::to_lowercase).collect()
}

/// Forms of a company say nothing about which one it is.
fn tokens_of_client(text: &str) -> String {
    const FORMS: [&str; 9] = ["co", "inc", "ltd", "llc", "llp", "gmbh", "ag", "bv", "and"];
    let words = tokens(text);
    let told: Vec<&str> = words.iter().map(String::as_str).filter(|w| !FORMS.contains(w)).collect();
    if told.is_empty() { words.join(" ") } else { told.join(" ") }
}

fn judge(wanted: &Words, option: &Probe) -> (i64, Ranked) {
    let has = Words::of(option);
    let client = match (wanted.client.as_str(), has.client.as_str()) {
        ("", _) | (_, "") => None,
        (a, b) => Some(a == b),
    };
    let same = !wanted.name.is_empty() && wanted.name == has.name;
    let alike = wanted.tokens.iter().filter(|w| w.chars().count() > 1 && has.tokens.contains(w)).count();
    let near = wanted.tokens.iter().filter(|w| !has.tokens.contains(w)).filter(|w| is_near(w, &has)).count();
    let shared = alike as i64 * 2 + near as i64;
    let enough = shared * 2 >= wanted.tokens.len().max(has.tokens.len()) as i64 * 2;
    let degree = match (same, client) {
        (true, Some(false)) => Degree::Likely,
        (true, _) => Degree::Sure,
        (false, Some(true)) if shared > 0 => Degree::Likely,
        (false, None) if alike > 0 && enough => Degree::Likely,
        (false, Some(true)) => Degree::Weak,
        (false, _) if shared > 0 => Degree::Weak,
        _ => Degree::None,
    };
    let mut reasons: Vec<String> = Vec::new();
    if same {
        reasons.push("same name".into());
    }
    if client == Some(true) {
        reasons.push("same client".into());
    }
    if !same && alike > 0 {
        reasons.push(format!("{} alike", words(alike)));
    } else if !same && near > 0 {
        reasons.push("begins alike".into());
    }
    if client == Some(false) && degree != Degree::None {
        reasons.push("another client".into());
    }
    if option.archived {
        reasons.push("archived there".into());
    }
    let score = shared + if client == Some(true) { 3 } else { 0 } - if client == Some(false) { 1 } else { 0 };
    (score, Ranked { project: option.clone(), degree, reason: reasons.join(", ") })
}

/// One begins like the other, by at least five letters and most of the shorter one.
fn is_near(word: &str, has: &Words) -> bool {
    has.tokens.iter().any(|other| {
        let common = word.chars().zip(other.chars()).take_while(|(a, b)| a == b).count();
        let shorter = word.chars().count().min(other.chars().count());
        common >= 5 || (common >= 4 && common == shorter)
    })
}

fn words(count: usize) -> String {
    match count {
        1 => "one word".into(),
        2 => "two words".into(),
        3 => "three words".into(),
        n => format!("{n} words"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn probe(id: &str, name: &str, client: &str) -> Probe {
        Probe { id: id.into(), name: name.into(), client: client.into(), archived: false }
    }

    #[test]
    fn the_reasons_are_those_a_person_would_give() {
        let source = probe("1", "Fernley rebrand", "Fernley & Co");
        let table = [
            ("Fernley Rebrand", "Fernley Co.", Degree::Sure, "same name, same client"),
            ("Fernley rebrand", "", Degree::Sure, "same name"),
            ("Fernley rebrand", "Osprey", Degree::Likely, "same name, another client"),
            ("Fernley brand refresh", "Fernley & Co", Degree::Likely, "same client, one word alike"),
            ("Rebrand Fernley 2026", "Fernley & Co", Degree::Likely, "same client, two words alike"),
            ("Website", "Fernley & Co", Degree::Weak, "same client"),
            ("Rebranding pool", "", Degree::Weak, "begins alike"),
            ("Rebrand audit", "Ferndale LLP", Degree::Weak, "one word alike, another client"),
            ("Internal", "", Degree::None, ""),
            ("Internal", "Osprey", Degree::None, ""),
        ];
        for (name, client, degree, reason) in table {
            let ranked = rank(&source, &[probe("x", name, client)]);
            assert_eq!((ranked[0].degree, ranked[0].reason.as_str()), (degree, reason), "{name} / {client}");
        }
    }

    #[test]
    fn the_best_comes_first_and_an_archived_twin_later() {
        let source = probe("1", "Harbor site", "Harbor Co");
        let archived = Probe { archived: true, ..probe("a", "Harbor site", "Harbor Co") };
        let all = [
            probe("b", "Harbor retainer", "Harbor Co"),
            archived,
            probe("c", "Osprey shop", "Osprey Cycles"),
            probe("d", "Harbor site", "Harbor Co"),
        ];
        let ids: Vec<String> = rank(&source, &all).into_iter().map(|r| r.project.id.0).collect();
        assert_eq!(ids, ["d", "a", "b", "c"]);
    }

    proptest! {
        #[test]
        fn every_option_is_ranked_once_whatever_their_order(
            names in prop::collection::vec(("[a-c]{0,3} ?[a-c]{0,3}", "[xy]?"), 0..8),
            wanted in "[a-c]{0,3} ?[a-c]{0,3}",
            turn in 0usize..8,
        ) {
            let mut options: Vec<Probe> =
                names.iter().enumerate().map(|(i, (n, c))| probe(&i.to_string(), n, c)).collect();
            let source = probe("s", &wanted, "x");
            let ranked = rank(&source, &options);
            prop_assert_eq!(ranked.len(), options.len());
            prop_assert!(ranked.windows(2).all(|p| p[0].degree <= p[1].degree));
            let turn = turn.min(options.len());
            options.rotate_left(turn);
            prop_assert_eq!(rank(&source, &options), ranked);
        }

        #[test]
        fn the_same_name_and_client_is_sure(name in "[a-zA-Z]{2,8}( [a-z]{2,8})?", client in "[a-z]{3,8}") {
            let source = probe("s", &name, &client);
            let ranked = rank(&source, &[probe("t", &name.to_uppercase(), &client)]);
            prop_assert_eq!(ranked[0].degree, Degree::Sure);
        }
    }
}
