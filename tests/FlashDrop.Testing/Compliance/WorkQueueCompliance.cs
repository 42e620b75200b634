using FlashDrop.Core.Ports;
using Xunit;

namespace FlashDrop.Testing.Compliance;

/// <summary>What every work queue does. Each test gets queues of its own.</summary>
public abstract class WorkQueueCompliance
{
    private static readonly TimeSpan Lease = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan ShortLease = TimeSpan.FromSeconds(1);
    private static readonly string PollPoison = Queues.Poll + Queues.PoisonSuffix;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <summary>Empty queues.</summary>
    protected abstract Task<IWorkQueue> CreateAsync();

    /// <summary>Lets time pass on the clock of the queues.</summary>
    protected abstract Task PassAsync(TimeSpan time);

    /// <summary>Puts a raw message on a queue.</summary>
    protected abstract Task SendRawAsync(string queue, string text);

    /// <summary>The texts of the visible messages of a queue.</summary>
    protected abstract Task<IReadOnlyList<string>> PeekRawAsync(string queue);

    [Fact]
    public async Task Poll_message_arrives_as_it_was_sent()
    {
        var queue = await CreateAsync();
        var sent = Message(1) with { Polls = 3, TraceParent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01" };

        await queue.SendPollAsync(sent, TimeSpan.Zero, Stop);
        var delivery = Assert.Single(await queue.ReceivePollsAsync(32, Lease, Stop));

        Assert.Equal(PortJson.Write(sent), PortJson.Write(delivery.Message));
        Assert.Equal(1, delivery.Deliveries);
    }

    [Fact]
    public async Task Submit_message_is_plain_json_that_reads_back()
    {
        var queue = await CreateAsync();
        var sent = new SubmitMessage(TestJobs.Id(TestJobs.Noon, 1), 2, "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");

        await queue.SendSubmitAsync(sent, TimeSpan.Zero, Stop);

        var text = Assert.Single(await PeekRawAsync(Queues.Submit));
        Assert.StartsWith("{\"jobId\":\"", text, StringComparison.Ordinal);
        Assert.Contains("\"traceparent\":\"00-", text, StringComparison.Ordinal);
        Assert.True(PortJson.TryReadSubmit(text, out var read));
        Assert.Equal(sent, read);
    }

    [Fact]
    public async Task Delayed_message_is_invisible_until_due_and_counted_all_the_while()
    {
        var queue = await CreateAsync();
        await queue.SendPollAsync(Message(1), TimeSpan.FromSeconds(2), Stop);

        Assert.Empty(await queue.ReceivePollsAsync(32, Lease, Stop));
        Assert.Equal(1, await queue.CountAsync(Queues.Poll, Stop));
        await PassAsync(TimeSpan.FromSeconds(2));

        Assert.Single(await queue.ReceivePollsAsync(32, Lease, Stop));
    }

    [Fact]
    public async Task Longest_delay_is_accepted_and_longer_ones_are_cut()
    {
        var queue = await CreateAsync();

        await queue.SendPollAsync(Message(1), TimeSpan.FromDays(7), Stop);
        await queue.SendPollAsync(Message(2), TimeSpan.FromDays(70), Stop);

        Assert.Equal(2, await queue.CountAsync(Queues.Poll, Stop));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => queue.SendPollAsync(Message(3), TimeSpan.FromSeconds(-1), Stop));
    }

    [Fact]
    public async Task Leased_message_is_hidden_and_comes_back_with_a_higher_count()
    {
        var queue = await CreateAsync();
        await queue.SendPollAsync(Message(1), TimeSpan.Zero, Stop);

        var first = Assert.Single(await queue.ReceivePollsAsync(32, ShortLease, Stop));
        Assert.Empty(await queue.ReceivePollsAsync(32, ShortLease, Stop));
        await PassAsync(ShortLease);
        var second = Assert.Single(await queue.ReceivePollsAsync(32, Lease, Stop));

        Assert.Equal(first.MessageId, second.MessageId);
        Assert.Equal(2, second.Deliveries);
    }

    [Fact]
    public async Task Lost_lease_can_neither_reschedule_nor_delete()
    {
        var queue = await CreateAsync();
        await queue.SendPollAsync(Message(1), TimeSpan.Zero, Stop);
        var lost = Assert.Single(await queue.ReceivePollsAsync(32, ShortLease, Stop));
        await PassAsync(ShortLease);
        var owned = Assert.Single(await queue.ReceivePollsAsync(32, Lease, Stop));

        Assert.False(await queue.RescheduleAsync(lost, Message(9), TimeSpan.Zero, Stop));
        await queue.DeleteAsync(lost, Stop);

        Assert.Equal(1, await queue.CountAsync(Queues.Poll, Stop));
        Assert.True(await queue.RescheduleAsync(owned, Message(2), TimeSpan.Zero, Stop));
    }

