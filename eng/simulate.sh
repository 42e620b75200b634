#!/usr/bin/env bash
# Runs the deterministic simulation over many seeds: eng/simulate.sh COUNT [FIRST]. A failing seed prints itself and its trace.
# "eng/simulate.sh 1 SEED" replays one. See docs/reliability.md.
set -euo pipefail

if [[ $# -lt 1 || $# -gt 2 || ! $1 =~ ^[1-9][0-9]*$ || ! ${2:-1} =~ ^[0-9]+$ ]]; then
  echo "usage: $0 COUNT [FIRST]" >&2
  exit 2
fi

cd "$(dirname "$0")/.."
export FLASHDROP_SEEDS=$1 FLASHDROP_FIRST_SEED=${2:-1}
exec dotnet run --configuration Release --project tests/FlashDrop.Core.Tests -- \
  -method 'FlashDrop.Core.Tests.Simulation.SimulationTests.Seeds_KeepEveryPromise' -diagnostics
