//! `hourwire webhooks deliveries --export`: the black box as JSON lines, oldest first, for other programs. What is
//! nobody's business is masked as on the screen.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use serde_json::{Map, Value, json};

use crate::cli::exit::{Exit, Failure, Outcome};
use crate::cli::{ask, print};
use crate::control::link::ViewerEnd;
use crate::control::view::{DeliveryLine, ViewKind};

/// Writes all deliveries that hold the words into a new file that only its owner may read.
pub async fn export(engine: &mut ViewerEnd, filter: &str, path: &Path) -> Outcome {
    let failed = |error: std::io::Error| {
        Failure::usage(format!("--export {}: {error}; choose a new file", path.display()))
    };
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(failed)?;
    let mut out = BufWriter::new(file);
    let kept = list(engine, filter).await?;
    for line in kept.values() {
        write(engine, &mut out, line).await?;
    }
    out.flush().map_err(failed)?;
    print::say(&format!("{} deliveries in {}", kept.len(), path.display()));
    Ok(Exit::Good)
}

/// All kept ones by their place. Some may come while we ask, which moves the others down: none is missed by it.
async fn list(engine: &mut ViewerEnd, filter: &str) -> Result<BTreeMap<u64, DeliveryLine>, Failure> {
    let mut kept = BTreeMap::new();
    let mut offset = 0;
    loop {
        let page = ask::page_at(engine, ViewKind::Deliveries, filter, offset).await?;
        offset += u32::try_from(page.rows.len()).unwrap_or(u32::MAX);
        let is_last = page.rows.is_empty() || offset >= page.total;
        let lines = ask::rows!(page, Delivery).into_iter();
        kept.extend(lines.filter_map(|line| Some((line.seq?, line))));
        if is_last {
            return Ok(kept);
        }
    }
}

async fn write(
    engine: &mut ViewerEnd,
    out: &mut BufWriter<File>,
    line: &DeliveryLine,
) -> Result<(), Failure> {
    let seq = line.seq.unwrap_or_default();
    let details = ask::rows!(ask::page(engine, ViewKind::Delivery { seq }, "").await?, Detail);
    let headers = details.iter().filter(|d| d.why == "header");
    let headers: Map<String, Value> =
        headers.map(|d| (d.label.clone(), Value::from(d.value.clone()))).collect();
    let raw = details.iter().find(|d| d.label == "raw").map(|d| d.value.as_str());
    let body: Value = raw.map_or(Value::Null, |raw| serde_json::from_str(raw).unwrap_or(json!(raw)));
    let row = json!({
        "seq": seq, "at": line.at, "verdict": line.verdict, "reason": line.reason, "about": line.about,
        "headers": headers, "body": body,
    });
    writeln!(out, "{row}").map_err(|error| Failure::not_well(format!("the export broke off: {error}")))
}
