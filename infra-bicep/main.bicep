targetScope = 'subscription'

@description('The environment: part of every name, so two environments never meet.')
@minLength(1)
@maxLength(32)
param environmentName string

@description('The region of every resource. It must offer Flex Consumption.')
@minLength(1)
@metadata({
  azd: {
    type: 'location'
  }
})
param location string

@description('Object id of the person or pipeline that deploys. It may write the upstream key and drop samples. Empty: nobody gets these rights.')
param principalId string = ''

@description('What the deploying principal is.')
@allowed(['User', 'ServicePrincipal', 'Group'])
param principalType string = 'User'

@description('Memory of one instance in MB. It is also what an idle app is billed for (docs/deploy.md).')
@allowed([512, 2048, 4096])
param instanceMemoryMB int = 2048

@description('Most instances the app may scale out to.')
@minValue(1)
@maxValue(1000)
param maximumInstanceCount int = 40

@description('Storage reached through private endpoints only, vault too; the app joins a virtual network.')
param privateNetwork bool = false

@description('Redundancy of the storage account.')
@allowed(['Standard_LRS', 'Standard_ZRS', 'Standard_GRS', 'Standard_GZRS'])
param storageSku string = 'Standard_LRS'

@description('Days Log Analytics keeps what the app reports.')
@minValue(30)
@maxValue(730)
param logRetentionDays int = 30

@description('Most gigabytes of logs a day; beyond it the workspace stops taking them. -1 is no limit.')
param logDailyQuotaGb int = 1

@description('Where alerts are mailed to. Empty: alerts fire and mail nobody.')
param alertEmail string = ''

@description('Upstream spend in USD within 24 hours above which an alert fires.')
@minValue(1)
param dailyBudgetUsd int = 25

@description('SHA-256 of the key of the caller admin, in hexadecimal (docs/deploy.md). Empty: no such caller.')
param adminKeyHash string = ''

@description('Upstream base URL for generation.')
param upstreamGenerateBaseUrl string = 'https://direct.evolink.ai'

@description('Upstream base URL for tasks, models and credits.')
param upstreamTasksBaseUrl string = 'https://api.evolink.ai'

@description('Model id behind the tier standard.')
param upstreamModelStandard string = 'gemini-2.5-flash'

@description('Model id behind the tier beta.')
param upstreamModelBeta string = 'gemini-2.5-flash-beta'

@description('When due polls are worked off (NCRONTAB, UTC).')
param pollTasksSchedule string = '*/10 * * * * *'

@description('When stranded jobs and lost drops are looked for (NCRONTAB, UTC).')
param sweepSchedule string = '0 */5 * * * *'

@description('When the daily report is written (NCRONTAB, UTC).')
param dailyReportSchedule string = '0 15 0 * * *'

@description('When rows and blobs past their age are removed (NCRONTAB, UTC).')
param purgeSchedule string = '0 45 3 * * *'

var token = toLower(uniqueString(subscription().id, environmentName, location))
var tags = { 'azd-env-name': environmentName }
var appName = 'func-flashdrop-${token}'
var keyName = 'evolink-api-key'

resource group 'Microsoft.Resources/resourceGroups@2024-11-01' = {
  name: 'rg-flashdrop-${environmentName}'
  location: location
  tags: tags
}

module identity 'modules/identity.bicep' = {
  name: 'identity'
  scope: group
  params: {
    name: 'id-flashdrop-${token}'
    location: location
    tags: tags
  }
}

module monitoring 'modules/monitoring.bicep' = {
  name: 'monitoring'
  scope: group
  params: {
    workspaceName: 'log-flashdrop-${token}'
    insightsName: 'appi-flashdrop-${token}'
    location: location
    tags: tags
    retentionDays: logRetentionDays
    dailyQuotaGb: logDailyQuotaGb
  }
}

module storage 'modules/storage.bicep' = {
  name: 'storage'
  scope: group
  params: {
    name: 'stflashdrop${token}'
    location: location
    tags: tags
    sku: storageSku
    publicAccess: !privateNetwork
    workspaceId: monitoring.outputs.workspaceId
  }
}

