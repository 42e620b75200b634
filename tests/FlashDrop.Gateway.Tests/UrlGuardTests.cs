using System.Net;
using CsCheck;
using FlashDrop.Gateway.Urls;

namespace FlashDrop.Gateway.Tests;

public sealed class UrlGuardTests
{
    [Theory]
    [InlineData("https://example.com/a.png")]
    [InlineData("https://EXAMPLE.com:443/a.png?sig=a%2Fb#f")]
    [InlineData("https://xn--mnchen-3ya.example/a.png")]
    [InlineData("https://example.com/ä.png")]
    [InlineData("https://8.8.8.8/a.png")]
    [InlineData("https://[2606:4700:4700::1111]/a.png")]
    [InlineData("https://172.32.0.1/a.png")]
    public void PublicUrl_IsTaken(string url) => Assert.NotNull(new UrlGuard([], allowLoopback: false).Check(url).Url);

    [Theory]
    [InlineData("")]
    [InlineData("a.png")]
    [InlineData("//example.com/a.png")]
    [InlineData("http://example.com/a.png")]
    [InlineData("ftp://example.com/a.png")]
    [InlineData("file:///etc/passwd")]
    [InlineData("gs://bucket/a.png")]
    [InlineData("data:image/png;base64,AAAA")]
    [InlineData("javascript:alert(1)")]
    [InlineData("https://user@example.com/a.png")]
    [InlineData("https://user:pass@example.com/a.png")]
    [InlineData("https://@example.com/a.png")]
    [InlineData("https://example.com:8443/a.png")]
    [InlineData("https://example.com:22/a.png")]
    [InlineData("https://localhost/a.png")]
    [InlineData("https://LOCALHOST./a.png")]
    [InlineData("https://a.localhost/a.png")]
    [InlineData("https://printer.local/a.png")]
    [InlineData("https://metadata.google.internal/a.png")]
    [InlineData("https://metadata.google.internal./a.png")]
    [InlineData("https://intranet/a.png")]
    [InlineData("https://127.0.0.1/a.png")]
    [InlineData("https://127.1/a.png")]
    [InlineData("https://2130706433/a.png")]
    [InlineData("https://0x7f000001/a.png")]
    [InlineData("https://0x7f.0.0.1/a.png")]
    [InlineData("https://0177.0.0.1/a.png")]
    [InlineData("https://127.0.0.1./a.png")]
    [InlineData("https://10.0.0.1.:443/a.png")]
    [InlineData("https://169.254.169.254./a.png")]
    [InlineData("https://0251.0376.0251.0376/a.png")]
    [InlineData("https://0xa9fea9fe/a.png")]
    [InlineData("https://2852039166/a.png")]
    [InlineData("https://10.0x10.1/a.png")]
    [InlineData("https://%31%32%37.0.0.1/a.png")]
    [InlineData("https://127.0.0.1%2f@example.com/a.png")]
    [InlineData("https://example.com:80@127.0.0.1/a.png")]
    [InlineData("https://0.0.0.0/a.png")]
    [InlineData("https://10.1.2.3/a.png")]
    [InlineData("https://100.64.0.1/a.png")]
    [InlineData("https://169.254.169.254/latest/meta-data.txt")]
    [InlineData("https://168.63.129.16/a.png")]
    [InlineData("https://172.16.0.1/a.png")]
    [InlineData("https://192.168.1.1/a.png")]
    [InlineData("https://224.0.0.1/a.png")]
    [InlineData("https://255.255.255.255/a.png")]
    [InlineData("https://[::1]/a.png")]
    [InlineData("https://[::]/a.png")]
    [InlineData("https://[::ffff:127.0.0.1]/a.png")]
    [InlineData("https://[::ffff:a9fe:a9fe]/a.png")]
    [InlineData("https://[64:ff9b::7f00:1]/a.png")]
    [InlineData("https://[2002:7f00:1::]/a.png")]
    [InlineData("https://[fc00::1]/a.png")]
    [InlineData("https://[fe80::1]/a.png")]
    [InlineData("https://[fe80::1%25eth0]/a.png")]
    [InlineData("https://[ff02::1]/a.png")]
    [InlineData("https://１２７.０.０.１/a.png")]
    [InlineData("https://127。0。0。1/a.png")]
    [InlineData("https://example.com\\@127.0.0.1/a.png")]
    [InlineData("https://example.com/a b.png")]
    [InlineData("https://example.com/a\r\nX: y.png")]
    [InlineData("https:///a.png")]
    [InlineData("https://aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb.ccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc.ddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd.com/a.png")]
    public void UrlThatIsNotPublic_IsRefusedWithARemedy(string url)
    {
        var (taken, message, remedy) = new UrlGuard([], allowLoopback: false).Check(url);

        Assert.Null(taken);
        Assert.NotEmpty(message!);
        Assert.NotEmpty(remedy!);
    }

    [Fact]
    public void OverlongUrl_IsRefused() =>
        Assert.Null(new UrlGuard([], allowLoopback: false).Check($"https://example.com/{new string('a', UrlGuard.MaxLength)}.png").Url);

    [Fact]
    public void AnyAddressOfAPrivateNetwork_IsRefusedHoweverWritten()
    {
        var network = Gen.OneOf((0x0A000000u, 8), (0x7F000000u, 8), (0xA9FE0000u, 16), (0xAC100000u, 12), (0xC0A80000u, 16), (0x64400000u, 10));
        Gen.Select(network, Gen.UInt, Gen.Int[0, 4]).Sample((net, bits, form) =>
        {
            var value = net.Item1 | (bits & (uint.MaxValue >> net.Item2));
            var address = new IPAddress(BitConverter.GetBytes(value).Reverse().ToArray());
            var host = form switch
            {
                0 => address.ToString(),
                1 => value.ToString(),
                2 => $"0x{value:x}",
                3 => $"[{address.MapToIPv6()}]",
                _ => $"[::ffff:{value >> 16:x}:{value & 0xFFFF:x}]",
            };

            return new UrlGuard([], allowLoopback: false).Check($"https://{host}/a.png").Url is null;
        });
    }

    [Theory]
    [InlineData("http://127.0.0.1:8080/a.png", true)]
    [InlineData("http://localhost:8080/a.png", true)]
    [InlineData("https://[::1]:8080/a.png", true)]
    [InlineData("http://192.168.1.1/a.png", false)]
    [InlineData("http://example.com/a.png", false)]
    [InlineData("http://u:p@127.0.0.1/a.png", false)]
    [InlineData("file://localhost/etc/passwd", false)]
    [InlineData("file:///etc/passwd", false)]
    [InlineData("ftp://127.0.0.1/a.png", false)]
    public void LoopbackOption_OpensThisMachineOnly(string url, bool taken) =>
        Assert.Equal(taken, new UrlGuard([], allowLoopback: true).Check(url).Url is not null);

    [Theory]
    [InlineData("https://example.com:8443/a.png", true)]
    [InlineData("https://example.com/a.png", false)]
    public void ConfiguredPorts_ReplaceTheDefault(string url, bool taken) =>
        Assert.Equal(taken, new UrlGuard([8443], allowLoopback: false).Check(url).Url is not null);
}
