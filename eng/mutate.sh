#!/usr/bin/env bash
# Mutation testing: eng/mutate.sh EvoLink|Core [FOLDER...]. Changes the code in thousands of ways, one at a time; each change has to make a test
# fail. With folders only their files are changed, for example "eng/mutate.sh Core Pipeline", and no score is required. EvoLink takes twenty
# minutes on two quiet cores. Results: StrykerOutput/PROJECT/reports. What is left out, what score is required, and why: eng/mutation/PROJECT.yaml.
set -euo pipefail

if [[ ! ${1:-} =~ ^(EvoLink|Core)$ || ! "${*:2}" =~ ^[A-Za-z/\ ]*$ ]]; then
  echo "usage: $0 EvoLink|Core [FOLDER...]" >&2
  exit 2
fi

cd "$(dirname "$0")/.."
root=$PWD
dotnet tool restore

# The simulation runs nearly all of the code for each seed: as a judge of single changes it would be right and far too slow. The build leaves
# it out, and fuzzing is cut short; what they would catch alone counts as survived.
export MutationRun=true FLASHDROP_FUZZ_CASES=50

# A busy machine takes longer than the ten seconds Stryker gives "dotnet --info".
export DOTNET_INFO_WAIT_TIME=120000

part=()
for folder in "${@:2}"; do
  part+=(--mutate "**/$folder/**")
done
if [[ $# -gt 1 ]]; then
  part+=(--break-at 0)
fi

cd "tests/FlashDrop.$1.Tests"
exec nice -n 10 dotnet stryker --config-file "$root/eng/mutation/$1.yaml" --skip-version-check --output "$root/StrykerOutput/$1" "${part[@]}"
