//! Which of the listed subscriptions is ours. The address alone does not say: the state folder may have been copied
//! to another machine, and then two engines know the same secret address.

use super::id::RemoteId;

/// A listed subscription, as far as it matters here.
#[derive(Clone, Copy, Debug)]
pub struct Listed<'a> {
    /// Its id.
    pub id: &'a RemoteId,
    /// Its name.
    pub description: &'a str,
    /// Where it delivers.
    pub url: &'a str,
}

/// What is known of ourselves.
#[derive(Clone, Copy, Debug)]
pub struct Standpoint<'a> {
    /// Our own whole address and what it begins with; `None` where no subscription is looked after.
    pub address: Option<(&'a str, &'a str)>,
    /// The subscription that the ledger knows as ours.
    pub bound: Option<&'a RemoteId>,
    /// This instance's name.
    pub instance: &'a str,
    /// The public address reaches this very process.
    pub reached: bool,
}

/// Where our subscription is found in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ours {
    /// It has our address.
    Here(RemoteId),
    /// It is ours or may be adopted, but its address or name is not what it should be.
    Elsewhere(RemoteId),
    /// It has our address but another instance's name, and the address does not reach this process: the other one is
    /// at work with a copy of our files, or we are with a copy of theirs.
    Taken,
    /// There is none.
    Nowhere,
}

/// Finds ours.
pub fn claim(listed: &[Listed<'_>], own: &Standpoint<'_>) -> Ours {
    // Whatever stands after the name: how often it took, a time.
    let named = |s: &&Listed<'_>| s.description.starts_with(own.instance);
    let Some((url, base)) = own.address else {
        // Not looked after here now, but it has our seat.
        return listed.iter().find(named).map_or(Ours::Nowhere, |s| Ours::Elsewhere(s.id.clone()));
    };
    let here = || listed.iter().filter(|s| s.url == url);
    // Two may have it: the one that is known stays ours.
    if let Some(one) = here().find(|s| Some(s.id) == own.bound).or_else(|| here().next()) {
        return if own.reached || named(&one) { Ours::Here(one.id.clone()) } else { Ours::Taken };
    }
    let adoptable = |s: &&Listed<'_>| s.url.starts_with(base) && (own.reached || named(s));
    // That the ledger knows it as ours proves nothing: it may have been restored beside the engine that wrote it.
    let known = |s: &&Listed<'_>| Some(s.id) == own.bound && (named(s) || adoptable(s));
    listed
        .iter()
        .find(known)
        .or_else(|| listed.iter().find(named))
        .or_else(|| listed.iter().find(adoptable))
        .map_or(Ours::Nowhere, |s| Ours::Elsewhere(s.id.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "https://hooks.example.com/hooks/abc";
    const BASE: &str = "https://hooks.example.com/hooks/";
    const MINE: &str = "hourwire den 0f1e";
    const OTHER: &str = "hourwire hut 0f1e";

    #[test]
    fn ours_by_name_or_by_an_address_that_reaches_us() {
        let here = Ours::Here("1".into());
        let there = Ours::Elsewhere("1".into());
        for (description, url, reached, wanted) in [
            (MINE, URL, true, here.clone()),
            (MINE, URL, false, here.clone()),
            ("hourwire den 0f1e take 2", URL, false, here.clone()),
            // The machine has another name now, and deliveries arrive here.
            (OTHER, URL, true, here.clone()),
            // The folder was copied, and deliveries arrive at the other machine.
            (OTHER, URL, false, Ours::Taken),
            // A person renamed it while the address is down: nobody else, but nothing to be sure of.
            ("my hook", URL, false, Ours::Taken),
            (MINE, "https://hooks.example.com/hooks/old", false, there.clone()),
            (OTHER, "https://hooks.example.com/hooks/old", true, there.clone()),
            (OTHER, "https://hooks.example.com/hooks/old", false, Ours::Nowhere),
            (MINE, "https://elsewhere.example.com/in", false, there),
            (OTHER, "https://elsewhere.example.com/in", true, Ours::Nowhere),
        ] {
            let id = RemoteId::from("1");
            let own = Standpoint { address: Some((URL, BASE)), bound: Some(&id), instance: MINE, reached };
            let listed = [Listed { id: &id, description, url }];
            assert_eq!(claim(&listed, &own), wanted, "{description} {url} {reached}");
        }
    }

    #[test]
    fn of_two_at_our_address_the_known_one_is_ours() {
        let (first, second) = (RemoteId::from("1"), RemoteId::from("2"));
        let listed = [&first, &second].map(|id| Listed { id, description: MINE, url: URL });
        for bound in [Some(&first), Some(&second), None] {
            let own = Standpoint { address: Some((URL, BASE)), bound, instance: MINE, reached: true };
            let wanted = bound.unwrap_or(&first).clone();
            assert_eq!(claim(&listed, &own), Ours::Here(wanted), "{bound:?}");
        }
    }

    #[test]
    fn where_none_is_looked_after_only_the_name_counts() {
        let id = RemoteId::from("1");
        let own = Standpoint { address: None, bound: None, instance: MINE, reached: false };
        for (description, wanted) in [(MINE, Ours::Elsewhere(id.clone())), (OTHER, Ours::Nowhere)] {
            assert_eq!(claim(&[Listed { id: &id, description, url: URL }], &own), wanted);
        }
    }
}
