using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace FlashDrop.Simulator.Media;

/// <summary>MP3: duration from the Xing or VBRI header when there is one, otherwise by walking the frames.</summary>
internal static class Mp3File
{
    /// <summary>How far behind the tags the first frame may begin.</summary>
    private const int SearchLimit = 64 * 1024;

    private static ReadOnlySpan<short> BitratesV1Layer1 => [0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448];

    private static ReadOnlySpan<short> BitratesV1Layer2 => [0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384];

    private static ReadOnlySpan<short> BitratesV1Layer3 => [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320];

    private static ReadOnlySpan<short> BitratesV2Layer1 => [0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256];

    private static ReadOnlySpan<short> BitratesV2Layer23 => [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160];

    private static ReadOnlySpan<int> SampleRates => [44100, 48000, 32000];

    public static MediaFacts? Read(ReadOnlySpan<byte> bytes)
    {
        var start = SkipTags(bytes);
        if (FindFirstFrame(bytes, start) is not { } first)
        {
            return null;
        }

        var header = FrameHeader.TryRead(bytes[first..])!.Value;
        var seconds = DeclaredFrames(bytes[first..], header) is { } frames
            ? (double)frames * header.Samples / header.SampleRate
            : WalkFrames(bytes, first);
        return new MediaFacts { Kind = MediaKind.Audio, Format = "MP3", Duration = TimeSpan.FromSeconds(seconds) };
    }

    private static int SkipTags(ReadOnlySpan<byte> bytes)
    {
        var at = 0;
        while (bytes.Length - at >= 10 && bytes[at..].StartsWith("ID3"u8))
        {
            var tag = bytes[at..];
            var size = ((tag[6] & 0x7F) << 21) | ((tag[7] & 0x7F) << 14) | ((tag[8] & 0x7F) << 7) | (tag[9] & 0x7F);
            var footer = (tag[5] & 0x10) != 0 ? 10 : 0;
            at = (int)Math.Min((long)at + 10 + size + footer, bytes.Length);
        }

        return at;
    }

    /// <summary>A frame counts as the first when another follows it or it ends the file; eleven set bits alone occur by chance.</summary>
    private static int? FindFirstFrame(ReadOnlySpan<byte> bytes, int start)
    {
        var limit = Math.Min(bytes.Length - 4, start + SearchLimit);
        for (var at = start; at <= limit; at++)
        {
            if (FrameHeader.TryRead(bytes[at..]) is { } header)
            {
                var next = at + header.Length;
                if (next == bytes.Length || (next < bytes.Length && (FrameHeader.TryRead(bytes[next..]) is not null || IsTrailer(bytes[next..]))))
                {
                    return at;
                }
            }
        }

        return null;
    }

    private static bool IsTrailer(ReadOnlySpan<byte> bytes) => bytes.StartsWith("TAG"u8) || bytes.StartsWith("APETAGEX"u8);

    private static uint? DeclaredFrames(ReadOnlySpan<byte> frame, FrameHeader header)
    {
        var xing = 4 + header.SideInfoLength;
        if (frame.Length >= xing + 12 && (frame[xing..].StartsWith("Xing"u8) || frame[xing..].StartsWith("Info"u8)))
        {
            var flags = BinaryPrimitives.ReadUInt32BigEndian(frame[(xing + 4)..]);
            return (flags & 1) != 0 ? BinaryPrimitives.ReadUInt32BigEndian(frame[(xing + 8)..]) : null;
        }

        return frame.Length >= 36 + 18 && frame[36..].StartsWith("VBRI"u8) ? BinaryPrimitives.ReadUInt32BigEndian(frame[(36 + 14)..]) : null;
    }

    private static double WalkFrames(ReadOnlySpan<byte> bytes, int at)
    {
        var seconds = 0.0;
        while (at < bytes.Length && FrameHeader.TryRead(bytes[at..]) is { } header)
        {
            seconds += (double)header.Samples / header.SampleRate;
            at += header.Length;
        }

        return seconds;
    }

    /// <summary>The four bytes before each frame. Version 1, 2 or 25 (meaning 2.5).</summary>
    [StructLayout(LayoutKind.Auto)]
    private readonly record struct FrameHeader(int Length, int Samples, int SampleRate, int SideInfoLength)
    {
        public static FrameHeader? TryRead(ReadOnlySpan<byte> bytes)
        {
            if (bytes.Length < 4 || bytes[0] != 0xFF || (bytes[1] & 0xE0) != 0xE0)
            {
                return null;
            }

            var version = ((bytes[1] >> 3) & 3) switch { 3 => 1, 2 => 2, 0 => 25, _ => 0 };
            var layer = 4 - ((bytes[1] >> 1) & 3);
            var rateIndex = (bytes[2] >> 2) & 3;
            var bitrateIndex = bytes[2] >> 4;
            if (version == 0 || layer == 4 || rateIndex == 3 || bitrateIndex is 0 or 15)
            {
                return null;
            }

            var rate = SampleRates[rateIndex] / (version switch { 1 => 1, 2 => 2, _ => 4 });
            var bitrate = Bitrates(version, layer)[bitrateIndex] * 1000;
            var padding = (bytes[2] >> 1) & 1;
            var samples = layer switch { 1 => 384, 2 => 1152, _ => version == 1 ? 1152 : 576 };
            var length = layer == 1 ? ((12 * bitrate / rate) + padding) * 4 : (samples / 8 * bitrate / rate) + padding;
            var mono = bytes[3] >> 6 == 3;
            var sideInfo = (version == 1, mono) switch { (true, false) => 32, (false, true) => 9, _ => 17 };
            return new FrameHeader(length, samples, rate, sideInfo);
        }

        private static ReadOnlySpan<short> Bitrates(int version, int layer) => (version, layer) switch
        {
            (1, 1) => BitratesV1Layer1,
            (1, 2) => BitratesV1Layer2,
            (1, _) => BitratesV1Layer3,
            (_, 1) => BitratesV2Layer1,
            _ => BitratesV2Layer23,
        };
    }
}
