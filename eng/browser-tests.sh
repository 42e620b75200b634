#!/usr/bin/env bash
# Drives the dashboard in Chromium, as a person would: needs the .NET SDK, Node and Chromium. Installs Debian's Chromium when there is
# none and it may; otherwise it says what is missing and fails. Screenshots go to TestResults/browser.
set -euo pipefail
cd "$(dirname "$0")/.."

CHROMIUM="${CHROMIUM:-$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)}"
if [ -z "$CHROMIUM" ]; then
  if ! command -v apt-get >/dev/null || [ "$(id -u)" -ne 0 ]; then
    echo "There is no Chromium here. Install it, or name one: CHROMIUM=/path/to/chromium $0" >&2
    exit 1
  fi

  echo "There is no Chromium here: installing Debian's."
  apt-get update -q && apt-get install -y -q --no-install-recommends chromium fonts-dejavu-core
  CHROMIUM="$(command -v chromium)"
fi

export CHROMIUM SCREENSHOTS="${SCREENSHOTS:-$PWD/TestResults/browser}"
mkdir -p "$SCREENSHOTS"
dotnet run --project tests/FlashDrop.Browser.Tests
