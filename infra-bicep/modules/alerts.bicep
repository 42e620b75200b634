// What wakes somebody up. Each rule has a page in docs/runbooks named as the rule.

@description('Region.')
param location string

@description('Tags of every resource.')
param tags object

@description('Workspace the queries read.')
param workspaceId string

@description('Event Grid topic of the storage account.')
param topicId string

@description('Where alerts are mailed to; empty for nowhere.')
param email string

@description('Upstream spend in USD within 24 hours above which an alert fires.')
param dailyBudgetUsd int

// Names the app reports under: the one place where infrastructure and code agree on them.
var signals = loadJsonContent('../signals.json')

// A rule fires when its query returns a row, so every query holds its own condition. Times are ISO 8601 durations.
var rules = [
  {
    name: 'poison-queue'
    severity: 1
    every: 'PT5M'
    window: 'PT10M'
    lookBack: 'PT30M'
    summary: 'A message was given up after its last try and put on a poison queue.'
    query: 'StorageQueueLogs | where OperationName == "PutMessage" and Uri contains "-poison/messages" | summarize Messages = count() by Queue = tostring(split(parse_url(Uri).Path, "/")[1]) | where Messages > 0'
  }
  {
    name: 'failures'
    severity: 2
    every: 'PT5M'
    window: 'PT15M'
    lookBack: 'PT30M'
    summary: 'More than a tenth of at least twenty function calls failed.'
    query: 'AppRequests | where TimeGenerated > ago(15m) | summarize Calls = count(), Failed = countif(Success == false) by OperationName | where Calls >= 20 and Failed * 10 > Calls'
  }
  {
    name: 'upstream-account'
    severity: 1
    every: 'PT5M'
    window: 'PT10M'
    lookBack: 'PT30M'
    summary: 'The upstream refuses the key (401) or the account is empty or limited (402).'
    query: 'AppMetrics | where Name in ("${signals.metrics.jobs}", "${signals.metrics.requests}") | extend Code = tostring(Properties["error.type"]) | where Code in ("${join(signals.accountCodes, '", "')}") | summarize Times = count() by Code | where Times > 0'
  }
  {
    name: 'no-polls'
    severity: 1
    every: 'PT5M'
    window: 'PT15M'
    lookBack: 'PT30M'
    summary: 'The polling timer has not run for a quarter of an hour: submitted jobs do not finish.'
    query: 'AppRequests | where TimeGenerated > ago(15m) and (OperationName has "${signals.functions.pollTasks}" or Name has "${signals.functions.pollTasks}") | summarize Runs = count() | where Runs == 0'
  }
  {
    name: 'spend-above-budget'
    severity: 2
    every: 'PT1H'
    window: 'P1D'
    lookBack: 'P2D'
    summary: 'The upstream cost of the last 24 hours is above the budget.'
    query: 'AppMetrics | where TimeGenerated > ago(24h) and Name == "${signals.metrics.cost}" | summarize SpendUsd = sum(Sum) | where SpendUsd > ${dailyBudgetUsd}'
  }
  {
    name: 'report-missing'
    severity: 3
    every: 'PT1H'
    window: 'P1D'
    lookBack: 'P2D'
    summary: 'No daily report was written for 26 hours.'
    query: 'AppRequests | where TimeGenerated > ago(26h) and Success == true and (OperationName has "${signals.functions.dailyReport}" or Name has "${signals.functions.dailyReport}") | summarize Runs = count() | where Runs == 0'
  }
]

resource recipients 'Microsoft.Insights/actionGroups@2023-01-01' = {
  name: 'ag-flashdrop'
  location: 'global'
  tags: tags
  properties: {
    enabled: true
    groupShortName: 'flashdrop'
    emailReceivers: empty(email)
      ? []
      : [
          {
            name: 'operators'
            emailAddress: email
            useCommonAlertSchema: true
          }
        ]
  }
}

resource queryAlerts 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [
  for rule in rules: {
    name: rule.name
    location: location
    tags: tags
    kind: 'LogAlert'
    properties: {
      displayName: 'FlashDrop: ${rule.name}'
      description: '${rule.summary} See docs/runbooks/${rule.name}.md.'
      severity: rule.severity
      enabled: true
      scopes: [workspaceId]
      evaluationFrequency: rule.every
      windowSize: rule.window
      overrideQueryTimeRange: rule.lookBack
      // The first evaluation may precede the first row of a table.
      skipQueryValidation: true
      autoMitigate: true
      criteria: {
        allOf: [
          {
            query: rule.query
            timeAggregation: 'Count'
            operator: 'GreaterThan'
            threshold: 0
            failingPeriods: {
              numberOfEvaluationPeriods: 1
              minFailingPeriodsToAlert: 1
            }
          }
        ]
      }
      actions: {
        actionGroups: [recipients.id]
      }
    }
  }
]

resource undelivered 'Microsoft.Insights/metricAlerts@2018-03-01' = {
  name: 'undelivered-events'
  location: 'global'
  tags: tags
  properties: {
    description: 'Event Grid gave up on telling the app about a drop. See docs/runbooks/undelivered-events.md.'
    severity: 2
    enabled: true
    scopes: [topicId]
    evaluationFrequency: 'PT15M'
    windowSize: 'PT1H'
    autoMitigate: true
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
      allOf: [
        {
          criterionType: 'StaticThresholdCriterion'
          name: 'dead-lettered'
          metricNamespace: 'Microsoft.EventGrid/systemTopics'
          metricName: 'DeadLetteredCount'
          timeAggregation: 'Total'
          operator: 'GreaterThan'
          threshold: 0
        }
      ]
    }
    actions: [
      {
        actionGroupId: recipients.id
      }
    ]
  }
}
