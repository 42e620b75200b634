#!/usr/bin/env pwsh
# The twin of postdeploy.sh: subscribes the app's blob trigger to the storage account's events, as often as it is run.
Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

$group = $env:AZURE_RESOURCE_GROUP
$app = $env:AZURE_FUNCTION_APP_NAME
$storage = $env:AZURE_STORAGE_ACCOUNT_NAME
$topic = $env:AZURE_EVENT_GRID_TOPIC_NAME
$deadLetters = $env:FLASHDROP_DEAD_LETTER_CONTAINER
if (-not ($group -and $app -and $storage -and $topic -and $deadLetters)) { throw 'Run this through azd, which passes the outputs of the deployment.' }
if (-not (Get-Command az -ErrorAction SilentlyContinue)) { throw 'The Azure CLI (az) is needed: docs/deploy.md, Prerequisites.' }

Write-Output 'Waiting for the host to make the webhook key.'
$key = ''
for ($try = 0; $try -lt 60; $try++) {
    $key = az functionapp keys list --resource-group $group --name $app --query 'systemKeys.blobs_extension' --output tsv 2>$null
    if ($LASTEXITCODE -eq 0 -and $key -and $key -ne 'None') { break }
    $key = ''
    Start-Sleep -Seconds 10
}
if (-not $key) { throw 'No webhook key after 10 minutes: the host has not loaded the blob trigger. See docs/runbooks/undelivered-events.md.' }

$code = [Uri]::EscapeDataString($key)
$parameters = @{
    '$schema'      = 'https://schema.management.azure.com/schemas/2019-04-01/deploymentParameters.json#'
    contentVersion = '1.0.0.0'
    parameters     = @{
        topicName           = @{ value = $topic }
        storageName         = @{ value = $storage }
        deadLetterContainer = @{ value = $deadLetters }
        endpointUrl         = @{ value = "https://$app.azurewebsites.net/runtime/webhooks/blobs?functionName=Host.Functions.InboxDrop&code=$code" }
    }
}
$template = Join-Path $PSScriptRoot '..' 'event-subscription.bicep'
$file = New-TemporaryFile
try {
    # A file, so that the key is on no command line.
    [IO.File]::WriteAllText($file.FullName, ($parameters | ConvertTo-Json -Depth 5))
    # Event Grid calls the webhook while it creates the subscription; a host that is still starting is asked again.
    for ($try = 1; $try -le 5; $try++) {
        az deployment group create --resource-group $group --name inbox-drop-subscription --template-file $template --parameters "@$($file.FullName)" --output none
        if ($LASTEXITCODE -eq 0) { break }
        if ($try -eq 5) { throw 'Event Grid could not subscribe the app. See docs/runbooks/undelivered-events.md.' }
        Start-Sleep -Seconds ($try * 15)
    }
    Write-Output 'Drops in the inbox now start jobs.'
}
finally {
    Remove-Item -Path $file.FullName -Force
}
