//! Proof that an address reaches this very process: an unguessable question that only it can answer.
//!
//! Question and answer are keyed with a secret of the process, so nobody else can make it answer anything.

use subtle::ConstantTimeEq as _;

use crate::domain::signature::mac_hex;

/// Asks and answers probes; each process has its own key.
pub struct Probe {
    key: [u8; 32],
}

/// A question, to be sent to the public address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The path to append to the public address, from its slash on.
    pub path: String,
    expected: String,
}

impl Asked {
    /// Whether a body is this process's answer.
    pub fn is_answered_by(&self, body: &[u8]) -> bool {
        body.ct_eq(self.expected.as_bytes()).into()
    }
}

impl Probe {
    /// A probe with a fresh key.
    pub fn new() -> Self {
        Self { key: rand::random() }
    }

    /// A new question.
    pub fn ask(&self) -> Asked {
        let nonce = format!("{:032x}", rand::random::<u128>());
        let path = format!("/hooks/probe/{nonce}-{}", self.mac("ask", &nonce));
        Asked { path, expected: self.reply(&nonce) }
    }

    /// The answer to the last part of a question's path; `None` if this process did not ask it.
    pub(super) fn answer(&self, token: &str) -> Option<String> {
        let (nonce, mac) = token.split_once('-')?;
        let asked: bool = mac.as_bytes().ct_eq(self.mac("ask", nonce).as_bytes()).into();
        asked.then(|| self.reply(nonce))
    }

    fn reply(&self, nonce: &str) -> String {
        format!("{{\"hourwire\":\"{}\"}}", self.mac("answer", nonce))
    }

    fn mac(&self, purpose: &str, nonce: &str) -> String {
        mac_hex(&self.key, format!("{purpose}:{nonce}").as_bytes())
    }
}

impl Default for Probe {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_asking_process_answers() {
        let (here, elsewhere) = (Probe::new(), Probe::new());
        let asked = here.ask();
        let token = asked.path.rsplit_once('/').unwrap().1;
        let answer = here.answer(token).unwrap();
        assert!(asked.is_answered_by(answer.as_bytes()));
        assert!(!here.ask().is_answered_by(answer.as_bytes()), "an old answer proves nothing");
        assert_eq!(elsewhere.answer(token), None);
        for foreign in ["", "-", "00-00", &token[1..], "x"] {
            assert_eq!(here.answer(foreign), None, "{foreign}");
        }
        assert!(!asked.is_answered_by(b""));
    }
}
