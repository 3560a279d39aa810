//! The same work in Node and Express, with one fdatasync per request, as such receivers are usually written.

use std::path::Path;
use std::process::{Command, Stdio};

use super::ours::Started;
use super::{HOOK, SECRET};

const PROGRAM: &str = r"
const crypto = require('node:crypto');
const fs = require('node:fs/promises');
const express = require('express');
const { HOOK, SECRET, FILE } = process.env;

async function main() {
  const file = await fs.open(FILE, 'a', 0o600);
  const app = express();
  app.disable('x-powered-by');
  app.post(`/hooks/${HOOK}`, express.raw({ type: () => true, limit: '1mb' }), async (req, res) => {
    const claimed = /^sha256=([0-9a-f]{64})$/i.exec(req.get('x-webhook-signature-256') ?? '');
    const mac = crypto.createHmac('sha256', SECRET).update(req.body).digest();
    if (!claimed || !crypto.timingSafeEqual(mac, Buffer.from(claimed[1], 'hex'))) return res.status(401).end();
    const event = JSON.parse(req.body);
    await file.appendFile(req.body + '\n');
    await file.datasync();
    if (event.event_id === 0) return res.json({ validation_code: event.validation_code });
    res.status(200).end();
  });
  const server = app.listen(0, '127.0.0.1', () => console.log(server.address().port));
}
main();
";

/// Starts it, or says why that is not possible here.
pub fn start(folder: &Path) -> Result<Started, String> {
    let version = Command::new("node").arg("--version").output().map_err(|e| format!("no node: {e}"))?;
    let version = String::from_utf8_lossy(&version.stdout).trim().to_owned();
    let home = folder.join("node");
    std::fs::create_dir(&home).map_err(|e| e.to_string())?;
    std::fs::write(home.join("receiver.js"), PROGRAM).map_err(|e| e.to_string())?;
    let installed = Command::new("npm")
        .args(["install", "--no-audit", "--no-fund", "--prefix", ".", "express@5"])
        .current_dir(&home)
        .output()
        .map_err(|e| format!("no npm: {e}"))?;
    if !installed.status.success() {
        return Err(format!("npm install express@5: {}", String::from_utf8_lossy(&installed.stderr).trim()));
    }
    println!("compared with node {version} and express@5");
    let child = Command::new("node")
        .arg("receiver.js")
        .current_dir(&home)
        .envs([("HOOK", HOOK), ("SECRET", SECRET), ("NODE_ENV", "production")])
        .env("FILE", home.join("inbox.jsonl"))
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|e| e.to_string())?;
    Started::new(child)
}
