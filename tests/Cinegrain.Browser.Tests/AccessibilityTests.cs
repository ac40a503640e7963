using Microsoft.Playwright;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace Cinegrain.Browser.Tests;

public sealed class AccessibilityTests(PagesHost host) : IClassFixture<PagesHost>
{
    [BrowserFact]
    public Task Pages_InLight_BreakNoRule() => CheckAsync(ColorScheme.Light);

    [BrowserFact]
    public Task Pages_InDark_BreakNoRule() => CheckAsync(ColorScheme.Dark);

    [BrowserFact]
    public async Task Pages_OnAPhone_FitItsWidth()
    {
        await using var visit = await host.VisitAsync(user: "phone", width: 360, height: 740, touch: true);
        await visit.ReadyAsync();
        await visit.AssertFitsAsync();
        await visit.RateAsync("lord of the rings", "The Lord of the Rings: The Fellowship of the Ring", 5);
        await visit.AssertFitsAsync();
        await Expect(visit.Page.Locator(".to-list")).ToBeVisibleAsync();
        await visit.Page.Locator(".to-list").ClickAsync();
        await Expect(visit.Page.Locator("#list-title")).ToBeInViewportAsync();
        await visit.AssertAccessibleAsync();

        await visit.Page.GotoAsync(new Uri(host.Address, "/dashboard").ToString());
        await Expect(visit.Page.Locator(".chart")).ToHaveCountAsync(11);
        await visit.AssertFitsAsync();
        await visit.AssertAccessibleAsync();
    }

    private async Task CheckAsync(ColorScheme scheme)
    {
        await using var visit = await host.VisitAsync(user: $"axe-{scheme}", scheme: scheme);
        await visit.ReadyAsync();
        await visit.AssertAccessibleAsync();
        await visit.RateAsync("alien", "Alien", 5);
        await visit.RateAsync("grease", "Grease", 1);
        await visit.AssertAccessibleAsync();

        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Change user" }).ClickAsync();
        await Expect(visit.Page.GetByRole(AriaRole.Dialog)).ToBeVisibleAsync();
        await visit.AssertAccessibleAsync();

        await visit.Page.GotoAsync(new Uri(host.Address, "/dashboard").ToString());
        await Expect(visit.Page.Locator(".chart")).ToHaveCountAsync(11);
        await visit.AssertAccessibleAsync();
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Table of Films by release year" }).ClickAsync();
        await visit.AssertAccessibleAsync();
        Assert.Empty(visit.Mistakes);
    }
}
