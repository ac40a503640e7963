using Microsoft.Playwright;
using Xunit;

namespace Cinegrain.Browser.Tests;

/// <summary>Takes the pictures of the documentation where CINEGRAIN_PICTURES names a folder.</summary>
public sealed class PicturesTests(PagesHost host) : IClassFixture<PagesHost>
{
    [BrowserFact]
    public async Task Pages_OnEveryScreen_CanBePictured()
    {
        var folder = Environment.GetEnvironmentVariable("CINEGRAIN_PICTURES");
        foreach (var (name, width, height, scheme) in new[]
        {
            ("desktop-light", 1440, 900, ColorScheme.Light), ("desktop-dark", 1440, 900, ColorScheme.Dark),
            ("phone-dark", 360, 780, ColorScheme.Dark), ("phone-light", 360, 780, ColorScheme.Light), ("tablet-light", 820, 1180, ColorScheme.Light),
        })
        {
            await using var visit = await host.VisitAsync("/", $"{name}", width, height, scheme, touch: width < 800);
            await visit.ReadyAsync();
            await ShootAsync(visit, folder, $"home-new-{name}");
            foreach (var (query, title, stars) in new[] { ("alien", "Alien", 4.5), ("blade runner", "Blade Runner", 5.0), ("spirited", "Spirited Away", 4.0) })
            {
                await visit.SearchAsync(query, title);
                await visit.Page.GetByLabel($"Your rating of {title}", new() { Exact = true }).First.FocusAsync();
                for (var i = 0.0; i < stars; i += .5)
                {
                    await visit.Page.Keyboard.PressAsync("ArrowRight");
                }

                await visit.Page.Keyboard.PressAsync("Enter");
                await Assertions.Expect(visit.Page.Locator(".list-state")).ToContainTextAsync($"{title} learned in");
            }

            await visit.Page.GetByLabel("Search by title").FillAsync("");
            await Assertions.Expect(visit.Found).ToHaveCountAsync(6);
            await visit.Page.EvaluateAsync("document.activeElement.blur()");
            await ShootAsync(visit, folder, $"home-{name}");
            await visit.Page.GotoAsync(new Uri(host.Address, "/dashboard").ToString());
            await Assertions.Expect(visit.Page.Locator(".chart")).ToHaveCountAsync(11);
            await ShootAsync(visit, folder, $"dashboard-{name}");
            Assert.Empty(visit.Mistakes);
        }
    }

    private static async Task ShootAsync(Visit visit, string? folder, string name)
    {
        if (folder is null)
        {
            return;
        }

        await visit.Page.ScreenshotAsync(new PageScreenshotOptions { Path = Path.Combine(folder, $"{name}.png") });
        await visit.Page.ScreenshotAsync(new PageScreenshotOptions { Path = Path.Combine(folder, $"{name}-full.png"), FullPage = true });
    }
}
