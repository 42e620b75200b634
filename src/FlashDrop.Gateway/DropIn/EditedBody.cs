using System.Net;
using System.Net.Http.Headers;
using FlashDrop.Gateway.Http;

namespace FlashDrop.Gateway.DropIn;

/// <summary>Replaces a range of a body by other bytes.</summary>
internal readonly record struct Edit(int Offset, int Length, byte[] Replacement);

/// <summary>
/// The caller's body with a few edits, sent slice by slice as often as there are tries: never copied, never parsed into objects.
/// </summary>
internal sealed class EditedBody(PooledBody body) : IDisposable
{
    private static readonly MediaTypeHeaderValue Json = new("application/json");

    private int _sending;

    public ReadOnlyMemory<byte> Bytes => body.Bytes;

    /// <summary>The content of one try.</summary>
    public HttpContent Content(IReadOnlyList<Edit> edits) => new EditedContent(this, edits);

    public void Dispose()
    {
        // A try that was given up may still be writing: then the buffer is left to the collector instead of to the next request.
        if (Volatile.Read(ref _sending) == 0)
        {
            body.Dispose();
        }
    }

    private sealed class EditedContent : HttpContent
    {
        private readonly EditedBody _owner;
        private readonly IReadOnlyList<Edit> _edits;

        public EditedContent(EditedBody owner, IReadOnlyList<Edit> edits)
        {
            (_owner, _edits) = (owner, [.. edits.OrderBy(edit => edit.Offset)]);
            Headers.ContentType = Json;
        }

        protected override bool TryComputeLength(out long length)
        {
            length = _owner.Bytes.Length + _edits.Sum(edit => (long)edit.Replacement.Length - edit.Length);
            return true;
        }

        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
            SerializeToStreamAsync(stream, context, CancellationToken.None);

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
        {
            Interlocked.Increment(ref _owner._sending);
            try
            {
                var bytes = _owner.Bytes;
                var position = 0;
                foreach (var edit in _edits)
                {
                    await stream.WriteAsync(bytes[position..edit.Offset], cancellationToken);
                    await stream.WriteAsync(edit.Replacement, cancellationToken);
                    position = edit.Offset + edit.Length;
                }

                await stream.WriteAsync(bytes[position..], cancellationToken);
            }
            finally
            {
                Interlocked.Decrement(ref _owner._sending);
            }
        }
    }
}
