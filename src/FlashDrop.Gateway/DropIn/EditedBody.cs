using System.Net;
using System.Net.Http.Headers;

namespace FlashDrop.Gateway.DropIn;

/// <summary>Replaces a range of a body by other bytes.</summary>
internal readonly record struct Edit(long Offset, long Length, byte[] Replacement);

/// <summary>
/// A whole body with a few edits, sent slice by slice as often as there are tries: never copied, never parsed into objects.
/// </summary>
/// <param name="bytes">The body.</param>
/// <param name="owner">Owns its memory; null when nobody has to give it back.</param>
internal sealed class EditedBody(ReadOnlyMemory<byte> bytes, IDisposable? owner = null) : IDisposable
{
    private int _sending;

    public ReadOnlyMemory<byte> Bytes => bytes;

    /// <summary>The content of one try.</summary>
    /// <param name="edits">What to change.</param>
    /// <param name="sent">Called when all of it has been sent.</param>
    public HttpContent Content(IReadOnlyList<Edit> edits, Action? sent = null) => new EditedContent(this, edits, sent);

    public void Dispose()
    {
        // A try that was given up may still be writing: then the buffer is left to the collector instead of to the next request.
        if (Volatile.Read(ref _sending) == 0)
        {
            owner?.Dispose();
        }
    }

    private sealed class EditedContent : HttpContent
    {
        private readonly EditedBody _owner;
        private readonly IReadOnlyList<Edit> _edits;
        private readonly Action? _sent;

        public EditedContent(EditedBody owner, IReadOnlyList<Edit> edits, Action? sent)
        {
            (_owner, _edits, _sent) = (owner, edits, sent);
            Headers.ContentType = JsonContentType.Value;
        }

        protected override bool TryComputeLength(out long length)
        {
            length = _owner.Bytes.Length;
            foreach (var edit in _edits)
            {
                length += edit.Replacement.Length - edit.Length;
            }

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
                    await stream.WriteAsync(bytes[position..(int)edit.Offset], cancellationToken);
                    await stream.WriteAsync(edit.Replacement, cancellationToken);
                    position = (int)(edit.Offset + edit.Length);
                }

                await stream.WriteAsync(bytes[position..], cancellationToken);
                _sent?.Invoke();
            }
            finally
            {
                Interlocked.Decrement(ref _owner._sending);
            }
        }
    }
}

/// <summary>The content type of every request upstream.</summary>
internal static class JsonContentType
{
    /// <summary>Shared: nobody changes it.</summary>
    public static MediaTypeHeaderValue Value { get; } = new("application/json");
}
