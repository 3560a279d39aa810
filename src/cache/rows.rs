//! Keys and values of every row, and the indexes made from them.
//!
//! A value is one version byte and JSON. Unknown newer versions are refused, so an older program never misreads.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::key::{Key as Bytes, KeyReader};
use super::store::Row;
use super::{CacheError, KeyRange};
use crate::domain::catalogue::Kind;
use crate::domain::id::{Account, Key, RemoteId};
use crate::domain::link::Link;
use crate::domain::order::EntryRow;
use crate::domain::word::Class;

/// The version of the values written here.
pub const VERSION: u8 = 1;
/// The version of the index layout; a cache with another one is rebuilt.
pub const SCHEMA: u32 = 2;

const ENTRY: u8 = 0x01;
const ITEM: u8 = 0x02;
const LINK: u8 = 0x03;
const SEEN: u8 = 0x04;
const META: u8 = 0x06;
const BUCKET: u8 = 0x07;
const INCIDENT: u8 = 0x08;
const SUBSCRIPTION: u8 = 0x09;
const GROUND: u8 = 0x0a;
const LOG: u8 = 0x0b;
const DEAD: u8 = 0x0c;
const UNDO: u8 = 0x0d;
const STRAY: u8 = 0x0e;
const HOUR: u8 = 0x0f;
const HOOK: u8 = 0x10;

const BY_STOP: u8 = 0x81;
const BY_TARGET_ID: u8 = 0x82;
const BY_CLASS: u8 = 0x83;
const BY_PROJECT: u8 = 0x84;
const BY_START: u8 = 0x85;
const BY_DOUBT: u8 = 0x86;

/// Encodes a value.
pub fn encode<T: Serialize>(value: &T) -> Result<Vec<u8>, CacheError> {
    let mut bytes = vec![VERSION];
    serde_json::to_writer(&mut bytes, value).map_err(|e| CacheError::Row(e.to_string()))?;
    Ok(bytes)
}

/// Decodes a value.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, CacheError> {
    match bytes.split_first() {
        Some((&VERSION, json)) => serde_json::from_slice(json).map_err(|e| CacheError::Row(e.to_string())),
        Some((version, _)) => Err(CacheError::Row(format!(
            "a value of version {version} was written by a newer hourwire; start that one"
        ))),
        None => Err(CacheError::Row("an empty value".into())),
    }
}

/// A source entry.
pub fn entry(key: &Key) -> Vec<u8> {
    keyed(ENTRY, key)
}

/// All source entries.
pub fn entries() -> KeyRange {
    KeyRange::prefix(&[ENTRY])
}

/// A catalogue item.
pub fn item(account: &Account, kind: Kind, id: &RemoteId) -> Vec<u8> {
    Bytes::tag(ITEM).text(account.as_str()).text(kind.as_str()).text(id.as_str()).build()
}

/// All catalogue items.
pub fn items() -> KeyRange {
    KeyRange::prefix(&[ITEM])
}

/// The account of a catalogue item's key.
pub fn item_account(key: &[u8]) -> Option<Account> {
    let mut reader = KeyReader::new(key);
    (reader.byte()? == ITEM).then_some(())?;
    reader.text().map(Account)
}

/// The bond of an entry with a target.
pub fn link(target: &Account, source: &Key) -> Vec<u8> {
    Bytes::tag(LINK).text(target.as_str()).text(source.account.as_str()).text(source.id.as_str()).build()
}

/// All bonds with a target.
pub fn links(target: &Account) -> KeyRange {
    KeyRange::prefix(&Bytes::tag(LINK).text(target.as_str()).build())
}

/// The target and source of a bond's key.
pub fn link_key(key: &[u8]) -> Option<(Account, Key)> {
    let mut reader = KeyReader::new(key);
    (reader.byte()? == LINK).then_some(())?;
    Some((Account(reader.text()?), Key { account: Account(reader.text()?), id: RemoteId(reader.text()?) }))
}

/// The mark of an event that was applied.
pub fn seen(account: &Account, subscription: &RemoteId, event: u64) -> Vec<u8> {
    Bytes::tag(SEEN).text(account.as_str()).text(subscription.as_str()).u64(event).build()
}

/// The mark of a change whose content was applied, whichever subscription told it.
pub fn seen_content(account: &Account, digest: u64) -> Vec<u8> {
    Bytes::tag(SEEN).text(account.as_str()).text("").u64(digest).build()
}

/// The newest delivery of a target about an entity.
pub fn heard(account: &Account, id: &RemoteId) -> Vec<u8> {
    Bytes::tag(SEEN).text(account.as_str()).text("heard").text(id.as_str()).build()
}

/// A single value by name.
pub fn meta(name: &str) -> Vec<u8> {
    Bytes::tag(META).text(name).build()
}

