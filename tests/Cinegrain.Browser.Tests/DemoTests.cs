using Microsoft.Playwright;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace Cinegrain.Browser.Tests;

/// <summary>The whole loop, from the stars through log and model back to the page.</summary>
public sealed class DemoTests(DemoHost host) : IClassFixture<DemoHost>
{
    [BrowserFact]
    public async Task Demo_AFilmIsRated_TheListLearnsAndTheDashboardShowsIt()
    {
        await using var visit = await host.VisitAsync(user: "newcomer");
        await visit.ReadyAsync();
        await visit.RateAsync("alien", "Alien", 5);
        await Expect(visit.List.Locator(".reasons").GetByText("because you watched Alien").First).ToBeVisibleAsync();
        await Expect(visit.Page.Locator(".history")).ToContainTextAsync("Alien");

        await visit.Page.GotoAsync(new Uri(host.Address, "/dashboard").ToString());
        foreach (var name in new[] { "recall", "ratings", "popular", "months", "years", "genres", "languages" })
        {
            await Expect(visit.Page.Locator($"[data-chart={name}]").Locator("[role=img], .bars").First).ToBeVisibleAsync();
        }

        await visit.Page.GotoAsync(host.Address.ToString());
        await visit.ReadyAsync();
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Erase me" }).ClickAsync();
        await visit.Page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Erase me" }).ClickAsync();
        await Expect(visit.Page.Locator(".mud-snackbar")).ToContainTextAsync("Erased:");
        await Expect(visit.Page.Locator(".me")).ToContainTextAsync("Nothing yet");
        Assert.Empty(visit.Mistakes);
    }
}
