#!/bin/sh
# Puts the upstream key into Key Vault unless one is there. The key comes from the environment of this one command
# (EVOLINK_API_KEY) or from the keyboard; it is on no command line, in no deployment and in no azd environment file.
set -eu

: "${AZURE_KEY_VAULT_NAME:?run this through azd, which passes the outputs of the deployment}"
: "${FLASHDROP_KEY_NAME:?run this through azd, which passes the outputs of the deployment}"
command -v az >/dev/null || { echo 'The Azure CLI (az) is needed: docs/deploy.md, Prerequisites.' >&2; exit 1; }

how_to() {
  echo "Set the upstream key with: az keyvault secret set --vault-name $AZURE_KEY_VAULT_NAME --name $FLASHDROP_KEY_NAME --file <file>"
}

if [ "${FLASHDROP_PRIVATE_NETWORK:-false}" = true ]; then
  echo 'The vault answers inside its virtual network only.'
  how_to
  exit 0
fi

# The right to write secrets was assigned moments ago and takes up to some minutes to hold.
tries=0
until existing=$(az keyvault secret list --vault-name "$AZURE_KEY_VAULT_NAME" --query "length([?name=='$FLASHDROP_KEY_NAME'])" --output tsv 2>/dev/null); do
  tries=$((tries + 1))
  if [ "$tries" -ge 30 ]; then
    echo "No access to the vault $AZURE_KEY_VAULT_NAME after 5 minutes. Key Vault Secrets Officer is needed on it." >&2
    how_to >&2
    exit 1
  fi
  sleep 10
done

key=${EVOLINK_API_KEY:-}
if [ -z "$key" ]; then
  if [ "$existing" != 0 ]; then
    echo 'The vault holds an upstream key.'
    exit 0
  fi
  if [ ! -t 0 ]; then
    echo 'No upstream key yet: jobs wait until it is there.'
    how_to
    exit 0
  fi
  printf 'Upstream API key (not shown; empty to set it later): '
  trap 'stty echo' EXIT INT TERM
  stty -echo
  IFS= read -r key
  stty echo
  trap - EXIT INT TERM
  echo
  if [ -z "$key" ]; then
    how_to
    exit 0
  fi
fi

umask 077
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT INT TERM
printf '%s' "$key" >"$dir/key"
az keyvault secret set --vault-name "$AZURE_KEY_VAULT_NAME" --name "$FLASHDROP_KEY_NAME" \
  --file "$dir/key" --encoding utf-8 --output none
echo 'The upstream key is in the vault.'
