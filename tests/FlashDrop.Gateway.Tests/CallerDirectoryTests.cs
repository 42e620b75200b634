using FlashDrop.Core.Callers;
using FlashDrop.Core.Ports;
using FlashDrop.Gateway.Callers;
using FlashDrop.Testing.Storage;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;

namespace FlashDrop.Gateway.Tests;

public sealed class CallerDirectoryTests
{
    private const string Key = "fd_table-key";

    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 3, 5, 12, 0, 0, TimeSpan.Zero));
    private readonly InMemoryStorage _storage;
    private readonly ScriptedFaults _faults = new();
    private readonly CallersOptions _configured = new();

    public CallerDirectoryTests()
    {
        _storage = new InMemoryStorage(_time) { Faults = _faults };
        _configured.Callers["root"] = new CallerSettings { KeyHashes = [ApiKeys.Hash("fd_root")] };
    }

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private long Readings => _storage.Operations.Of(StorageOperations.CallerList);

    [Fact]
    public async Task KnownKeys_AreAnsweredFromMemory()
    {
        await AddAsync("acme");
        var directory = Start();

        for (var i = 0; i < 1_000; i++)
        {
            Assert.Equal("acme", (await directory.AuthenticateAsync(Key, Stop))?.Name);
        }

        Assert.Equal(1, Readings);
    }

    [Fact]
    public async Task UnknownKeys_CauseABoundedNumberOfReadings()
    {
        var directory = Start();

        for (var i = 0; i < 1_000; i++)
        {
            Assert.Null(await directory.AuthenticateAsync($"fd_guess-{i}", Stop));
            _time.Advance(TimeSpan.FromMilliseconds(10));
        }

        // Ten seconds: the first reading, and one each five seconds.
        Assert.InRange(Readings, 1, 3);
    }

    [Fact]
    public async Task NewKey_OfAnotherInstance_IsKnownAfterTheUnknownKeysPause()
    {
        var directory = Start();
        Assert.Null(await directory.AuthenticateAsync(Key, Stop));
        await AddAsync("acme");
        _time.Advance(CallerDirectory.UnknownKeyPause);

        Assert.Equal("acme", (await directory.AuthenticateAsync(Key, Stop))?.Name);
    }

    [Fact]
    public async Task DisabledElsewhere_IsRefusedWithinTheAge_EvenAfterSilence()
    {
        var version = await AddAsync("acme");
        var directory = Start();
        Assert.NotNull(await directory.AuthenticateAsync(Key, Stop));
        await _storage.Callers.UpdateAsync(Record("acme") with { IsDisabled = true }, version, Stop);

        _time.Advance(TimeSpan.FromSeconds(30));

        Assert.Null(await directory.AuthenticateAsync(Key, Stop));
    }

    [Fact]
    public async Task TableIsReadInTheBackground_AtHalfItsAge()
    {
        await AddAsync("acme");
        var directory = Start();
        await directory.AuthenticateAsync(Key, Stop);
        _time.Advance(TimeSpan.FromSeconds(15));

        Assert.NotNull(await directory.AuthenticateAsync(Key, Stop));
        Assert.Equal(2, Readings);
        _time.Advance(TimeSpan.FromSeconds(14));
        Assert.NotNull(await directory.AuthenticateAsync(Key, Stop));
        Assert.Equal(2, Readings);
    }

    [Fact]
    public async Task TableOutOfReach_KnownCallersGoOn()
    {
        await AddAsync("acme");
        var directory = Start();
        Assert.NotNull(await directory.AuthenticateAsync(Key, Stop));
        _faults.FailBefore(StorageOperations.CallerList, times: 1_000);

        for (var minute = 0; minute < 10; minute++)
        {
            _time.Advance(TimeSpan.FromMinutes(1));
            Assert.Equal("acme", (await directory.AuthenticateAsync(Key, Stop))?.Name);
            Assert.Equal("root", (await directory.AuthenticateAsync("fd_root", Stop))?.Name);
            Assert.Null(await directory.AuthenticateAsync("fd_guess", Stop));
        }

        _faults.Clear();
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.NotNull(await directory.AuthenticateAsync(Key, Stop));
    }

    [Fact]
    public async Task TableNeverRead_UnknownKeysAreNotCalledInvalid()
    {
        _faults.FailBefore(StorageOperations.CallerList, times: 1_000);
        var directory = Start();

        Assert.Equal("root", (await directory.AuthenticateAsync("fd_root", Stop))?.Name);
        await Assert.ThrowsAsync<StorageUnavailableException>(async () => await directory.AuthenticateAsync(Key, Stop));
    }

    [Fact]
    public async Task NameInBoth_BelongsToTheConfiguration()
    {
        await AddAsync("root");
        var directory = Start();

        Assert.Null(await directory.AuthenticateAsync(Key, Stop));
        Assert.Equal("root", (await directory.AuthenticateAsync("fd_root", Stop))?.Name);
    }

    private CallerDirectory Start() => new(
        Options.Create(_configured), Options.Create(new GatewayOptions()), _storage.Callers, _time, NullLogger<CallerDirectory>.Instance);

    private async Task<string> AddAsync(string name) => (await _storage.Callers.AddAsync(Record(name), Stop))!;

    private static CallerRecord Record(string name) => new()
    {
        Name = name,
        Keys = [new CallerKey { Id = "1", Hash = ApiKeys.Hash(Key), Hint = "fd_tabl", CreatedAt = default }],
        CreatedAt = default,
        UpdatedAt = default,
    };
}

internal static class SharedCallers
{
    /// <summary>The callers of another deployment's storage.</summary>
    public static void AddSingletonCallers(this IServiceCollection services, InMemoryStorage storage) =>
        services.Replace(ServiceDescriptor.Singleton<ICallerStore>(storage.Callers));
}
