#!/usr/bin/env pwsh
# The twin of postprovision.sh: puts the upstream key into Key Vault unless one is there.
Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

$vault = $env:AZURE_KEY_VAULT_NAME
$name = $env:FLASHDROP_KEY_NAME
if (-not $vault -or -not $name) { throw 'Run this through azd, which passes the outputs of the deployment.' }
if (-not (Get-Command az -ErrorAction SilentlyContinue)) { throw 'The Azure CLI (az) is needed: docs/deploy.md, Prerequisites.' }
$howTo = "Set the upstream key with: az keyvault secret set --vault-name $vault --name $name --file <file>"

if ($env:FLASHDROP_PRIVATE_NETWORK -eq 'true') {
    Write-Output 'The vault answers inside its virtual network only.'
    Write-Output $howTo
    exit 0
}

# The right to write secrets was assigned moments ago and takes up to some minutes to hold.
$existing = $null
for ($try = 0; $try -lt 30; $try++) {
    $existing = az keyvault secret list --vault-name $vault --query '[].name' --output tsv 2>$null
    if ($LASTEXITCODE -eq 0) { break }
    Start-Sleep -Seconds 10
}
if ($LASTEXITCODE -ne 0) {
    Write-Output $howTo
    throw "No access to the vault $vault after 5 minutes. Key Vault Secrets Officer is needed on it."
}

$key = $env:EVOLINK_API_KEY
if (-not $key) {
    if (@($existing) -contains $name) {
        Write-Output 'The vault holds an upstream key.'
        exit 0
    }
    if ([Console]::IsInputRedirected) {
        Write-Output 'No upstream key yet: jobs wait until it is there.'
        Write-Output $howTo
        exit 0
    }
    $key = Read-Host -Prompt 'Upstream API key (not shown; empty to set it later)' -MaskInput
    if (-not $key) {
        Write-Output $howTo
        exit 0
    }
}

$file = New-TemporaryFile
try {
    [IO.File]::WriteAllText($file.FullName, $key)
    az keyvault secret set --vault-name $vault --name $name --file $file.FullName --encoding utf-8 --output none
    if ($LASTEXITCODE -ne 0) { throw 'The upstream key could not be written.' }
    Write-Output 'The upstream key is in the vault.'
}
finally {
    Remove-Item -Path $file.FullName -Force
}
