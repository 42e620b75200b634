#!/usr/bin/env bash
# Prints how much of each project the tests reach: eng/coverage.sh [FOLDER]. With a folder it reads the Cobertura files that
# "dotnet test --coverage --coverage-output-format cobertura" left there; without one it runs the tests first. Needs the .NET SDK and Python 3.
set -euo pipefail

cd "$(dirname "$0")/.."
folder=${1:-artifacts/coverage}
if [[ $# -eq 0 ]]; then
  rm -rf "$folder"
  dotnet test --results-directory "$folder" --coverage --coverage-output-format cobertura
fi

python3 - "$folder" <<'PYTHON'
import collections
import glob
import sys
import xml.etree.ElementTree as xml

# Several test projects reach the same line: it counts once, with the most branches any of them took.
lines = collections.defaultdict(dict)
branches = collections.defaultdict(dict)
for report in glob.glob(f"{sys.argv[1]}/**/*.cobertura.xml", recursive=True):
    for package in xml.parse(report).iter("package"):
        project = package.get("name").removesuffix(".dll")
        for kind in package.iter("class"):
            file = kind.get("filename").replace("\\", "/")
            if "/src/" not in file or "/obj/" in file:
                continue
            for line in kind.iter("line"):
                place = (file, int(line.get("number")))
                lines[project][place] = lines[project].get(place, 0) + int(line.get("hits"))
                if line.get("branch", "").lower() == "true":
                    taken, there = line.get("condition-coverage").partition("(")[2].rstrip(")").split("/")
                    old = branches[project].get(place, (0, int(there)))
                    branches[project][place] = (max(old[0], int(taken)), max(old[1], int(there)))

if not lines:
    sys.exit(f"There is no coverage in {sys.argv[1]}.")

print(f"{'project':<32} {'lines':>8} {'branches':>10}")
for project in sorted(lines):
    reached = sum(1 for hits in lines[project].values() if hits)
    taken, there = (sum(part) for part in zip(*branches[project].values())) if branches[project] else (0, 0)
    print(f"{project:<32} {100 * reached / len(lines[project]):7.1f}% {100 * taken / there if there else 100:9.1f}%")
PYTHON
