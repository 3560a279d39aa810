//! `webhook-secrets.toml`: the secrets made here. They are written before the call that uses them leaves, because a
//! secret lost after the call would make every delivery look forged.

use std::fmt;
use std::io;
use std::path::Path;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use rand::RngCore;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::error::ConfigError;
use super::file::{self, quoted};
use super::paths::SECRETS;
use crate::domain::id::{Account, RemoteId, Service};

/// The file's version; a newer one is refused.
const VERSION: u32 = 1;

/// One webhook address with its secrets.
#[derive(Clone)]
pub struct Hook {
    /// What it is called on the screen.
    pub label: String,
    /// The service that calls.
    pub service: Service,
    /// The account it belongs to.
    pub account: Account,
    /// The workspace it is subscribed to.
    pub workspace: RemoteId,
    /// The last part of the address: 128 random bits in 26 letters of base32, lower case.
    pub path: String,
    /// The secret deliveries are signed with (Clockify: the static token).
    pub current: SecretString,
    /// The one before, valid until the instant.
    pub previous: Option<(SecretString, DateTime<Utc>)>,
    /// The subscription, once it was made.
    pub subscription_id: Option<RemoteId>,
    /// The one event it is for (Clockify).
    pub event: Option<String>,
}

impl Hook {
    /// A hook with a new path and a new secret.
    pub fn generate(
        rng: &mut dyn RngCore,
        service: Service,
        account: &Account,
        workspace: &RemoteId,
        label: impl Into<String>,
    ) -> Self {
        Self {
            label: label.into(),
            service,
            account: account.clone(),
            workspace: workspace.clone(),
            path: random_path(rng),
            current: random_secret(rng),
            previous: None,
            subscription_id: None,
            event: None,
        }
    }

    /// Puts a new secret in front; the old one holds until `until`, for deliveries already under way.
    pub fn rotate(&mut self, rng: &mut dyn RngCore, until: DateTime<Utc>) {
        self.take(random_secret(rng), until);
    }

    /// Puts a given secret in front, as [`Hook::rotate`].
    pub fn take(&mut self, secret: SecretString, until: DateTime<Utc>) {
        let old = std::mem::replace(&mut self.current, secret);
        self.previous = Some((old, until));
    }

    /// The secrets that a delivery may be signed with at `now`, the current one first.
    pub fn valid(&self, now: DateTime<Utc>) -> impl Iterator<Item = &SecretString> {
        let previous = self.previous.as_ref().filter(move |(_, until)| now < *until);
        std::iter::once(&self.current).chain(previous.map(|(secret, _)| secret))
    }
}

impl fmt::Debug for Hook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hook")
            .field("label", &self.label)
            .field("service", &self.service)
            .field("account", &self.account)
            .field("workspace", &self.workspace)
            .field("subscription_id", &self.subscription_id)
            .finish_non_exhaustive()
    }
}

/// Everything in the file.
#[derive(Clone)]
pub struct HookSecrets {
    /// One for each subscription that was made, adopted or is about to be.
    pub hooks: Vec<Hook>,
    /// Four hex digits that tell this installation from others in a subscription's description.
    pub instance: String,
    /// Where this installation lives, so that a copy of its folder is known to be another one; `None` in old files.
    pub place: Option<String>,
    /// Signs the probes of the own public address.
    pub probe_key: SecretString,
}

impl fmt::Debug for HookSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HookSecrets")
            .field("instance", &self.instance)
            .field("hooks", &self.hooks)
            .finish_non_exhaustive()
    }
}

impl HookSecrets {
    /// A new installation's.
    pub fn generate(rng: &mut dyn RngCore) -> Self {
        Self { hooks: Vec::new(), instance: random_instance(rng), place: None, probe_key: random_secret(rng) }
    }

