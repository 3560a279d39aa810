#!/usr/bin/env bash
# Does Prometheus accept /metrics of a running engine? Needs promtool (Debian: prometheus); says so where it is missing.
set -euo pipefail
cd "$(dirname "$0")/../.."

if ! command -v promtool >/dev/null; then
  echo "skipped: promtool is not installed"
  exit 0
fi
cargo build --locked --quiet
state=$(mktemp -d)
trap 'kill "$demo" 2>/dev/null || true; wait "$demo" 2>/dev/null || true; rm -rf "$state"' EXIT
target/debug/hourwire --state-dir "$state/state" demo --headless >"$state/ready" 2>"$state/errors" &
demo=$!
until [ -s "$state/ready" ]; do
  kill -0 "$demo" || { cat "$state/errors" >&2; exit 1; }
  sleep 0.1
done
url=$(sed -n '1s/.*"metrics":"\([^"]*\)".*/\1/p' "$state/ready")
# The meters follow the engine every few seconds; the quota comes with the first answers.
for _ in $(seq 60); do
  curl -fsS "$url" >"$state/metrics"
  grep -q '^hourwire_quota_remaining{' "$state/metrics" && break
  sleep 0.5
done
grep -q '^hourwire_quota_remaining{' "$state/metrics"
promtool check metrics <"$state/metrics"
echo "accepted: $(grep -c '^# TYPE' "$state/metrics") families, $(grep -vc '^#' "$state/metrics") series"