/// All single values.
pub fn metas() -> KeyRange {
    KeyRange::prefix(&[META])
}

/// A quota bucket.
pub fn bucket(account: &Account, name: &str) -> Vec<u8> {
    Bytes::tag(BUCKET).text(account.as_str()).text(name).build()
}

/// All quota buckets.
pub fn buckets() -> KeyRange {
    KeyRange::prefix(&[BUCKET])
}

/// The account and name of a bucket's key.
pub fn bucket_key(key: &[u8]) -> Option<(Account, String)> {
    let mut reader = KeyReader::new(key);
    (reader.byte()? == BUCKET).then_some(())?;
    Some((Account(reader.text()?), reader.text()?))
}

/// What a bucket spent in an hour, by the number of the hour since 1970.
pub fn hour(account: &Account, name: &str, number: i64) -> Vec<u8> {
    Bytes::tag(HOUR).text(account.as_str()).text(name).i64(number).build()
}

/// The hours of all buckets.
pub fn hours() -> KeyRange {
    KeyRange::prefix(&[HOUR])
}

/// The hours of one bucket.
pub fn hours_of(account: &Account, name: &str) -> KeyRange {
    KeyRange::prefix(&Bytes::tag(HOUR).text(account.as_str()).text(name).build())
}

/// The account, bucket and number of an hour's key.
pub fn hour_key(key: &[u8]) -> Option<(Account, String, i64)> {
    let mut reader = KeyReader::new(key);
    (reader.byte()? == HOUR).then_some(())?;
    Some((Account(reader.text()?), reader.text()?, reader.i64()?))
}

/// An incident, newest first.
pub fn incident(id: u64) -> Vec<u8> {
    Bytes::tag(INCIDENT).u64_newest_first(id).build()
}

/// All incidents, newest first.
pub fn incidents() -> KeyRange {
    KeyRange::prefix(&[INCIDENT])
}

/// A subscription.
pub fn subscription(account: &Account, id: &RemoteId) -> Vec<u8> {
    Bytes::tag(SUBSCRIPTION).text(account.as_str()).text(id.as_str()).build()
}

/// All subscriptions.
pub fn subscriptions() -> KeyRange {
    KeyRange::prefix(&[SUBSCRIPTION])
}

/// The webhook of a target for an event.
pub fn hook(account: &Account, event: &str) -> Vec<u8> {
    Bytes::tag(HOOK).text(account.as_str()).text(event).build()
}

/// The webhooks of a target.
pub fn hooks_of(account: &Account) -> KeyRange {
    KeyRange::prefix(&Bytes::tag(HOOK).text(account.as_str()).build())
}

/// The known ranges of a target's user.
pub fn ground(target: &Account, user: &RemoteId) -> Vec<u8> {
    Bytes::tag(GROUND).text(target.as_str()).text(user.as_str()).build()
}

/// All known ranges.
pub fn grounds() -> KeyRange {
    KeyRange::prefix(&[GROUND])
}

/// A line of the log, newest first.
pub fn log(seq: u64) -> Vec<u8> {
    Bytes::tag(LOG).u64_newest_first(seq).build()
}

/// The log, newest first.
pub fn logs() -> KeyRange {
    KeyRange::prefix(&[LOG])
}

/// A dead letter by its place in the inbox, newest first.
pub fn dead(seq: u64) -> Vec<u8> {
    Bytes::tag(DEAD).u64_newest_first(seq).build()
}

/// All dead letters, newest first.
pub fn deads() -> KeyRange {
    KeyRange::prefix(&[DEAD])
}

/// A change that can be undone.
pub fn undo(seq: u64) -> Vec<u8> {
    Bytes::tag(UNDO).u64_newest_first(seq).build()
}

/// All changes that can be undone, newest first.
pub fn undos() -> KeyRange {
    KeyRange::prefix(&[UNDO])
}

/// An entry of a target that no link claims, by its identity.
pub fn stray(target: &Account, identity: u64, id: &RemoteId) -> Vec<u8> {
    Bytes::tag(STRAY).text(target.as_str()).u64(identity).text(id.as_str()).build()
}

/// All unclaimed entries of a target with one identity.
pub fn strays(target: &Account, identity: u64) -> KeyRange {
    KeyRange::prefix(&Bytes::tag(STRAY).text(target.as_str()).u64(identity).build())
}

/// Live source entries: running first, then the newest stop first.
pub fn by_stop() -> KeyRange {
    KeyRange::prefix(&[BY_STOP])
}

/// Running entries only.
pub fn running() -> KeyRange {
    KeyRange::prefix(&[BY_STOP, 0])
}

/// The source entry of a target's id.
pub fn by_target_id(target: &Account, id: &RemoteId) -> Vec<u8> {
    Bytes::tag(BY_TARGET_ID).text(target.as_str()).text(id.as_str()).build()
}

