using System.Buffers.Binary;
using System.Diagnostics;
using System.Net;
using System.Text;
using FlashDrop.Core.Pipeline;
using FlashDrop.Core.Ports;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace FlashDrop.Benchmarks;

/// <summary>Memory of this process while many large drops are on their way through it, storage in another process.</summary>
internal static class Memory
{
    private const int Drops = 32;
    private const int DropBytes = 20_000_000;
    private const double Megabyte = 1_000_000;

    public static async Task RunAsync(CancellationToken cancellationToken)
    {
        Console.WriteLine("| 32 drops of 20 MB at once | idle | peak | above idle | bytes sent upstream |");
        Console.WriteLine("| --- | ---: | ---: | ---: | ---: |");
        await MeasureAsync("inline (limit raised to 75 MiB)", $"{75 * 1024 * 1024}", cancellationToken);
        await MeasureAsync("by signed URL (default limit)", maxInlineBytes: null, cancellationToken);
    }

    private static async Task MeasureAsync(string name, string? maxInlineBytes, CancellationToken cancellationToken)
    {
        await using var account = await Account.StartAsync(cancellationToken);
        var sink = new Drain();
        await using var upstream = await sink.StartAsync(cancellationToken);
        await using var services = await account.BuildAsync(
            sink.Address,
            new(StringComparer.Ordinal)
            {
                ["FlashDrop:Upstream:MaxInlineBytes"] = maxInlineBytes,
            },
            replace: null,
            cancellationToken);
        var pipeline = services.GetRequiredService<IPipeline>();
        await UploadAsync(account, cancellationToken);
        await pipeline.HandleDropAsync("default/warm.mp4", cancellationToken);

        GC.Collect(2, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        using var process = Process.GetCurrentProcess();
        var idle = process.WorkingSet64;
        var peak = idle;
        using var done = new CancellationTokenSource();
        var sampling = Task.Run(
            async () =>
            {
                while (!done.IsCancellationRequested)
                {
                    process.Refresh();
                    peak = Math.Max(peak, process.WorkingSet64);
                    await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, CancellationToken.None);
                }
            },
            CancellationToken.None);
        var sentBefore = sink.Bytes;
        await Task.WhenAll(Enumerable.Range(0, Drops).Select(number => pipeline.HandleDropAsync($"default/{number}.mp4", cancellationToken)));
        await done.CancelAsync();
        await sampling;
        if (sink.Tasks != Drops + 1)
        {
            throw new InvalidOperationException($"{sink.Tasks - 1} of {Drops} drops reached the upstream; nothing was measured.");
        }

        Console.WriteLine(
            $"| {name} | {idle / Megabyte:0} MB | {peak / Megabyte:0} MB | {(peak - idle) / Megabyte:0} MB | {(sink.Bytes - sentBefore) / Megabyte:0} MB |");
    }

    private static async Task UploadAsync(Account account, CancellationToken cancellationToken)
    {
        var inbox = account.Blobs.GetBlobContainerClient(Containers.Inbox);
        var clip = Clip();
        foreach (var name in Enumerable.Range(0, Drops).Select(number => $"{number}").Append("warm"))
        {
            await inbox.UploadBlobAsync($"default/{name}.mp4", BinaryData.FromBytes(clip), cancellationToken);
        }
    }

    /// <summary>A whole clip of five seconds: brand, index, and the rest is media.</summary>
    private static byte[] Clip()
    {
        var index = new byte[100];
        BinaryPrimitives.WriteUInt32BigEndian(index.AsSpan(12), 1_000);
        BinaryPrimitives.WriteUInt32BigEndian(index.AsSpan(16), 5_000);
        byte[] head = [.. Box("ftyp", [.. "isom"u8, 0, 0, 2, 0, .. "isommp41"u8]), .. Box("moov", Box("mvhd", index))];
        return [.. head, .. Box("mdat", new byte[DropBytes - head.Length - 8])];
    }

    private static byte[] Box(string type, byte[] content)
    {
        byte[] box = [0, 0, 0, 0, .. Encoding.ASCII.GetBytes(type), .. content];
        BinaryPrimitives.WriteInt32BigEndian(box, box.Length);
        return box;
    }

    /// <summary>An upstream that reads every body to its end, forgets it, and makes a task of it.</summary>
    private sealed class Drain
    {
        private long _bytes;
        private int _tasks;

        public Uri Address { get; private set; } = null!;

        public long Bytes => Interlocked.Read(ref _bytes);

        public int Tasks => Volatile.Read(ref _tasks);

        public async Task<WebApplication> StartAsync(CancellationToken cancellationToken)
        {
            var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
            builder.WebHost.UseKestrelCore().ConfigureKestrel(server =>
            {
                server.Limits.MaxRequestBodySize = null;
                server.Limits.MinRequestBodyDataRate = null;
                server.Listen(IPAddress.Loopback, 0);
            });
            var app = builder.Build();
            app.Run(TakeAsync);
            await app.StartAsync(cancellationToken);
            Address = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
            return app;
        }

        private async Task TakeAsync(HttpContext context)
        {
            var buffer = new byte[16 * 1024];
            int read;
            while ((read = await context.Request.Body.ReadAsync(buffer, context.RequestAborted)) > 0)
            {
                Interlocked.Add(ref _bytes, read);
            }

            var id = Interlocked.Increment(ref _tasks);
            context.Response.ContentType = "application/json";
            await context.Response.WriteAsync($$"""{"id":"task-unified-{{id}}","status":"pending","progress":0}""", context.RequestAborted);
        }
    }
}
