using Xunit;

namespace Cinegrain.Browser.Tests;

/// <summary>A test that needs a Chromium; skipped, with the reason, where there is none.</summary>
internal sealed class BrowserFactAttribute : FactAttribute
{
    public BrowserFactAttribute()
    {
        if (Chromium is null)
        {
            Skip = "No Chromium: install the package chromium, or name one in CINEGRAIN_CHROMIUM.";
        }
    }

    /// <summary>Path of the Chromium to use, or null.</summary>
    public static string? Chromium { get; } = new[]
    {
        Environment.GetEnvironmentVariable("CINEGRAIN_CHROMIUM"), "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome",
    }.FirstOrDefault(File.Exists);
}
