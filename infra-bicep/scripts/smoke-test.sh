#!/bin/sh
# Drops a sample into a deployed inbox and waits for its result. Run it in an azd environment:
#   eval "$(azd env get-values)" before, or `azd env get-values` into the environment of a pipeline.
set -eu

: "${FLASHDROP_URL:?run azd env get-values first}"
: "${AZURE_STORAGE_ACCOUNT_NAME:?run azd env get-values first}"
sample=${1:-samples/default/notes.txt}
limit=${SMOKE_TEST_SECONDS:-300}

echo "Waiting for $FLASHDROP_URL/health/live"
curl --fail --silent --show-error --retry 20 --retry-delay 5 --retry-all-errors --max-time 30 --output /dev/null "$FLASHDROP_URL/health/live"

if [ "${FLASHDROP_PRIVATE_NETWORK:-false}" = true ]; then
  echo 'The storage account answers inside its virtual network only: the app is alive, dropping a sample was not tried.'
  exit 0
fi
curl --fail --silent --show-error --retry 20 --retry-delay 5 --retry-all-errors --max-time 30 --output /dev/null "$FLASHDROP_URL/health/ready"

drop="default/smoke-$(date -u +%Y%m%dT%H%M%SZ)-$$.${sample##*.}"
az storage blob upload --auth-mode login --account-name "$AZURE_STORAGE_ACCOUNT_NAME" --container-name inbox \
  --name "$drop" --file "$sample" --no-progress --output none
echo "Dropped $drop"

waited=0
while [ "$waited" -lt "$limit" ]; do
  found=$(az storage blob list --auth-mode login --account-name "$AZURE_STORAGE_ACCOUNT_NAME" --container-name results \
    --prefix "$drop" --query '[].name' --output tsv)
  case $found in
    *.error.json*)
      echo 'The job failed:' >&2
      report=$(mktemp)
      trap 'rm -f "$report"' EXIT
      az storage blob download --auth-mode login --account-name "$AZURE_STORAGE_ACCOUNT_NAME" --container-name results \
        --name "$drop.error.json" --no-progress --output none --overwrite --file "$report"
      cat "$report" >&2
      exit 1
      ;;
    *.result.json*)
      echo "Answered within $waited seconds: $drop.result.json"
      exit 0
      ;;
  esac
  sleep 5
  waited=$((waited + 5))
done
echo "No result for $drop within $limit seconds. See docs/runbooks/no-polls.md." >&2
exit 1
