using System.Buffers.Binary;

namespace FlashDrop.Core.Media;

/// <summary>
/// MP3: the number of frames when an encoder wrote it (Xing, Info, VBRI), else the size over the first frame's bit rate.
/// </summary>
internal static class Mp3File
{
    private const int TagHeader = 10;
    private const int SearchLength = 16 * 1024;

    public static async ValueTask<MediaFacts> InspectAsync(ByteWindow file, CancellationToken cancellationToken)
    {
        long start = 0;
        if (file.Head.Length >= TagHeader && file.Head.Span.StartsWith("ID3"u8))
        {
            var tag = file.Head.Span;
            var size = ((tag[6] & 0x7F) << 21) | ((tag[7] & 0x7F) << 14) | ((tag[8] & 0x7F) << 7) | (tag[9] & 0x7F);
            var footer = (tag[5] & 0x10) != 0 ? TagHeader : 0;
            start = TagHeader + size + footer;
        }

        if (start >= file.Length)
        {
            return MediaFacts.Damaged("an MP3 recording that ends before its sound begins");
        }

        return await file.GetAsync(start, SearchLength, cancellationToken) is { } bytes
            ? Inspect(bytes.Span, file.Length - start)
            : new MediaFacts();
    }

    private static MediaFacts Inspect(ReadOnlySpan<byte> bytes, long audioLength)
    {
        for (var at = 0; at + 4 <= bytes.Length; at++)
        {
            // A frame is followed by another; a lone match may be chance.
            if (Mp3Frame.TryRead(bytes[at..], out var frame)
                && (at + frame.Length + 4 > bytes.Length || Mp3Frame.TryRead(bytes[(at + frame.Length)..], out _)))
            {
                var seconds = CountedFrames(bytes[at..], frame) is { } frames
                    ? frames * (double)frame.Samples / frame.SampleRate
                    : (audioLength - at) * 8.0 / frame.BitRate;
                return new MediaFacts { Seconds = Math.Round(seconds, 3) };
            }
        }

        return MediaFacts.Damaged("an MP3 recording without sound");
    }

    /// <summary>What the encoder wrote into the first frame about all of them; null when it wrote nothing credible.</summary>
    private static long? CountedFrames(ReadOnlySpan<byte> bytes, Mp3Frame frame)
    {
        var info = 4 + frame.SideInformation;
        if (bytes.Length >= info + 12
            && (bytes.Slice(info, 4).SequenceEqual("Xing"u8) || bytes.Slice(info, 4).SequenceEqual("Info"u8))
            && (bytes[info + 7] & 1) != 0
            && BinaryPrimitives.ReadUInt32BigEndian(bytes[(info + 8)..]) is var counted and > 0)
        {
            return counted;
        }

        const int Vbri = 36;
        return bytes.Length >= Vbri + 18 && bytes.Slice(Vbri, 4).SequenceEqual("VBRI"u8)
            && BinaryPrimitives.ReadUInt32BigEndian(bytes[(Vbri + 14)..]) is var listed and > 0
            ? listed
            : null;
    }
}

/// <summary>Header of an MPEG audio layer III frame.</summary>
/// <param name="Length">Bytes of the frame.</param>
/// <param name="BitRate">Bits a second.</param>
/// <param name="SampleRate">Samples a second.</param>
/// <param name="Samples">Samples in a frame.</param>
/// <param name="SideInformation">Bytes between the header and the frame's data.</param>
internal readonly record struct Mp3Frame(int Length, int BitRate, int SampleRate, int Samples, int SideInformation)
{
    public static bool TryRead(ReadOnlySpan<byte> bytes, out Mp3Frame frame)
    {
        frame = default;
        if (bytes.Length < 4)
        {
            return false;
        }

        var header = BinaryPrimitives.ReadUInt32BigEndian(bytes);
        var version = (header >> 19) & 3;
        var bitrate = (int)((header >> 12) & 15);
        var rate = (int)((header >> 10) & 3);
        if (header >> 21 != 0x7FF || version == 1 || ((header >> 17) & 3) != 1 || bitrate is 0 or 15 || rate == 3)
        {
            return false;
        }

        var isVersion1 = version == 3;
        ReadOnlySpan<int> kbps = isVersion1
            ? [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320]
            : [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];
        ReadOnlySpan<int> hertz = [44_100, 48_000, 32_000];
        var sampleRate = hertz[rate] / (version switch { 3 => 1, 2 => 2, _ => 4 });
        var bitRate = kbps[bitrate] * 1_000;
        var mono = ((header >> 6) & 3) == 3;
        frame = new Mp3Frame(
            ((isVersion1 ? 144 : 72) * bitRate / sampleRate) + (int)((header >> 9) & 1),
            bitRate,
            sampleRate,
            isVersion1 ? 1_152 : 576,
            (isVersion1, mono) switch { (true, false) => 32, (true, true) or (false, false) => 17, _ => 9 });
        return true;
    }
}