module keyVault 'modules/key-vault.bicep' = {
  name: 'key-vault'
  scope: group
  params: {
    name: 'kv-fd-${token}'
    location: location
    tags: tags
    publicAccess: !privateNetwork
    workspaceId: monitoring.outputs.workspaceId
  }
}

module events 'modules/events.bicep' = {
  name: 'events'
  scope: group
  params: {
    topicName: 'evgt-flashdrop-${token}'
    location: location
    tags: tags
    storageId: storage.outputs.id
  }
}

module network 'modules/network.bicep' = if (privateNetwork) {
  name: 'network'
  scope: group
  params: {
    name: 'vnet-flashdrop-${token}'
    location: location
    tags: tags
    storageId: storage.outputs.id
    keyVaultId: keyVault.outputs.id
  }
}

module roles 'modules/roles.bicep' = {
  name: 'roles'
  scope: group
  params: {
    storageName: storage.outputs.name
    deadLetterContainer: storage.outputs.deadLetterContainer
    keyVaultName: keyVault.outputs.name
    insightsName: monitoring.outputs.insightsName
    appPrincipalId: identity.outputs.principalId
    topicPrincipalId: events.outputs.principalId
    deployerPrincipalId: principalId
    deployerPrincipalType: principalType
  }
}

module functionApp 'modules/function-app.bicep' = {
  name: 'function-app'
  scope: group
  // The app reads its package and takes its leases as soon as it exists, so its rights come first.
  dependsOn: [roles]
  params: {
    name: appName
    planName: 'plan-flashdrop-${token}'
    location: location
    tags: tags
    identityId: identity.outputs.id
    identityClientId: identity.outputs.clientId
    storageName: storage.outputs.name
    deploymentContainer: storage.outputs.deploymentContainer
    insightsConnectionString: monitoring.outputs.insightsConnectionString
    instanceMemoryMB: instanceMemoryMB
    maximumInstanceCount: maximumInstanceCount
    subnetId: privateNetwork ? network!.outputs.appSubnetId : ''
    keyVaultUri: keyVault.outputs.uri
    keyName: keyName
    upstreamGenerateBaseUrl: upstreamGenerateBaseUrl
    upstreamTasksBaseUrl: upstreamTasksBaseUrl
    upstreamModelStandard: upstreamModelStandard
    upstreamModelBeta: upstreamModelBeta
    adminKeyHash: adminKeyHash
    pollTasksSchedule: pollTasksSchedule
    sweepSchedule: sweepSchedule
    dailyReportSchedule: dailyReportSchedule
    purgeSchedule: purgeSchedule
  }
}

module alerts 'modules/alerts.bicep' = {
  name: 'alerts'
  scope: group
  params: {
    location: location
    tags: tags
    workspaceId: monitoring.outputs.workspaceId
    topicId: events.outputs.id
    email: alertEmail
    dailyBudgetUsd: dailyBudgetUsd
  }
}

module workbook 'modules/workbook.bicep' = {
  name: 'workbook'
  scope: group
  params: {
    location: location
    tags: tags
    workspaceId: monitoring.outputs.workspaceId
  }
}

@description('The region of the deployment.')
output AZURE_LOCATION string = location

@description('The tenant of the deployment.')
output AZURE_TENANT_ID string = tenant().tenantId

@description('The resource group that holds everything.')
output AZURE_RESOURCE_GROUP string = group.name

@description('Name of the function app.')
output AZURE_FUNCTION_APP_NAME string = functionApp.outputs.name

@description('Where the app answers.')
output FLASHDROP_URL string = functionApp.outputs.url

@description('Name of the storage account.')
output AZURE_STORAGE_ACCOUNT_NAME string = storage.outputs.name

@description('Name of the Key Vault that holds the upstream key.')
output AZURE_KEY_VAULT_NAME string = keyVault.outputs.name

@description('Name of the secret that holds the upstream key.')
output FLASHDROP_KEY_NAME string = keyName

@description('Name of the Event Grid system topic of the storage account.')
output AZURE_EVENT_GRID_TOPIC_NAME string = events.outputs.name

@description('Container that takes undeliverable events.')
output FLASHDROP_DEAD_LETTER_CONTAINER string = storage.outputs.deadLetterContainer

@description('Whether storage and vault are reachable from the virtual network only.')
output FLASHDROP_PRIVATE_NETWORK bool = privateNetwork
