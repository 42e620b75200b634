using CsCheck;
using FlashDrop.Core.Media;

namespace FlashDrop.Core.Tests.Media;

public sealed class MediaInspectorTests
{
    [Fact]
    public async Task Images_TellTheirSize()
    {
        Assert.Equal((960, 540), Size(await InspectAsync(TestMedia.Jpeg(960, 540))));
        Assert.Equal((640, 400), Size(await InspectAsync(TestMedia.Png(640, 400))));
    }

    [Fact]
    public async Task Jpeg_BehindLongSegments_TakesFewReads_AndNoneThatIsNotAllowed()
    {
        var file = TestMedia.Jpeg(30, 20, segments: 4);

        Assert.Equal((30, 20), Size(await InspectAsync(file)));
        Assert.Null((await InspectAsync(file, mayRead: false)).Width);
        Assert.Null((await InspectAsync(file, mayRead: false)).Damage);
        Assert.Null((await InspectAsync(TestMedia.Jpeg(30, 20, segments: 9))).Width);
    }

    [Theory]
    [InlineData(960, 540, 6)]
    [InlineData(384, 384, 1)]
    [InlineData(385, 100, 12)]
    [InlineData(1000, 1, 1000)]
    public void Tiles_FollowThePublishedRule(int width, int height, long tiles)
    {
        Assert.Equal(tiles, TokenArithmetic.Tiles(new MediaFacts { Width = width, Height = height }));
    }

    [Theory]
    [InlineData(0, null, 26.1)]
    [InlineData(500, null, 26.1)]
    [InlineData(200_000, null, 26.1)]
    [InlineData(0, 38_281u, 1_000)]
    public async Task Mp3_TellsItsTime(int tag, uint? counted, double seconds)
    {
        Assert.Equal(seconds, (await InspectAsync(TestMedia.Mp3(1_000, tag, counted))).Seconds!.Value, 0.1);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Mp4_TellsItsTime_WithTheIndexAtEitherEnd(bool indexLast)
    {
        var (facts, reads) = await CountAsync(TestMedia.Mp4(12.5, data: 3_000_000, indexLast));

        Assert.Equal(12.5, facts.Seconds);
        Assert.Equal(indexLast ? 1 : 0, reads);
    }

    [Theory]
    [InlineData(0, false, 0)]
    [InlineData(300_000, false, 1)]
    [InlineData(300_000, true, 0)]
    public async Task Pdf_TellsItsPages(int padding, bool linear, int reads)
    {
        var (facts, made) = await CountAsync(TestMedia.Pdf(42, padding, linear));

        Assert.Equal((42, reads), (facts.Pages, made));
    }

    [Fact]
    public async Task Pdf_WithoutAPageTreeInSight_IsNotTold()
    {
        var facts = await InspectAsync("%PDF-1.7\n1 0 obj << /Type /ObjStm >> endobj\nstartxref\n9\n%%EOF"u8.ToArray());

        Assert.Equal((null, null), (facts.Pages, facts.Damage));
    }

    [Theory]
    [InlineData("utf-8", new byte[] { 65 })]
    [InlineData("utf-16le", new byte[] { 0xFF, 0xFE, 65, 0 })]
    [InlineData("utf-16be", new byte[] { 0xFE, 0xFF, 0, 65 })]
    public async Task Text_TellsItsEncoding(string expected, byte[] text) => Assert.Equal(expected, (await InspectAsync(text)).Encoding);

    public static TheoryData<byte[]> Broken =>
    [
        TestMedia.Jpeg(30, 20)[..10],
        TestMedia.Jpeg(30, 20)[..^2],
        (byte[])[0xFF, 0xD8, 0xFF, 0xE0, 0x4A, 0x46, 1, 2, 3, 4],
        TestMedia.Png(30, 20)[..20],
        TestMedia.Png(30, 20)[..^8],
        TestMedia.Png(0, 20),
        TestMedia.Mp3(3, tag: 5_000)[..1_000],
        (byte[])[.. "ID3"u8, 4, 0, 0, 0, 0, 0, 10, .. new byte[500]],
        TestMedia.Mp4(3)[..^10],
        TestMedia.Mp4(3, indexLast: true)[..^50],
        (byte[])[0, 0, 0, 12, .. "ftypisom"u8],
        TestMedia.Pdf(3)[..^30],
    ];

    [Theory]
    [MemberData(nameof(Broken))]
    public async Task FileThatIsBroken_IsToldFromAWholeOne(byte[] file) => Assert.NotNull((await InspectAsync(file)).Damage);

    [Fact]
    public async Task AnyBytes_AreInspected_WithoutAnException_WithinTheReads()
    {
        byte[][] whole = [TestMedia.Jpeg(30, 20, 2), TestMedia.Png(30, 20), TestMedia.Mp3(3, 90_000), TestMedia.Mp4(3, 90_000, indexLast: true), TestMedia.Pdf(3, 90_000)];
        var spoilt = Gen.Select(Any.Of(whole), Gen.Int[0, 300], Gen.Byte.Array[0, 40], Gen.Int[0, 400_000])
            .Select((file, at, bytes, length) =>
            {
                var copy = file[..Math.Min(file.Length, length)];
                var from = Math.Min(at, copy.Length);
                bytes.AsSpan(0, Math.Min(bytes.Length, copy.Length - from)).CopyTo(copy.AsSpan(from));
                return copy;
            });

        await spoilt.SampleAsync(
            async file =>
            {
                foreach (var type in new[] { MediaType.Jpeg, MediaType.Png, MediaType.Mp3, MediaType.Mp4, MediaType.Pdf, MediaType.Aac, MediaType.Text })
                {
                    var window = Window(file);
                    var facts = await MediaInspector.InspectAsync(type, window, CancellationToken.None);
                    Assert.InRange(window.Reads, 0, ByteWindow.MaxReads);
                    Assert.False(facts is { Seconds: < 0 } or { Pages: < 1 } or { Width: < 1 } or { Height: < 1 });
                    TokenArithmetic.Of(type, file.Length, facts, resolution: null);
                }
            },
            iter: 300,
            threads: 1);
    }

    private static async Task<(MediaFacts Facts, int Reads)> CountAsync(byte[] file)
    {
        var window = Window(file);
        return (await MediaInspector.InspectAsync(TypeOf(file), window, CancellationToken.None), window.Reads);
    }

    private static async Task<MediaFacts> InspectAsync(byte[] file, bool mayRead = true) =>
        await MediaInspector.InspectAsync(TypeOf(file), Window(file, mayRead), CancellationToken.None);

    private static MediaType TypeOf(byte[] file) => MediaSniffer.Detect(file.AsSpan(0, Math.Min(file.Length, MediaSniffer.HeadLength)), file.Length <= MediaSniffer.HeadLength);

    private static ByteWindow Window(byte[] file, bool mayRead = true) => new(
        file.AsMemory(0, Math.Min(file.Length, MediaSniffer.HeadLength)),
        file.Length,
        mayRead ? (offset, count, _) => Task.FromResult<ReadOnlyMemory<byte>?>(file.AsMemory((int)offset, count)) : null);

    private static (int?, int?) Size(MediaFacts facts) => (facts.Width, facts.Height);
}
