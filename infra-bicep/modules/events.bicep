@description('Name of the system topic.')
param topicName string

@description('Region: that of the storage account.')
param location string

@description('Tags of every resource.')
param tags object

@description('Storage account whose events the topic carries.')
param storageId string

// The subscription to this topic needs a key that exists only once the code runs: ../event-subscription.bicep adds it after the deploy.
resource topic 'Microsoft.EventGrid/systemTopics@2025-02-15' = {
  name: topicName
  location: location
  tags: tags
  identity: {
    type: 'SystemAssigned'
  }
  properties: {
    source: storageId
    topicType: 'Microsoft.Storage.StorageAccounts'
  }
}

@description('Resource id of the topic.')
output id string = topic.id

@description('Name of the topic.')
output name string = topic.name

@description('Principal id of the topic, which writes dead letters.')
output principalId string = topic.identity.principalId
