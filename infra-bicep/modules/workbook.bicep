@description('Region.')
param location string

@description('Tags of every resource.')
param tags object

@description('Workspace the workbook reads.')
param workspaceId string

var signals = loadJsonContent('../signals.json')
var content = replace(
  replace(loadTextContent('../workbook.json'), '{{costMetric}}', signals.metrics.cost),
  '{{pollTasks}}',
  signals.functions.pollTasks
)

resource workbook 'Microsoft.Insights/workbooks@2023-06-01' = {
  name: guid(workspaceId, 'flashdrop')
  location: location
  tags: tags
  kind: 'shared'
  properties: {
    displayName: 'FlashDrop'
    category: 'workbook'
    sourceId: workspaceId
    serializedData: content
  }
}