/// Bonds of a class: what people do now before what a backfill brought, then the longest waiting first.
pub fn by_class(target: &Account, class: Class) -> KeyRange {
    KeyRange::prefix(&Bytes::tag(BY_CLASS).text(target.as_str()).byte(class as u8).build())
}

/// Live source entries of a project, oldest first; an empty id is `no project`.
pub fn by_project(account: &Account, project: &RemoteId) -> KeyRange {
    KeyRange::prefix(&Bytes::tag(BY_PROJECT).text(account.as_str()).text(project.as_str()).build())
}

/// Live source entries that start in a range of time, oldest first.
pub fn by_start(from: DateTime<Utc>, to: DateTime<Utc>) -> KeyRange {
    KeyRange::new(Bytes::tag(BY_START).time(from).build(), Bytes::tag(BY_START).time(to).build())
}

/// Doubtful source entries, oldest doubt first.
pub fn by_doubt() -> KeyRange {
    KeyRange::prefix(&[BY_DOUBT])
}

/// The source key that an index entry names (its value).
pub fn named_by(value: &[u8]) -> Option<Key> {
    let mut reader = KeyReader::new(value);
    Some(Key { account: Account(reader.text()?), id: RemoteId(reader.text()?) })
}

fn keyed(tag: u8, key: &Key) -> Vec<u8> {
    Bytes::tag(tag).text(key.account.as_str()).text(key.id.as_str()).build()
}

fn naming(key: &Key) -> Vec<u8> {
    keyed(0, key).split_off(1)
}

/// The index entries of a row.
pub fn index(key: &[u8], value: &[u8]) -> Vec<Row> {
    match key.first() {
        Some(&ENTRY) => entry_index(key, value).unwrap_or_default(),
        Some(&LINK) => link_index(key, value).unwrap_or_default(),
        _ => Vec::new(),
    }
}

fn entry_index(key: &[u8], value: &[u8]) -> Option<Vec<Row>> {
    let mut reader = KeyReader::new(key);
    reader.byte()?;
    let key = Key { account: Account(reader.text()?), id: RemoteId(reader.text()?) };
    let row: EntryRow = decode(value).ok()?;
    let mut out = Vec::new();
    if let Some(since) = row.doubt {
        let doubt = Bytes::tag(BY_DOUBT).time(since).text(key.account.as_str()).text(key.id.as_str());
        out.push((doubt.build(), naming(&key)));
    }
    let Some(entry) = row.entry.filter(|_| row.deleted.is_none()) else { return Some(out) };
    let (lane, moment) = entry.stop.map_or((0, entry.start), |stop| (1, stop));
    let newest = (i64::MAX as u64).saturating_sub(moment.timestamp_micros().max(0) as u64);
    let tail = |b: Bytes| b.text(key.account.as_str()).text(key.id.as_str()).build();
    out.push((tail(Bytes::tag(BY_STOP).byte(lane).u64(newest)), naming(&key)));
    let project = entry.project.as_ref().map_or("", RemoteId::as_str);
    let by_project = Bytes::tag(BY_PROJECT).text(key.account.as_str()).text(project).time(entry.start);
    out.push((tail(by_project), naming(&key)));
    out.push((tail(Bytes::tag(BY_START).time(entry.start)), naming(&key)));
    Some(out)
}

fn link_index(key: &[u8], value: &[u8]) -> Option<Vec<Row>> {
    let (target, source) = link_key(key)?;
    let link: Link = decode(value).ok()?;
    let mut out = Vec::new();
    if let Some(there) = &link.there {
        out.push((by_target_id(&target, &there.id), naming(&source)));
    }
    let class = Bytes::tag(BY_CLASS).text(target.as_str()).byte(link.class() as u8);
    let class = class.byte(link.is_old_news().into()).time(link.since);
    out.push((class.text(source.account.as_str()).text(source.id.as_str()).build(), naming(&source)));
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_can_be_read_back() {
        let source = Key { account: "main".into(), id: "42".into() };
        let bytes = link(&"mirror".into(), &source);
        assert_eq!(link_key(&bytes), Some(("mirror".into(), source.clone())));
        assert_eq!(named_by(&naming(&source)), Some(source));
        assert_eq!(item_account(&item(&"main".into(), Kind::Tag, &"7".into())), Some("main".into()));
    }

    #[test]
    fn a_newer_value_is_refused() {
        let mut bytes = encode(&7).unwrap_or_default();
        bytes[0] = VERSION + 1;
        assert!(decode::<i32>(&bytes).is_err());
        bytes[0] = VERSION;
        assert_eq!(decode::<i32>(&bytes).ok(), Some(7));
    }
}