    /// Notes where this installation lives; true when that is news. What was copied from elsewhere takes new digits,
    /// or two engines would look like one to each other. The secrets stay: a folder may also have been moved.
    pub fn settle(&mut self, place: &str, rng: &mut dyn RngCore) -> bool {
        if self.place.as_deref() == Some(place) {
            return false;
        }
        if self.place.replace(place.to_owned()).is_some() {
            self.instance = random_instance(rng);
        }
        true
    }

    /// Reads the file of a state folder; makes and writes a new one where there is none.
    pub fn load_or_create(state_dir: &Path, rng: &mut dyn RngCore) -> Result<Self, ConfigError> {
        if let Some(secrets) = Self::load(state_dir)? {
            return Ok(secrets);
        }
        let secrets = Self::generate(rng);
        secrets.write(state_dir)?;
        Ok(secrets)
    }

    /// Reads the file of a state folder; `None` when there is none.
    pub fn load(state_dir: &Path) -> Result<Option<Self>, ConfigError> {
        let path = state_dir.join(SECRETS);
        let Some(found) = file::read(&path, SECRETS)? else { return Ok(None) };
        if found.mode.trailing_zeros() < 6 {
            return Err(ConfigError::about(
                SECRETS,
                format!("others may read it (mode {:04o})", found.mode),
                format!("type: chmod 600 {}", quoted(&path)),
            ));
        }
        let broken = |error: toml::de::Error| {
            // Only the message: the library's display quotes the line.
            let offset = error.span().map_or(0, |span| span.start);
            let cure = "restore it from a backup, or move it away: the subscriptions are then made anew";
            ConfigError::at(SECRETS, &found.text, offset, error.message().trim(), cure)
        };
        // The version first: a newer file has keys unknown here.
        let Version { version } = toml::from_str(&found.text).map_err(broken)?;
        if version > VERSION {
            return Err(ConfigError::about(
                SECRETS,
                format!("is of version {version}, this program knows up to {VERSION}"),
                "use the newer hourwire that wrote it",
            ));
        }
        let stored: Stored = toml::from_str(&found.text).map_err(broken)?;
        Ok(Some(stored.into()))
    }

    /// Writes the file (0600), durably and as a whole. Call it before the request that uses a new secret.
    pub fn save(&self, state_dir: &Path) -> io::Result<()> {
        let body = toml::to_string(&Stored::from(self)).map_err(io::Error::other)?;
        let text = format!("# Made by hourwire. Whoever reads this can forge deliveries.\n{body}");
        file::replace(&state_dir.join(SECRETS), text.as_bytes(), Some(0o600))
    }

    /// [`HookSecrets::save`], with what to do when it fails.
    pub fn write(&self, state_dir: &Path) -> Result<(), ConfigError> {
        self.save(state_dir).map_err(|error| {
            ConfigError::about(
                state_dir.join(SECRETS).display().to_string(),
                format!("can't be written: {error}"),
                "look at the state folder's owner and free space",
            )
        })
    }

    /// The hook of an account and workspace.
    pub fn hook(&self, account: &Account, workspace: &RemoteId) -> Option<&Hook> {
        self.hooks.iter().find(|hook| hook.account == *account && hook.workspace == *workspace)
    }

    /// The hook of an account for one event.
    pub fn event_hook(&mut self, account: &Account, event: &str) -> Option<&mut Hook> {
        self.hooks.iter_mut().find(|h| h.account == *account && h.event.as_deref() == Some(event))
    }

    /// The hook that a path names. Not in constant time: the path is an address, the signature is the proof.
    pub fn by_path(&self, path: &str) -> Option<&Hook> {
        self.hooks.iter().find(|hook| hook.path == path)
    }
}

#[derive(Deserialize)]
struct Version {
    version: u32,
}

