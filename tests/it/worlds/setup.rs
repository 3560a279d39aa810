//! What each incarnation of the engine is started with.

use std::sync::Arc;

use hourwire::domain::id::Service;
use hourwire::domain::policy::Policy;
use hourwire::engine::setup::{Setup, SourceSetup, TargetSetup};
use hourwire::simulator::Access;
use secrecy::SecretString;

use super::adapters::SimWire;
use super::books::{Hooks, Mappings};
use super::machine::Furnish;
use super::model::{SOURCE, TARGET};
use super::script::Script;

/// Where deliveries go.
const PUBLIC: &str = "https://hooks.example.test";

/// Makes setups whose wires belong to one incarnation.
pub fn setup(script: &Script, access: &Access, wire: SimWire, mappings: &Mappings, hooks: &Hooks) -> Furnish {
    let (script, access) = (script.clone(), access.clone());
    let (mappings, hooks) = (mappings.clone(), hooks.clone());
    Arc::new(move |alive, plug| {
        let to = |service| {
            let (alive, plug) = (Arc::clone(&alive), Arc::clone(&plug));
            Arc::new(SimWire { service, plug, alive, ..wire.clone() })
        };
        Setup {
            sources: vec![SourceSetup {
                account: SOURCE.into(),
                tag: "ME".into(),
                base_url: "http://toggl.test".into(),
                token: SecretString::from(access.toggl_token.clone()),
                workspace: None,
                zone: None,
                managed: script.webhook,
                reenable: script.reenable,
                read_every_s: 300,
                wire: to(Service::Toggl),
            }],
            targets: vec![TargetSetup {
                account: TARGET.into(),
                tag: "MI".into(),
                base_url: "http://clockify.test/api/v1".into(),
                token: SecretString::from(access.clockify_token.clone()),
                workspace: access.clockify_workspace.as_str().into(),
                managed: script.webhook,
                on_delete: script.on_delete,
                sync_from: Some(script.sync_from()),
                wire: to(Service::Clockify),
            }],
            policy: Policy { hold_changes: 0, hold_deletions: 0, ..Policy::default() },
            public_url: script.webhook.then(|| PUBLIC.to_owned()),
            instance: "hourwire office 0001".into(),
            hosted_by: "serve".into(),
            mapping: Arc::new(mappings.clone()),
            hooks: Arc::new(hooks.clone()),
        }
    })
}
