using System.Buffers.Binary;

namespace FlashDrop.Simulator.Media;

/// <summary>WAV: duration = size of the data chunk over the byte rate of the format chunk.</summary>
internal static class WavFile
{
    public static MediaFacts? Read(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < 12 || !bytes.StartsWith("RIFF"u8) || !bytes.Slice(8, 4).SequenceEqual("WAVE"u8))
        {
            return null;
        }

        uint rate = 0;
        long at = 12;
        while (at + 8 <= bytes.Length)
        {
            var chunk = bytes[(int)at..];
            var size = BinaryPrimitives.ReadUInt32LittleEndian(chunk[4..]);
            if (chunk.StartsWith("fmt "u8) && chunk.Length >= 20)
            {
                rate = BinaryPrimitives.ReadUInt32LittleEndian(chunk[16..]);
            }
            else if (chunk.StartsWith("data"u8))
            {
                // A recorder that streams leaves the size at 0 or at its maximum: then the rest of the file is the data.
                var rest = (uint)(chunk.Length - 8);
                var data = size is 0 || size > rest ? rest : size;
                return rate == 0
                    ? null
                    : new MediaFacts { Kind = MediaKind.Audio, Format = "WAV", Duration = TimeSpan.FromSeconds((double)data / rate) };
            }

            at += 8 + size + (size & 1);
        }

        return null;
    }
}
