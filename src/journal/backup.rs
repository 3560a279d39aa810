//! The ledger as JSON lines, for `backup` and `restore`: a header, one line a key in ascending order, a last line that
//! proves the backup is whole.

use std::io::{BufRead, Write};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Map, Value, json};

use super::base::{Base, BaseWriter};
use super::disk::Disk;
use super::error::JournalError;
use super::ledger::Ledger;

const FORMAT: u32 = 1;
const FILE: &str = "the backup";

/// Writes the ledger's live state; answers the number of keys.
pub fn export(ledger: &Ledger, out: &mut dyn Write) -> Result<u64, JournalError> {
    let failed = |e| JournalError::io("write", FILE, e);
    writeln!(out, "{}", json!({"hourwire": "ledger", "format": FORMAT, "seq": ledger.last_seq()}))
        .map_err(failed)?;
    let mut entries = 0_u64;
    ledger.live(&mut |key, value, expires| {
        entries += 1;
        writeln!(out, "{}", line(key, value, expires)).map_err(failed)
    })?;
    writeln!(out, "{}", json!({"end": true, "entries": entries})).map_err(failed)?;
    out.flush().map_err(failed)?;
    Ok(entries)
}

/// Makes a ledger from a backup on a disk that has none; answers the number of keys. Nothing is there before the whole
/// backup has been read.
pub fn import(from: &mut dyn BufRead, disk: Arc<dyn Disk>) -> Result<u64, JournalError> {
    let names = disk.list().map_err(|e| JournalError::io("list", "the directory", e))?;
    if Base::open(&*disk)?.is_some()
        || names.iter().any(|name| super::segment::Name::parse("ledger", name).is_some())
    {
        return Err(JournalError::NotEmpty);
    }
    let mut lines = Lines { from, number: 0 };
    let header = lines.next()?;
    if header.get("hourwire").and_then(Value::as_str) != Some("ledger") {
        return Err(lines.bad("this is no backup of a ledger"));
    }
    match header.get("format").and_then(Value::as_u64) {
        Some(found) if found > u64::from(FORMAT) => {
            let found = u32::try_from(found).unwrap_or(u32::MAX);
            return Err(JournalError::NewerFormat { file: FILE.to_owned(), found, known: FORMAT });
        }
        Some(_) => {}
        None => return Err(lines.bad("the format is missing")),
    }
    let seq = header.get("seq").and_then(Value::as_u64).unwrap_or(0);
    let mut writer = BaseWriter::begin(disk, seq)?;
    match take_in(&mut lines, &mut writer) {
        Ok(entries) => {
            writer.finish()?.install()?;
            Ok(entries)
        }
        Err(error) => {
            writer.abandon();
            Err(error)
        }
    }
}

fn take_in(lines: &mut Lines<'_>, writer: &mut BaseWriter) -> Result<u64, JournalError> {
    let mut last: Option<Vec<u8>> = None;
    let mut entries = 0;
    loop {
        let line = lines.next()?;
        if line.contains_key("end") {
            let told = line.get("entries").and_then(Value::as_u64);
            return if told == Some(entries) {
                Ok(entries)
            } else {
                Err(lines.bad("keys are missing before the end"))
            };
        }
        let key = bytes_of(&line, "key", &|value| value.as_str().map(|text| text.as_bytes().to_vec()));
        let value = bytes_of(&line, "value", &|value| serde_json::to_vec(value).ok());
        let (Some(key), Some(value)) = (key, value) else {
            return Err(lines.bad("a line needs key or key_base64, and value or value_base64"));
        };
        if last.as_ref().is_some_and(|last| *last >= key) {
            return Err(lines.bad("keys must ascend"));
        }
        writer.put(&key, &value, line.get("expires").and_then(Value::as_i64))?;
        entries += 1;
        last = Some(key);
    }
}

/// A line of the backup. Text and JSON stay readable where that loses nothing.
fn line(key: &[u8], value: &[u8], expires: Option<i64>) -> Value {
    let mut line = Map::new();
    match std::str::from_utf8(key) {
        Ok(text) => line.insert("key".into(), text.into()),
        Err(_) => line.insert("key_base64".into(), BASE64.encode(key).into()),
    };
    // Parsed as deep as it will stand in the line, so that what is written can be read.
    let nested = [b"[", value, b"]"].concat();
    let parsed = serde_json::from_slice::<[Value; 1]>(&nested).ok().map(|[parsed]| parsed);
    match parsed.filter(|parsed| serde_json::to_vec(parsed).is_ok_and(|again| again == value)) {
        Some(parsed) => line.insert("value".into(), parsed),
        None => line.insert("value_base64".into(), BASE64.encode(value).into()),
    };
    if let Some(at) = expires {
        line.insert("expires".into(), at.into());
    }
    Value::Object(line)
}

fn bytes_of(
    line: &Map<String, Value>,
    name: &str,
    plain: &dyn Fn(&Value) -> Option<Vec<u8>>,
) -> Option<Vec<u8>> {
    match line.get(name) {
        Some(value) => plain(value),
        None => BASE64.decode(line.get(&format!("{name}_base64"))?.as_str()?).ok(),
    }
}

struct Lines<'a> {
    from: &'a mut dyn BufRead,
    number: u64,
}

impl Lines<'_> {
    fn next(&mut self) -> Result<Map<String, Value>, JournalError> {
        let mut text = Vec::new();
        loop {
            self.number += 1;
            text.clear();
            let n = self.from.read_until(b'\n', &mut text).map_err(|e| JournalError::io("read", FILE, e))?;
            if n == 0 {
                return Err(self.bad("the backup ends too early"));
            }
            if !text.trim_ascii().is_empty() {
                break;
            }
        }
        match serde_json::from_slice(&text) {
            Ok(Value::Object(line)) => Ok(line),
            Ok(_) => Err(self.bad("a JSON object is expected")),
            Err(error) => Err(self.bad(&error.to_string())),
        }
    }

    fn bad(&self, what: &str) -> JournalError {
        JournalError::BadBackup { line: self.number, what: what.to_owned() }
    }
}
