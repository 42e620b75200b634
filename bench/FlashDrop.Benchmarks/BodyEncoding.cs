using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using FlashDrop.EvoLink.Generation;
using FlashDrop.EvoLink.Requests;

namespace FlashDrop.Benchmarks;

/// <summary>A request body with media in it, against a plain copy of the same bytes from the same memory to the same sink.</summary>
internal static class BodyEncoding
{
    private const int Megabyte = 1_000_000;
    private const int Rounds = 9;
    private const int CopyBuffer = 81_920;

    public static async Task RunAsync(CancellationToken cancellationToken)
    {
        using var loopback = await Loopback.StartAsync(cancellationToken);
        foreach (var (name, sink) in new (string, Stream)[] { ("a loopback socket", loopback.Stream), ("memory", new Sink()) })
        {
            Console.WriteLine($"From memory to {name}:");
            Console.WriteLine();
            Console.WriteLine("| media | allocated in all | encode | raw copy | ratio |");
            Console.WriteLine("| ---: | ---: | ---: | ---: | ---: |");
            foreach (var megabytes in new[] { 1, 8, 64 })
            {
                var bytes = new byte[megabytes * Megabyte];
                using var content = new RequestContent(RequestBody.Write(new GenerateContentRequest
                {
                    Contents =
                    [
                        Content.User(
                            Part.FromText("Describe it."),
                            new Part { Media = new MediaSource("video/mp4", bytes.Length, _ => Task.FromResult<Stream>(new MemoryStream(bytes, writable: false))) }),
                    ],
                }));

                var (encode, allocated) = await MeasureAsync(() => content.CopyToAsync(sink, cancellationToken));
                var (copy, _) = await MeasureAsync(async () =>
                {
                    using var source = new Chunked(bytes);
                    await source.CopyToAsync(sink, CopyBuffer, cancellationToken);
                });
                Console.WriteLine(
                    $"| {megabytes} MB | {allocated / 1024.0:0.0} KiB | {bytes.Length / encode.TotalSeconds / Megabyte:0} MB/s "
                    + $"| {bytes.Length / copy.TotalSeconds / Megabyte:0} MB/s | {copy / encode:0.00} |");
            }

            Console.WriteLine();
        }
    }

    /// <summary>The median time of some rounds, and the least they allocated: what the rounds have in common.</summary>
    private static async Task<(TimeSpan Median, long Allocated)> MeasureAsync(Func<Task> action)
    {
        await action();
        List<TimeSpan> times = [];
        var allocated = long.MaxValue;
        for (var round = 0; round < Rounds; round++)
        {
            var before = GC.GetTotalAllocatedBytes(precise: true);
            var started = Stopwatch.GetTimestamp();
            await action();
            times.Add(Stopwatch.GetElapsedTime(started));
            allocated = Math.Min(allocated, GC.GetTotalAllocatedBytes(precise: true) - before);
        }

        return (times.Order().ElementAt(Rounds / 2), allocated);
    }

    /// <summary>Memory that is copied through a buffer, as any stream is: a plain memory stream would hand over its bytes in one piece.</summary>
    private sealed class Chunked(byte[] bytes) : MemoryStream(bytes, writable: false)
    {
        public override async Task CopyToAsync(Stream destination, int bufferSize, CancellationToken cancellationToken)
        {
            var buffer = new byte[bufferSize];
            int read;
            while ((read = await ReadAsync(buffer, cancellationToken)) > 0)
            {
                await destination.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
            }
        }
    }

    /// <summary>A connection whose other end reads everything and forgets it.</summary>
    private sealed class Loopback : IDisposable
    {
        private readonly TcpClient _client;

        private Loopback(TcpClient client) => (_client, Stream) = (client, client.GetStream());

        public NetworkStream Stream { get; }

        public static async Task<Loopback> StartAsync(CancellationToken cancellationToken)
        {
            using var listener = new TcpListener(IPAddress.Loopback, 0);
            listener.Start();
            var client = new TcpClient();
            await client.ConnectAsync((IPEndPoint)listener.LocalEndpoint, cancellationToken);
            var server = await listener.AcceptSocketAsync(cancellationToken);
            new Thread(() => Drain(server)) { IsBackground = true }.Start();
            return new Loopback(client);
        }

        public void Dispose() => _client.Dispose();

        private static void Drain(Socket server)
        {
            var buffer = new byte[256 * 1024];
            try
            {
                while (server.Receive(buffer) > 0)
                {
                }
            }
            catch (SocketException)
            {
                // The measurement is over.
            }

            server.Dispose();
        }
    }

    /// <summary>Copies what it gets, as a socket does, and forgets it.</summary>
    private sealed class Sink : Stream
    {
        private static readonly byte[] Kernel = new byte[256 * 1024];

        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override void Flush()
        {
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => buffer.AsSpan(offset, count).CopyTo(Kernel);

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            buffer.Span.CopyTo(Kernel);
            return ValueTask.CompletedTask;
        }
    }
}
