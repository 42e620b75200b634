using System.Text.Json;
using System.Text.Json.Serialization;
using FlashDrop.Core.Ports;
using FlashDrop.Core.Requests;

namespace FlashDrop.Core.Jobs;

/// <summary>JSON of jobs, requests and messages, as stored: camelCase, nulls left out, unknown members ignored.</summary>
[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Web,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UseStringEnumConverter = true)]
[JsonSerializable(typeof(Job))]
[JsonSerializable(typeof(JobRequest))]
[JsonSerializable(typeof(SubmitMessage))]
[JsonSerializable(typeof(PollMessage))]
public sealed partial class JobJson : JsonSerializerContext;
