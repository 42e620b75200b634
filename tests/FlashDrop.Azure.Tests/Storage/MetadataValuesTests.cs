using CsCheck;
using FlashDrop.Azure.Storage;
using FlashDrop.Core.Ports;

namespace FlashDrop.Azure.Tests.Storage;

public sealed class MetadataValuesTests
{
    [Fact]
    public void Any_text_becomes_a_header_value_and_back() =>
        Gen.String.Where(IsWellFormed).Sample(text =>
        {
            var value = MetadataValues.Encode(text);
            return value.Length > 0 && value.All(letter => letter is >= ' ' and <= '~') && value.Trim() == value && MetadataValues.Decode(value) == text;
        });

    [Theory]
    [InlineData("plain text")]
    [InlineData("=?utf-8?B?")]
    [InlineData("=?utf-8?B?%%%?=")]
    public void What_was_not_encoded_is_read_as_it_is(string value) => Assert.Equal(value, MetadataValues.Decode(value));

    [Theory]
    [InlineData("job-id", "job_id")]
    [InlineData("ETag", "etag")]
    [InlineData("1st", "_1st")]
    [InlineData("ä b", "__b")]
    public void Keys_are_normalised(string key, string stored) => Assert.Equal(stored, BlobMetadata.NormalizeKey(key));

    private static bool IsWellFormed(string text)
    {
        for (var index = 0; index < text.Length; index++)
        {
            if (char.IsSurrogate(text[index]) && !(index + 1 < text.Length && char.IsSurrogatePair(text[index], text[++index])))
            {
                return false;
            }
        }

        return true;
    }
}
