namespace FlashDrop.Simulator.Tests;

public class CommandLineTests
{
    [Fact]
    public async Task Arguments_BecomeOptions()
    {
        var file = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(file, """[{"action":{"status":503}}]""");
            var options = await CommandLine.ParseAsync(["--port", "5123", "--seed", "-7", "--faults", file], CancellationToken.None);
            Assert.Equal((5123, -7L, 503), (options.Port, options.Seed, options.Faults[0].Action.Status));
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Theory]
    [InlineData("70000", "--port", "70000")]
    [InlineData("--seed cannot be x", "--seed", "x")]
    [InlineData("no-such-file.json", "--faults", "no-such-file.json")]
    [InlineData("--colour is not an option", "--colour", "red")]
    [InlineData("--port has no value", "--port")]
    public async Task WrongArgument_IsQuoted(string quote, params string[] arguments)
    {
        var problem = await Assert.ThrowsAsync<UsageException>(() => CommandLine.ParseAsync(arguments, CancellationToken.None));
        Assert.Contains(quote, problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task NoArguments_TakeTheUsualPort()
    {
        var options = await CommandLine.ParseAsync([], CancellationToken.None);
        Assert.Equal((4010, 1L), (options.Port, options.Seed));
    }
}
