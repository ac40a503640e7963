using Microsoft.Playwright;
using Xunit;

namespace Cinegrain.Browser.Tests;

/// <summary>The pictures of the documentation; kept where CINEGRAIN_PICTURES names a folder (<c>docs/images</c>).</summary>
public sealed class PicturesTests(PagesHost host) : IClassFixture<PagesHost>
{
    [BrowserFact]
    public async Task Pages_WithAFewRatings_CanBePictured()
    {
        await using var desktop = await host.VisitAsync(user: "guest-7kq2m");
        await RateAsync(desktop);
        await ShootAsync(desktop, "home");

        await desktop.Page.GotoAsync(new Uri(host.Address, "/dashboard").ToString());
        await Assertions.Expect(desktop.Page.Locator(".chart")).ToHaveCountAsync(11);
        await ShootAsync(desktop, "dashboard");
        Assert.Empty(desktop.Mistakes);

        await using var phone = await host.VisitAsync(user: "guest-p4vxe", width: 360, height: 780, scheme: ColorScheme.Dark, touch: true, scale: 2);
        await RateAsync(phone);
        await phone.Page.Locator("#list-title").EvaluateAsync("title => title.scrollIntoView({ behavior: 'instant' })");
        await ShootAsync(phone, "phone");
        Assert.Empty(phone.Mistakes);
    }

    private static async Task RateAsync(Visit visit)
    {
        await visit.ReadyAsync();
        await visit.RateAsync("alien", "Alien", 4.5);
        await visit.RateAsync("blade runner", "Blade Runner", 5);
        await visit.RateAsync("spirited", "Spirited Away", 4);
        await visit.Page.GetByLabel("Search by title").FillAsync("");
        await Assertions.Expect(visit.Found).ToHaveCountAsync(6);
        await visit.Page.EvaluateAsync("document.activeElement.blur()");
    }

    private static async Task ShootAsync(Visit visit, string name)
    {
        // Noise is what PNG cannot shrink.
        await visit.Page.AddStyleTagAsync(new() { Content = "body::before, .poster::after { display: none }" });
        var picture = await visit.Page.ScreenshotAsync();
        Assert.InRange(picture.Length, 10_000, 300_000);
        if (Environment.GetEnvironmentVariable("CINEGRAIN_PICTURES") is { Length: > 0 } folder)
        {
            await File.WriteAllBytesAsync(Path.Combine(folder, $"{name}.png"), picture);
        }
    }
}
