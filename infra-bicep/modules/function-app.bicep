@description('Name of the function app.')
param name string

@description('Name of the plan.')
param planName string

@description('Region.')
param location string

@description('Tags of every resource.')
param tags object

@description('Resource id of the app\'s identity.')
param identityId string

@description('Client id of the app\'s identity.')
param identityClientId string

@description('Name of the storage account.')
param storageName string

@description('Container of the app\'s package.')
param deploymentContainer string

@description('Where telemetry goes.')
param insightsConnectionString string

@description('Memory of one instance in MB.')
@allowed([512, 2048, 4096])
param instanceMemoryMB int

@description('Most instances.')
param maximumInstanceCount int

@description('Subnet the app joins; empty for none.')
param subnetId string

@description('Address of the Key Vault.')
param keyVaultUri string

@description('Name of the secret that holds the upstream key.')
param keyName string

@description('Upstream base URL for generation.')
param upstreamGenerateBaseUrl string

@description('Upstream base URL for tasks, models and credits.')
param upstreamTasksBaseUrl string

@description('Model id behind the tier standard.')
param upstreamModelStandard string

@description('Model id behind the tier beta.')
param upstreamModelBeta string

@description('SHA-256 of the key of the caller admin, in hexadecimal; empty for no such caller.')
param adminKeyHash string

@description('When due polls are worked off.')
param pollTasksSchedule string

@description('When stranded jobs and lost drops are looked for.')
param sweepSchedule string

@description('When the daily report is written.')
param dailyReportSchedule string

@description('When rows and blobs past their age are removed.')
param purgeSchedule string

resource storage 'Microsoft.Storage/storageAccounts@2025-06-01' existing = {
  name: storageName
}

var baseSettings = {
  // The host's storage and the app's are one account, reached by identity only. The vault is read with the same identity.
  AzureWebJobsStorage__accountName: storage.name
  AzureWebJobsStorage__blobServiceUri: storage.properties.primaryEndpoints.blob
  AzureWebJobsStorage__queueServiceUri: storage.properties.primaryEndpoints.queue
  AzureWebJobsStorage__tableServiceUri: storage.properties.primaryEndpoints.table
  AzureWebJobsStorage__credential: 'managedidentity'
  AzureWebJobsStorage__clientId: identityClientId
  APPLICATIONINSIGHTS_CONNECTION_STRING: insightsConnectionString
  APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'Authorization=AAD;ClientId=${identityClientId}'
  FlashDrop__KeyVault__VaultUri: keyVaultUri
  FlashDrop__KeyVault__SecretName: keyName
  FlashDrop__Upstream__GenerateBaseUrl: upstreamGenerateBaseUrl
  FlashDrop__Upstream__TasksBaseUrl: upstreamTasksBaseUrl
  FlashDrop__Upstream__Models__Standard: upstreamModelStandard
  FlashDrop__Upstream__Models__Beta: upstreamModelBeta
  PollTasksSchedule: pollTasksSchedule
  SweepSchedule: sweepSchedule
  DailyReportSchedule: dailyReportSchedule
  PurgeSchedule: purgeSchedule
}

// Without a caller every request is refused; a hash opens nothing by itself.
var adminSettings = empty(adminKeyHash)
  ? {}
  : {
      FlashDrop__Callers__admin__KeyHashes__0: adminKeyHash
      FlashDrop__Callers__admin__Admin: 'true'
    }

resource plan 'Microsoft.Web/serverfarms@2024-11-01' = {
  name: planName
  location: location
  tags: tags
  kind: 'functionapp'
  sku: {
    name: 'FC1'
    tier: 'FlexConsumption'
  }
  properties: {
    reserved: true
  }
}

resource app 'Microsoft.Web/sites@2024-11-01' = {
  name: name
  location: location
  tags: union(tags, { 'azd-service-name': 'api' })
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${identityId}': {}
    }
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    clientAffinityEnabled: false
    virtualNetworkSubnetId: empty(subnetId) ? null : subnetId
    siteConfig: {
      minTlsVersion: '1.2'
    }
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: '${storage.properties.primaryEndpoints.blob}${deploymentContainer}'
          authentication: {
            type: 'UserAssignedIdentity'
            userAssignedIdentityResourceId: identityId
          }
        }
      }
      runtime: {
        name: 'dotnet-isolated'
        version: '10.0'
      }
      scaleAndConcurrency: {
        instanceMemoryMB: instanceMemoryMB
        maximumInstanceCount: maximumInstanceCount
      }
    }
  }
}

resource settings 'Microsoft.Web/sites/config@2024-11-01' = {
  parent: app
  name: 'appsettings'
  properties: union(baseSettings, adminSettings)
}

// Deployments and streaming logs use Entra ID; publishing passwords stay off.
resource scmPasswords 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2024-11-01' = {
  parent: app
  name: 'scm'
  properties: {
    allow: false
  }
}

resource ftpPasswords 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2024-11-01' = {
  parent: app
  name: 'ftp'
  properties: {
    allow: false
  }
}

@description('Name of the function app.')
output name string = app.name

@description('Where the app answers.')
output url string = 'https://${app.properties.defaultHostName}'
