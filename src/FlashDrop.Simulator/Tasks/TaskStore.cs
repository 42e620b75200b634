using FlashDrop.Simulator.Answers;
using FlashDrop.Simulator.Faults;

namespace FlashDrop.Simulator.Tasks;

/// <summary>The tasks of this run; the oldest expire when there are too many. Safe for concurrent use.</summary>
internal sealed class TaskStore(SimulatorOptions options, Dice dice)
{
    private const int Capacity = 20_000;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, SimulatedTask> _tasks = new(StringComparer.Ordinal);
    private readonly Queue<string> _order = new();
    private long _created;

    public SimulatedTask Create(Ask ask, ModelAnswer answer, bool isChat, FaultAction? fault)
    {
        var now = options.Time.GetUtcNow();
        lock (_gate)
        {
            var number = ++_created;
            var task = new SimulatedTask
            {
                Id = $"task-unified-{now.ToUnixTimeSeconds()}-{dice.Word(8, $"task {number}")}",
                Model = ask.Model,
                PromptText = ask.PromptText,
                CreatedAt = now,
                Duration = fault?.LateTask is { } seconds ? TimeSpan.FromSeconds(seconds) : Duration(answer, number),
                Answer = answer,
                IsChat = isChat,
                Fault = fault,
                FailedCode = fault?.FailedTask,
            };
            if (_order.Count == Capacity)
            {
                _tasks.Remove(_order.Dequeue());
            }

            _tasks.Add(task.Id, task);
            _order.Enqueue(task.Id);
            return task;
        }
    }

    public SimulatedTask? Find(string id)
    {
        lock (_gate)
        {
            return _tasks.GetValueOrDefault(id);
        }
    }

    public void Clear()
    {
        lock (_gate)
        {
            _tasks.Clear();
            _order.Clear();
        }
    }

    private TimeSpan Duration(ModelAnswer answer, long number)
    {
        var duration = options.TaskBaseDuration
            + (options.TaskDurationPerToken * (answer.Tokens.Candidates + answer.Tokens.Thoughts))
            + (options.TaskDurationSpread * dice.Fraction($"duration {number}"));
        return duration < options.TaskLongestDuration ? duration : options.TaskLongestDuration;
    }
}
