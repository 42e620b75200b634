using CsCheck;
using FlashDrop.Simulator.Media;

namespace FlashDrop.Simulator.Tests;

public class MediaInspectorTests
{
    [Fact]
    public void Png_ItsSizeIsRead()
    {
        var facts = MediaInspector.Inspect(MediaBytes.Png(960, 540))!;
        Assert.Equal(("PNG", 960, 540), (facts.Format, facts.Width, facts.Height));
    }

    [Fact]
    public void ProgressiveJpegWithFillBytes_ItsSizeIsRead()
    {
        var facts = MediaInspector.Inspect(MediaBytes.Jpeg(640, 480))!;
        Assert.Equal(("JPEG", 640, 480), (facts.Format, facts.Width, facts.Height));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Wav_ItsDurationIsRead(bool unknownSize)
    {
        var facts = MediaInspector.Inspect(MediaBytes.Wav(2.5, unknownSize: unknownSize))!;
        Assert.Equal(("WAV", 2.5), (facts.Format, facts.Duration.TotalSeconds));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Mp3WithoutHeader_FramesAreCounted(bool id3)
    {
        var facts = MediaInspector.Inspect(MediaBytes.Mp3(100, id3))!;
        Assert.Equal("MP3", facts.Format);
        Assert.Equal(100 * 1152 / 44100.0, facts.Duration.TotalSeconds, 3);
    }

    [Theory]
    [InlineData(5000u, null)]
    [InlineData(null, 5000u)]
    public void Mp3WithVariableRateHeader_TheHeaderIsBelieved(uint? xing, uint? vbri)
    {
        var facts = MediaInspector.Inspect(MediaBytes.Mp3(3, id3: true, xing, vbri))!;
        Assert.Equal(5000 * 1152 / 44100.0, facts.Duration.TotalSeconds, 3);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Mp4_DurationAndSizeAreRead(bool version1)
    {
        var facts = MediaInspector.Inspect(MediaBytes.Mp4(12.5, 1280, 720, version1))!;
        Assert.Equal((MediaKind.Video, 1280, 720, 12.5), (facts.Kind, facts.Width, facts.Height, facts.Duration.TotalSeconds));
    }

    [Fact]
    public void Pdf_PagesAreCountedInTheOpenAndInObjectStreams()
    {
        Assert.Equal(4, MediaInspector.Inspect(MediaBytes.Pdf(4))!.Pages);
        Assert.Equal(7, MediaInspector.Inspect(MediaBytes.PdfWithObjectStream(7))!.Pages);
    }

    [Fact]
    public void Text_CharactersAreCounted()
    {
        var facts = MediaInspector.Inspect("grüße"u8.ToArray())!;
        Assert.Equal((MediaKind.Text, 5), (facts.Kind, facts.Characters));
    }

    [Fact]
    public void Nothing_IsNothing()
    {
        Assert.Null(MediaInspector.Inspect(Array.Empty<byte>()));
        Assert.Null(MediaInspector.Inspect(new byte[] { 0, 1, 2, 255, 254 }));
    }

    [Fact]
    public void DamagedFiles_NeverThrow()
    {
        byte[][] files =
        [
            MediaBytes.Png(9, 9), MediaBytes.Jpeg(9, 9), MediaBytes.Wav(0.01), MediaBytes.Mp3(2, true, 9), MediaBytes.Mp4(1, 9, 9),
            MediaBytes.Mp4(1, 9, 9, version1: true), MediaBytes.Pdf(2), MediaBytes.PdfWithObjectStream(2),
        ];
        Gen.Select(Gen.Int[0, files.Length - 1].Select(i => files[i]), Gen.Int[0, 4096], Gen.Select(Gen.Int[0, 4096], Gen.Byte).Array[0, 8]).Sample((file, cut, changes) =>
        {
            var damaged = file[..Math.Min(cut, file.Length)];
            foreach (var (at, value) in changes.Where(_ => damaged.Length > 0))
            {
                damaged[at % damaged.Length] = value;
            }

            MediaInspector.Inspect(damaged);
        }, iter: 20_000);
    }
}
