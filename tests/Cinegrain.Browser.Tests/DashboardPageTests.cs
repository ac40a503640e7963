using Microsoft.Playwright;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace Cinegrain.Browser.Tests;

public sealed class DashboardPageTests(PagesHost host) : IClassFixture<PagesHost>
{
    private static readonly string[] Charts =
        ["recall", "ndcg", "minutes", "ratings", "popular", "trending", "months", "rejected", "years", "genres", "languages"];

    [BrowserFact]
    public async Task Dashboard_WithData_ShowsEveryChartAndItsTable()
    {
        await using var visit = await host.VisitAsync("/dashboard");
        foreach (var name in Charts)
        {
            var chart = visit.Page.Locator($"[data-chart={name}]");
            await Expect(chart.Locator("[role=img], .bars").First).ToBeVisibleAsync();
            await chart.GetByRole(AriaRole.Button, new() { Name = "Table of" }).ClickAsync();
            await Expect(chart.Locator("tbody tr").First).ToBeVisibleAsync();
            await chart.GetByRole(AriaRole.Button, new() { Name = "Table of" }).ClickAsync();
            await Expect(chart.Locator("table")).ToHaveCountAsync(0);
        }

        await Expect(visit.Page.Locator("[data-chart=recall] .line")).ToHaveCountAsync(2);
        await Expect(visit.Page.Locator("[data-chart=recall] [role=img]")).ToHaveAttributeAsync("aria-label", new System.Text.RegularExpressions.Regex("^Recall@10: now 0\\.1[0-9]{2}, popularity alone 0\\.0"));
        await Expect(visit.Page.Locator("[data-chart=years] .column")).ToHaveCountAsync(105);
        await Expect(visit.Page.Locator(".figures")).ToContainTextAsync("3,012");
        await Expect(visit.Page.Locator(".figures")).ToContainTextAsync("within 18.2 ms");
        await Expect(visit.Page.Locator("[data-chart=variants] tbody tr")).ToHaveCountAsync(2);
        await Expect(visit.Page.Locator("[data-chart=variants] tbody tr").Last).ToContainTextAsync("0.150 (0.140 to 0.160)");
        Assert.Empty(visit.Mistakes);
    }

    [BrowserFact]
    public async Task Dashboard_OfANewServer_SaysWhatIsMissing()
    {
        try
        {
            host.Recommender.IsNew = true;
            await using var visit = await host.VisitAsync("/dashboard");
            foreach (var name in Charts.Except(["years", "genres", "languages"]))
            {
                await Expect(visit.Page.Locator($"[data-chart={name}] .empty p")).ToBeVisibleAsync();
            }

            await Expect(visit.Page.Locator(".figures")).ToContainTextAsync("no list was tested yet");
        }
        finally
        {
            host.Recommender.IsNew = false;
        }
    }

    [BrowserFact]
    public async Task Dashboard_ServiceAway_IsSaidAndMended()
    {
        try
        {
            host.Recommender.IsAway = true;
            await using var visit = await host.VisitAsync("/dashboard");
            await Expect(visit.Page.GetByText("The numbers cannot be read now")).ToBeVisibleAsync();
            host.Recommender.IsAway = false;
            await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Try again" }).ClickAsync();
            await Expect(visit.Page.Locator(".chart")).ToHaveCountAsync(Charts.Length);
        }
        finally
        {
            host.Recommender.IsAway = false;
        }
    }
}
