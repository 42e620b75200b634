using System.Text;

namespace FlashDrop.Core.Tests.Reports;

/// <summary>
/// Files a result must match to the byte. With the environment variable <c>FLASHDROP_UPDATE_GOLDEN=1</c> they are written instead; look at
/// the difference before committing it.
/// </summary>
internal static class Golden
{
    public static void Matches(string name, string actual)
    {
        var path = Path.Combine(Root(), "tests", "FlashDrop.Core.Tests", "Reports", "Golden", name);
        if (Environment.GetEnvironmentVariable("FLASHDROP_UPDATE_GOLDEN") == "1")
        {
            File.WriteAllText(path, actual);
            return;
        }

        Assert.True(File.Exists(path), $"{path} is missing; run once with FLASHDROP_UPDATE_GOLDEN=1.");
        Assert.Equal(Encoding.UTF8.GetString(File.ReadAllBytes(path)), actual);
    }

    private static string Root()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Functions.sln")))
            {
                return folder.FullName;
            }
        }

        throw new InvalidOperationException($"No Functions.sln above {AppContext.BaseDirectory}.");
    }
}
