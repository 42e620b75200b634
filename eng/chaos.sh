#!/usr/bin/env bash
# Kills the local host at random while work comes in, restarts its storage, and checks every promise on what is left:
# eng/chaos.sh [JOBS [KILLS [STORAGE_RESTARTS [SEED]]]]. Default 500 jobs, 30 kills, 2 restarts: about ten minutes. See docs/reliability.md.
set -euo pipefail

for number in "$@"; do
  if [[ $# -gt 4 || ! $number =~ ^[0-9]+$ ]]; then
    echo "usage: $0 [JOBS [KILLS [STORAGE_RESTARTS [SEED]]]]" >&2
    exit 2
  fi
done

cd "$(dirname "$0")/.."
export FLASHDROP_CHAOS_JOBS=${1:-500} FLASHDROP_CHAOS_KILLS=${2:-30} FLASHDROP_CHAOS_STORAGE_RESTARTS=${3:-2} FLASHDROP_CHAOS_SEED=${4:-1}
exec dotnet run --project tests/FlashDrop.EndToEnd.Tests -- -class 'FlashDrop.EndToEnd.Tests.Chaos.ChaosTests' -diagnostics
