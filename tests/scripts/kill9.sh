#!/usr/bin/env bash
# The first promise at full size: N actions in Toggl while `hourwire serve` is killed with -9 K times, deliveries are
# duplicated, reordered and dropped, and Clockify does the work and answers 500, loses answers, delays and says 429.
# Ends with 0 only when Clockify holds exactly what Toggl implies. Needs nothing but Rust.
#
#   tests/scripts/kill9.sh [ACTIONS [KILLS [SEED]]]
set -euo pipefail
cd "$(dirname "$0")/../.."

export HOURWIRE_ACTIONS=${1:-500} HOURWIRE_KILLS=${2:-50} HOURWIRE_SEED=${3:-$RANDOM}
export HOURWIRE_PACE_MS=${HOURWIRE_PACE_MS:-100} HOURWIRE_DROP=${HOURWIRE_DROP:-0.05}
exec cargo test --release --test it crashes:: -- --nocapture