    [Fact]
    public async Task Rescheduled_message_has_the_new_content_when_due()
    {
        var queue = await CreateAsync();
        await queue.SendPollAsync(Message(1), TimeSpan.Zero, Stop);
        var delivery = Assert.Single(await queue.ReceivePollsAsync(32, Lease, Stop));
        var next = Message(1) with { Polls = 1, Version = "W/\"2\"" };

        Assert.True(await queue.RescheduleAsync(delivery, next, TimeSpan.FromSeconds(1), Stop));
        Assert.Empty(await queue.ReceivePollsAsync(32, Lease, Stop));
        await PassAsync(TimeSpan.FromSeconds(1));

        var again = Assert.Single(await queue.ReceivePollsAsync(32, Lease, Stop));
        Assert.Equal(PortJson.Write(next), PortJson.Write(again.Message));
        Assert.Equal(delivery.MessageId, again.MessageId);
        Assert.False(await queue.RescheduleAsync(delivery, next, TimeSpan.Zero, Stop));
    }

    [Fact]
    public async Task Deleted_message_is_gone_and_deleting_again_is_no_error()
    {
        var queue = await CreateAsync();
        await queue.SendPollAsync(Message(1), TimeSpan.Zero, Stop);
        var delivery = Assert.Single(await queue.ReceivePollsAsync(32, Lease, Stop));

        await queue.DeleteAsync(delivery, Stop);
        await queue.DeleteAsync(delivery, Stop);

        Assert.Equal(0, await queue.CountAsync(Queues.Poll, Stop));
        Assert.False(await queue.RescheduleAsync(delivery, Message(1), TimeSpan.Zero, Stop));
    }

    [Fact]
    public async Task One_receive_gives_at_most_32_and_at_most_what_was_asked_for()
    {
        var queue = await CreateAsync();
        for (var number = 0; number < 40; number++)
        {
            await queue.SendPollAsync(Message(number), TimeSpan.Zero, Stop);
        }

        var three = await queue.ReceivePollsAsync(3, Lease, Stop);
        var many = await queue.ReceivePollsAsync(100, Lease, Stop);
        var rest = await queue.ReceivePollsAsync(100, Lease, Stop);

        Assert.Equal(3, three.Count);
        Assert.Equal(32, many.Count);
        Assert.Equal(5, rest.Count);
        Assert.Equal(40, three.Concat(many).Concat(rest).Select(delivery => delivery.Message.Job.Id).Distinct().Count());
    }

    [Fact]
    public async Task Poisoned_message_moves_to_the_poison_queue()
    {
        var queue = await CreateAsync();
        var message = Message(1);
        await queue.SendPollAsync(message, TimeSpan.Zero, Stop);

        await queue.PoisonAsync(Assert.Single(await queue.ReceivePollsAsync(32, Lease, Stop)), Stop);

        Assert.Equal(0, await queue.CountAsync(Queues.Poll, Stop));
        Assert.Equal(PortJson.Write(message), Assert.Single(await PeekRawAsync(PollPoison)));
    }

    [Theory]
    [InlineData("not json")]
    [InlineData("{}")]
    [InlineData("null")]
    [InlineData("{\"version\":\"1\",\"polls\":0}")]
    [InlineData("{\"job\":{\"id\":\"nope\"},\"version\":\"1\",\"polls\":0}")]
    public async Task Unreadable_message_moves_to_the_poison_queue_and_the_others_arrive(string text)
    {
        var queue = await CreateAsync();
        await SendRawAsync(Queues.Poll, text);
        await queue.SendPollAsync(Message(1), TimeSpan.Zero, Stop);

        var delivery = Assert.Single(await queue.ReceivePollsAsync(32, Lease, Stop));

        Assert.Equal(Message(1).Job.Id, delivery.Message.Job.Id);
        Assert.Equal(text, Assert.Single(await PeekRawAsync(PollPoison)));
        Assert.Equal(1, await queue.CountAsync(Queues.Poll, Stop));
    }

    [Fact]
    public async Task Empty_queues_count_zero()
    {
        var queue = await CreateAsync();

        foreach (var name in Queues.All)
        {
            Assert.Equal(0, await queue.CountAsync(name, Stop));
        }

        Assert.Empty(await queue.ReceivePollsAsync(32, Lease, Stop));
    }

    private static PollMessage Message(int number) =>
        new(TestJobs.Job(TestJobs.Id(TestJobs.Noon, number)), "W/\"1\"", 0, TraceParent: null);
}
