using System.Text;
using CsCheck;
using FlashDrop.Core.Media;

namespace FlashDrop.Core.Tests.Media;

public sealed class MediaSnifferTests
{
    private static readonly string[] Starts = ["RIFF", "GIF8", "ID3", "PK\u0003\u0004", "\0\0\0\u0018ftyp", "%PDF-"];

    public static TheoryData<string, byte[]> Files => new()
    {
        { "image/jpeg", [0xFF, 0xD8, 0xFF, 0xE1, 0, 0] },
        { "image/png", [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0] },
        { "image/gif", "GIF89a..."u8.ToArray() },
        { "image/webp", "RIFF....WEBPVP8 "u8.ToArray() },
        { "image/heic", [0, 0, 0, 24, .. "ftypheic"u8] },
        { "audio/mp3", "ID3\x04\0\0"u8.ToArray() },
        { "audio/mp3", [0xFF, 0xFB, 0x90, 0x64, 0, 0] },
        { "audio/mp3", [0xFF, 0xF3, 0x40, 0xC4, 0, 0] },
        { "audio/wav", "RIFF....WAVEfmt "u8.ToArray() },
        { "audio/aac", [0, 0, 0, 24, .. "ftypM4A "u8] },
        { "audio/aac", [0xFF, 0xF1, 0x50, 0x80] },
        { "video/mp4", [0, 0, 0, 24, .. "ftypisom"u8] },
        { "video/mp4", [0, 0, 0, 24, .. "ftypmp42"u8] },
        { "video/mov", [0, 0, 0, 24, .. "ftypqt  "u8] },
        { "application/pdf", "%PDF-1.7"u8.ToArray() },
        { "application/pdf", "junk before\n%PDF-1.4"u8.ToArray() },
        { "application/zip", "PK\x03\x04"u8.ToArray() },
        { "text/plain", "Grüße, 東京"u8.ToArray() },
        { "text/plain", Encoding.Unicode.GetPreamble().Concat(Encoding.Unicode.GetBytes("hello")).ToArray() },
        { "application/octet-stream", [0x7F, 0x45, 0x4C, 0x46, 2, 1, 1, 0] },
        { "application/octet-stream", [0xFF, 0xFB, 0xFF, 0xFF] },
        { "application/octet-stream", "text with a \0 in it"u8.ToArray() },
        { "application/octet-stream", [0xC3, 0x28] },
    };

    [Theory]
    [MemberData(nameof(Files))]
    public void Type_IsToldByTheBytes(string expected, byte[] head) =>
        Assert.Equal(expected, MediaSniffer.Detect(head, whole: true).MimeType);

    [Fact]
    public void TextCutInsideACharacter_IsStillText_UnlessThatIsItsEnd()
    {
        var cut = "Grü"u8[..3];

        Assert.Equal(MediaType.Text, MediaSniffer.Detect(cut, whole: false));
        Assert.Equal(MediaType.Unknown, MediaSniffer.Detect(cut, whole: true));
    }

    [Fact]
    public void Mp3Frame_NeedsASecondFrameWhereTheFirstEnds()
    {
        var lone = new byte[600];
        byte[] frame = [0xFF, 0xFB, 0x90, 0x64];
        frame.CopyTo(lone, 0);
        Assert.NotEqual(MediaType.Mp3, MediaSniffer.Detect(lone, whole: false));

        frame.CopyTo(lone, 417);
        Assert.Equal(MediaType.Mp3, MediaSniffer.Detect(lone, whole: false));
    }

    [Fact]
    public void AnyBytes_AreTold_WithoutAnException()
    {
        Gen.Byte.Array[0, 200].Sample(bytes => MediaSniffer.Detect(bytes, whole: true) is not null);
        Gen.Select(Gen.Int[0, Starts.Length - 1].Select(i => Starts[i]), Gen.Byte.Array[0, 64])
            .Sample((start, rest) => MediaSniffer.Detect([.. Encoding.Latin1.GetBytes(start), .. rest], whole: false) is not null);
    }
}