/// The file's form.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    version: u32,
    instance: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    place: Option<String>,
    probe_key: String,
    #[serde(default, rename = "hook")]
    hooks: Vec<StoredHook>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredHook {
    label: String,
    service: Service,
    account: Account,
    workspace: RemoteId,
    path: String,
    current: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    subscription_id: Option<RemoteId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    event: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    previous: Option<StoredPrevious>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredPrevious {
    secret: String,
    until: DateTime<Utc>,
}

impl From<&HookSecrets> for Stored {
    fn from(secrets: &HookSecrets) -> Self {
        let hook = |hook: &Hook| StoredHook {
            label: hook.label.clone(),
            service: hook.service,
            account: hook.account.clone(),
            workspace: hook.workspace.clone(),
            path: hook.path.clone(),
            current: hook.current.expose_secret().to_owned(),
            subscription_id: hook.subscription_id.clone(),
            event: hook.event.clone(),
            previous: hook.previous.as_ref().map(|(secret, until)| StoredPrevious {
                secret: secret.expose_secret().to_owned(),
                until: *until,
            }),
        };
        Self {
            version: VERSION,
            instance: secrets.instance.clone(),
            place: secrets.place.clone(),
            probe_key: secrets.probe_key.expose_secret().to_owned(),
            hooks: secrets.hooks.iter().map(hook).collect(),
        }
    }
}

impl From<Stored> for HookSecrets {
    fn from(stored: Stored) -> Self {
        let hook = |hook: StoredHook| Hook {
            label: hook.label,
            service: hook.service,
            account: hook.account,
            workspace: hook.workspace,
            path: hook.path,
            current: hook.current.into(),
            previous: hook.previous.map(|previous| (previous.secret.into(), previous.until)),
            subscription_id: hook.subscription_id,
            event: hook.event,
        };
        Self {
            hooks: stored.hooks.into_iter().map(hook).collect(),
            instance: stored.instance,
            place: stored.place,
            probe_key: stored.probe_key.into(),
        }
    }
}

fn random_instance(rng: &mut dyn RngCore) -> String {
    format!("{:04x}", rng.next_u32() >> 16)
}

/// 32 random bytes in base64url without padding: 43 characters.
fn random_secret(rng: &mut dyn RngCore) -> SecretString {
    let mut bytes = [0; 32];
    rng.fill_bytes(&mut bytes);
    SecretString::from(BASE64_URL_SAFE_NO_PAD.encode(bytes))
}

/// 128 random bits in lower-case base32 (RFC 4648), five a letter: 26 letters.
fn random_path(rng: &mut dyn RngCore) -> String {
    const LETTERS: [u8; 32] = *b"abcdefghijklmnopqrstuvwxyz234567";
    let mut bytes = [0; 16];
    rng.fill_bytes(&mut bytes);
    let bits = u128::from_be_bytes(bytes);
    // The last letter carries the three bits that are left.
    let letter = |n: u32| if n < 25 { (bits >> (123 - 5 * n)) & 31 } else { (bits & 7) << 2 };
    (0..26).map(|n| char::from(LETTERS[letter(n) as usize])).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use chrono::TimeDelta;
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    use super::*;

    #[test]
    fn a_copy_of_the_folder_is_another_instance() {
        let mut rng = StdRng::seed_from_u64(5);
        let mut secrets = sample(&mut rng);
        let first = secrets.instance.clone();
        assert!(secrets.settle("desk:/var/lib/hourwire", &mut rng));
        assert!(!secrets.settle("desk:/var/lib/hourwire", &mut rng));
        assert_eq!(secrets.instance, first);
        let path = secrets.hooks[0].path.clone();
        assert!(secrets.settle("laptop:/var/lib/hourwire", &mut rng));
        assert_ne!(secrets.instance, first);
        assert_eq!(secrets.hooks[0].path, path);
    }

    fn sample(rng: &mut StdRng) -> HookSecrets {
        let mut secrets = HookSecrets::generate(rng);
        let workspace = RemoteId::from(4440001);
        let mut hook = Hook::generate(rng, Service::Toggl, &Account::from("main"), &workspace, "Toggl ME");
        hook.rotate(rng, DateTime::from_timestamp(1_772_442_000, 0).unwrap());
        hook.subscription_id = Some(RemoteId::from(20417));
        secrets.hooks.push(hook);
        let (account, workspace) = (Account::from("mirror"), RemoteId::from("64f0c0ffee0000000000b001"));
        let mut hook =
            Hook::generate(rng, Service::Clockify, &account, &workspace, "mirror/TIME_ENTRY_UPDATED");
        hook.event = Some("TIME_ENTRY_UPDATED".into());
        secrets.hooks.push(hook);
        secrets
    }

    fn exposed(secrets: &HookSecrets) -> String {
        toml::to_string(&Stored::from(secrets)).unwrap()
    }

    #[test]
    fn what_is_saved_comes_back_and_is_private() {
        let state = tempfile::tempdir().unwrap();
        let secrets = sample(&mut StdRng::seed_from_u64(7));
        assert!(HookSecrets::load(state.path()).unwrap().is_none());
        secrets.save(state.path()).unwrap();
        let path = state.path().join(SECRETS);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let back = HookSecrets::load(state.path()).unwrap().unwrap();
        assert_eq!(exposed(&back), exposed(&secrets));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let error = HookSecrets::load(state.path()).unwrap_err().to_string();
        assert!(error.contains("others may read it (mode 0640); type: chmod 600 "), "{error}");
    }

    #[test]
    fn a_new_installation_keeps_its_name() {
        let state = tempfile::tempdir().unwrap();
        let mut rng = StdRng::seed_from_u64(1);
        let first = HookSecrets::load_or_create(state.path(), &mut rng).unwrap();
        let second = HookSecrets::load_or_create(state.path(), &mut rng).unwrap();
        assert_eq!(exposed(&first), exposed(&second));
        assert!(first.instance.len() == 4 && first.instance.bytes().all(|b| b.is_ascii_hexdigit()));
    }

    #[test]
    fn nothing_secret_is_shown() {
        let secrets = sample(&mut StdRng::seed_from_u64(3));
        let shown = format!("{secrets:?}");
        let hook = &secrets.hooks[0];
        assert!(shown.contains("Toggl ME"));
        let previous = hook.previous.as_ref().unwrap().0.expose_secret();
        for secret in [hook.current.expose_secret(), previous, secrets.probe_key.expose_secret(), &hook.path]
        {
            assert!(!shown.contains(secret), "{shown}");
        }
    }

    #[test]
    fn a_damaged_or_newer_file_is_refused_without_quoting_it() {
        let state = tempfile::tempdir().unwrap();
        let put =
            |text: &str| file::replace(&state.path().join(SECRETS), text.as_bytes(), Some(0o600)).unwrap();
        let told = || HookSecrets::load(state.path()).unwrap_err().to_string();
        put("version = 1\ninstance = \"ab12\"\nprobe_key = \"s3cret\n");
        assert!(told().starts_with("webhook-secrets.toml:3:") && !told().contains("s3cret"), "{}", told());
        put("version = 9\ninstance = \"ab12\"\nprobe_key = \"s3cret\"\nnew = 1\n");
        assert!(told().contains("is of version 9"), "{}", told());
    }

    #[test]
    fn a_previous_secret_holds_until_its_time() {
        let hook = sample(&mut StdRng::seed_from_u64(5)).hooks.remove(0);
        let until = hook.previous.as_ref().unwrap().1;
        assert_eq!(hook.valid(until - TimeDelta::seconds(1)).count(), 2);
        assert_eq!(hook.valid(until).count(), 1);
    }

    #[test]
    fn secrets_have_their_length_and_paths_their_alphabet() {
        let mut rng = StdRng::seed_from_u64(11);
        let paths: std::collections::BTreeSet<_> = (0..100).map(|_| random_path(&mut rng)).collect();
        assert_eq!(paths.len(), 100);
        let good = |b: u8| b.is_ascii_lowercase() || (b'2'..=b'7').contains(&b);
        assert!(paths.iter().all(|path| path.len() == 26 && path.bytes().all(good)));
        assert_eq!(random_secret(&mut rng).expose_secret().len(), 43);
    }
}
