using System.Buffers;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using FlashDrop.EvoLink.Generation;
using FlashDrop.EvoLink.Requests;

namespace FlashDrop.Benchmarks;

/// <summary>A request body with media in it, in turns with a plain copy of the same bytes from the same memory to the same sink.</summary>
internal static class BodyEncoding
{
    private const int Megabyte = 1_000_000;
    private const int CopyBuffer = 81_920;

    /// <summary>Rounds of a size move as many bytes, but there are some of each.</summary>
    private const int MegabytesPerSize = 512;
    private const int MinRounds = 15;

    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(3);

    public static async Task RunAsync(CancellationToken cancellationToken)
    {
        Console.WriteLine("| to | media | rounds | allocated in all | encode | raw copy | ratio | of as many bytes |");
        Console.WriteLine("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
        using var loopback = await Loopback.StartAsync(cancellationToken);
        foreach (var (name, sink) in new (string, ISink)[] { ("loopback socket", loopback), ("memory", new InMemory()) })
        {
            // The runtime compiles what runs often once more, much faster: nothing counts before it has.
            var warmUp = Stopwatch.StartNew();
            while (warmUp.Elapsed < WarmUp)
            {
                await MeasureAsync(name: null, sink, new byte[Megabyte], MinRounds, cancellationToken);
                await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, cancellationToken);
            }

            foreach (var megabytes in new[] { 1, 8, 64 })
            {
                await MeasureAsync(name, sink, new byte[megabytes * Megabyte], Math.Max(MinRounds, MegabytesPerSize / megabytes), cancellationToken);
            }
        }
    }

    private static async Task MeasureAsync(string? name, ISink sink, byte[] bytes, int rounds, CancellationToken cancellationToken)
    {
        using var content = new RequestContent(RequestBody.Write(new GenerateContentRequest
        {
            Contents =
            [
                Content.User(
                    Part.FromText("Describe it."),
                    new Part { Media = new MediaSource("video/mp4", bytes.Length, _ => Task.FromResult<Stream>(new MemoryStream(bytes, writable: false))) }),
            ],
        }));
        var body = content.Headers.ContentLength!.Value;
        List<double> encodes = [], copies = [], ratios = [], shares = [];
        var allocated = long.MaxValue;
        for (var round = -1; round < rounds; round++)
        {
            // In turns, so that whatever else the machine does meets both alike; what one round measures is compared within the round.
            var before = GC.GetTotalAllocatedBytes(precise: true);
            var encode = await TimeAsync(sink, body, () => content.CopyToAsync(sink.Stream, cancellationToken));
            allocated = Math.Min(allocated, GC.GetTotalAllocatedBytes(precise: true) - before);
            var copy = await TimeAsync(sink, bytes.Length, () => CopyAsync(bytes, bytes.Length, sink.Stream, cancellationToken));
            var whole = await TimeAsync(sink, body, () => CopyAsync(bytes, body, sink.Stream, cancellationToken));
            if (round >= 0)
            {
                encodes.Add(encode);
                copies.Add(copy);
                ratios.Add(copy / encode);
                shares.Add(whole / encode);
            }
        }

        if (name is null)
        {
            return;
        }

        Console.WriteLine(
            $"| {name} | {bytes.Length / Megabyte} MB | {rounds} | {allocated / 1024.0:0.0} KiB | {bytes.Length / Median(encodes) / Megabyte:0} MB/s "
            + $"| {bytes.Length / Median(copies) / Megabyte:0} MB/s | {Median(ratios):0.00} | {Median(shares):0.00} |");
    }

    /// <summary>Seconds until the other end has everything.</summary>
    private static async Task<double> TimeAsync(ISink sink, long length, Func<Task> write)
    {
        var arrived = sink.Expect(length);
        var started = Stopwatch.GetTimestamp();
        await write();
        await arrived;
        return Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    /// <summary>Copies through a buffer as any stream does, from the start again when there are fewer bytes than asked for.</summary>
    private static async Task CopyAsync(byte[] bytes, long count, Stream sink, CancellationToken cancellationToken)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(CopyBuffer);
        using var source = new MemoryStream(bytes, writable: false);
        for (var left = count; left > 0;)
        {
            var read = await source.ReadAsync(buffer.AsMemory(0, (int)Math.Min(CopyBuffer, left)), cancellationToken);
            if (read == 0)
            {
                source.Position = 0;
                continue;
            }

            await sink.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
            left -= read;
        }

        ArrayPool<byte>.Shared.Return(buffer);
    }

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

    /// <summary>Where bytes go.</summary>
    private interface ISink
    {
        Stream Stream { get; }

        /// <summary>Ends when so many more bytes have arrived.</summary>
        Task Expect(long bytes);
    }

    /// <summary>
    /// A connection whose other end reads everything and forgets it. Its buffers are small and the same for all: the kernel's own would
    /// swallow a small body whole and measure nothing.
    /// </summary>
    private sealed class Loopback : ISink, IDisposable
    {
        private const int KernelBuffer = 256 * 1024;

        private readonly TcpClient _client;
        private readonly Socket _server;
        private readonly Lock _lock = new();
        private TaskCompletionSource _arrived = new();
        private long _missing;

        private Loopback(TcpClient client, Socket server)
        {
            (_client, _server, Stream) = (client, server, client.GetStream());
            new Thread(Drain) { IsBackground = true }.Start();
        }

        public Stream Stream { get; }

        public static async Task<Loopback> StartAsync(CancellationToken cancellationToken)
        {
            using var listener = new TcpListener(IPAddress.Loopback, 0);
            listener.Server.ReceiveBufferSize = KernelBuffer;
            listener.Start();
            var client = new TcpClient { SendBufferSize = KernelBuffer, NoDelay = true };
            await client.ConnectAsync((IPEndPoint)listener.LocalEndpoint, cancellationToken);
            return new Loopback(client, await listener.AcceptSocketAsync(cancellationToken));
        }

        public Task Expect(long bytes)
        {
            lock (_lock)
            {
                _missing = bytes;
                _arrived = new(TaskCreationOptions.RunContinuationsAsynchronously);
                return _arrived.Task;
            }
        }

        public void Dispose() => _client.Dispose();

        private void Drain()
        {
            var buffer = new byte[256 * 1024];
            try
            {
                int read;
                while ((read = _server.Receive(buffer)) > 0)
                {
                    lock (_lock)
                    {
                        _missing -= read;
                        if (_missing == 0)
                        {
                            _arrived.SetResult();
                        }
                    }
                }
            }
            catch (SocketException)
            {
                // The measurement is over.
            }

            _server.Dispose();
        }
    }

    /// <summary>Copies what it gets, as a socket does, and forgets it.</summary>
    private sealed class InMemory : ISink
    {
        public Stream Stream { get; } = new Sink();

        public Task Expect(long bytes) => Task.CompletedTask;
    }

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
