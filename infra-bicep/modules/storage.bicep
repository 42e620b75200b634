@description('Name of the storage account.')
@minLength(3)
@maxLength(24)
param name string

@description('Region.')
param location string

@description('Tags of every resource.')
param tags object

@description('Redundancy.')
@allowed(['Standard_LRS', 'Standard_ZRS', 'Standard_GRS', 'Standard_GZRS'])
param sku string

@description('Whether the account answers outside the virtual network.')
param publicAccess bool

@description('Workspace that takes the log of queue writes.')
param workspaceId string

@description('Days after its last change a blob is deleted, by container. A backstop behind the app\'s own purge: keep each above the app\'s age.')
param retentionDays object = {
  inbox: 90
  requests: 90
  results: 400
  reports: 800
  deadletters: 30
}

// What the app works with.
var appContainers = ['inbox', 'profiles', 'requests', 'results', 'reports']
var queues = [
  'submit'
  'poll'
  'webhook'
  'submit-poison'
  'poll-poison'
  'webhook-poison'
  'webjobs-blobtrigger-poison'
]
var tables = ['callers', 'jobs']

// What the platform works with: the app's package, and events that could not be delivered.
var deploymentContainer = 'deployments'
var deadLetterContainer = 'deadletters'
var containers = concat(appContainers, [deploymentContainer, deadLetterContainer])

resource account 'Microsoft.Storage/storageAccounts@2025-06-01' = {
  name: name
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: {
    name: sku
  }
  properties: {
    accessTier: 'Hot'
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    allowSharedKeyAccess: false
    defaultToOAuthAuthentication: true
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    publicNetworkAccess: publicAccess ? 'Enabled' : 'Disabled'
    networkAcls: {
      // Event Grid writes dead letters as a trusted service of the same tenant.
      bypass: 'AzureServices'
      defaultAction: publicAccess ? 'Allow' : 'Deny'
    }
  }
}

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2025-06-01' = {
  parent: account
  name: 'default'
  properties: {
    deleteRetentionPolicy: {
      enabled: true
      days: 7
    }
    containerDeleteRetentionPolicy: {
      enabled: true
      days: 7
    }
  }
}

resource blobContainers 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-06-01' = [
  for container in containers: {
    parent: blobs
    name: container
    properties: {
      publicAccess: 'None'
    }
  }
]

resource queueService 'Microsoft.Storage/storageAccounts/queueServices@2025-06-01' = {
  parent: account
  name: 'default'
}

resource storageQueues 'Microsoft.Storage/storageAccounts/queueServices/queues@2025-06-01' = [
  for queue in queues: {
    parent: queueService
    name: queue
  }
]

resource tableService 'Microsoft.Storage/storageAccounts/tableServices@2025-06-01' = {
  parent: account
  name: 'default'
}

resource storageTables 'Microsoft.Storage/storageAccounts/tableServices/tables@2025-06-01' = [
  for table in tables: {
    parent: tableService
    name: table
  }
]

// The app's package in its own container has no rule: it must never age away. Profiles are configuration and stay, too.
resource lifecycle 'Microsoft.Storage/storageAccounts/managementPolicies@2025-06-01' = {
  parent: account
  name: 'default'
  dependsOn: [blobContainers]
  properties: {
    policy: {
      rules: [
        for rule in items(retentionDays): {
          name: 'delete-${rule.key}'
          enabled: true
          type: 'Lifecycle'
          definition: {
            filters: {
              blobTypes: ['blockBlob']
              prefixMatch: ['${rule.key}/']
            }
            actions: {
              baseBlob: {
                delete: {
                  daysAfterModificationGreaterThan: rule.value
                }
              }
            }
          }
        }
      ]
    }
  }
}

// Every message put on a queue is logged; the poison alert reads this log, so it works even when the app does not.
resource queueLog 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'queue-writes'
  scope: queueService
  properties: {
    workspaceId: workspaceId
    logs: [
      {
        category: 'StorageWrite'
        enabled: true
      }
    ]
  }
}

@description('Resource id of the account.')
output id string = account.id

@description('Name of the account.')
output name string = account.name

@description('Container of the app\'s package.')
output deploymentContainer string = deploymentContainer

@description('Container of undeliverable events.')
output deadLetterContainer string = deadLetterContainer
