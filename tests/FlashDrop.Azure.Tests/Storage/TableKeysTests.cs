using CsCheck;
using FlashDrop.Azure.Storage;

namespace FlashDrop.Azure.Tests.Storage;

public sealed class TableKeysTests
{
    [Fact]
    public void Any_id_is_escaped_to_a_legal_key_and_back()
    {
        // Half of a surrogate pair included: ids come from outside.
        Gen.Char[(char)0, char.MaxValue].Array[0, 80].Select(units => new string(units)).Sample(id =>
        {
            var key = TableKeys.Escape(id);
            return key.Length <= TableKeys.MaxLength
                && key.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '.' or '_' or ':' or '~')
                && TableKeys.TryUnescape(key, out var back)
                && back == id;
        });
    }

    [Fact]
    public void Different_ids_have_different_keys()
    {
        var ids = Gen.String[Gen.Char["ab/~0014"], 0, 8];
        Gen.Select(ids, ids).Sample((left, right) => left == right == (TableKeys.Escape(left) == TableKeys.Escape(right)));
    }

    [Theory]
    [InlineData("task-unified-1757156493-imcg5zqt", "task-unified-1757156493-imcg5zqt")]
    [InlineData("a/b c", "a~002fb~0020c")]
    [InlineData("~", "~007e")]
    public void Common_ids_stay_readable(string id, string key) => Assert.Equal(key, TableKeys.Escape(id));

    [Fact]
    public void Long_ids_become_distinct_digests()
    {
        var first = TableKeys.Escape(new string('/', 1000));
        var second = TableKeys.Escape(new string('/', 1001));

        Assert.InRange(first.Length, 1, TableKeys.MaxLength);
        Assert.NotEqual(first, second, StringComparer.Ordinal);
        Assert.False(TableKeys.TryUnescape(first, out _));
    }

    [Theory]
    [InlineData("~")]
    [InlineData("~00")]
    [InlineData("~00zz")]
    [InlineData("~ 0a1")]
    public void Malformed_keys_are_refused(string key) => Assert.False(TableKeys.TryUnescape(key, out _));
}
