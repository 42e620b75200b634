#!/bin/sh
# Subscribes the app's blob trigger to the storage account's events. It can run any number of times: the subscription is
# written as a whole, under one name. It runs after the deploy because the webhook's key does not exist before: the host
# makes it when it first loads a blob trigger.
set -eu

: "${AZURE_RESOURCE_GROUP:?run this through azd, which passes the outputs of the deployment}"
: "${AZURE_FUNCTION_APP_NAME:?run this through azd, which passes the outputs of the deployment}"
: "${AZURE_STORAGE_ACCOUNT_NAME:?run this through azd, which passes the outputs of the deployment}"
: "${AZURE_EVENT_GRID_TOPIC_NAME:?run this through azd, which passes the outputs of the deployment}"
: "${FLASHDROP_DEAD_LETTER_CONTAINER:?run this through azd, which passes the outputs of the deployment}"
command -v az >/dev/null || { echo 'The Azure CLI (az) is needed: docs/deploy.md, Prerequisites.' >&2; exit 1; }

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)

echo 'Waiting for the host to make the webhook key.'
key=
tries=0
while [ -z "$key" ]; do
  key=$(az functionapp keys list --resource-group "$AZURE_RESOURCE_GROUP" --name "$AZURE_FUNCTION_APP_NAME" \
    --query 'systemKeys.blobs_extension' --output tsv 2>/dev/null) || key=
  [ "$key" != None ] || key=
  if [ -z "$key" ]; then
    tries=$((tries + 1))
    if [ "$tries" -ge 60 ]; then
      echo 'No webhook key after 10 minutes: the host has not loaded the blob trigger. See docs/runbooks/undelivered-events.md.' >&2
      exit 1
    fi
    sleep 10
  fi
done

# In the query of a URL; the key is base64.
code=$(printf '%s' "$key" | sed -e 's/%/%25/g' -e 's/+/%2B/g' -e 's,/,%2F,g' -e 's/=/%3D/g')

# A file only this user can read, so that the key is on no command line.
umask 077
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT INT TERM
cat >"$dir/parameters.json" <<JSON
{
  "\$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentParameters.json#",
  "contentVersion": "1.0.0.0",
  "parameters": {
    "topicName": { "value": "$AZURE_EVENT_GRID_TOPIC_NAME" },
    "storageName": { "value": "$AZURE_STORAGE_ACCOUNT_NAME" },
    "deadLetterContainer": { "value": "$FLASHDROP_DEAD_LETTER_CONTAINER" },
    "endpointUrl": { "value": "https://$AZURE_FUNCTION_APP_NAME.azurewebsites.net/runtime/webhooks/blobs?functionName=Host.Functions.InboxDrop&code=$code" }
  }
}
JSON

# Event Grid calls the webhook while it creates the subscription; a host that is still starting is asked again.
tries=0
until az deployment group create --resource-group "$AZURE_RESOURCE_GROUP" --name inbox-drop-subscription \
  --template-file "$here/../event-subscription.bicep" --parameters "@$dir/parameters.json" --output none; do
  tries=$((tries + 1))
  if [ "$tries" -ge 5 ]; then
    echo 'Event Grid could not subscribe the app. See docs/runbooks/undelivered-events.md.' >&2
    exit 1
  fi
  sleep $((tries * 15))
done
echo 'Drops in the inbox now start jobs.'
