using Cinegrain.Api.Security;
using Microsoft.Playwright;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace Cinegrain.Browser.Tests;

public sealed class AccessTests(PagesHost host) : IClassFixture<PagesHost>
{
    [BrowserFact]
    public async Task Pages_WithKeys_ShowAsMuchAsTheKeyAllows()
    {
        var (reader, admin) = (host.Keys.Create("reader", ApiScope.Read), host.Keys.Create("admin", ApiScope.Admin));
        await using var visit = await host.VisitAsync(user: "locked");
        await Expect(visit.Page.GetByRole(AriaRole.Heading, new() { Name = "This server asks for an API key" })).ToBeVisibleAsync();
        await Expect(visit.Page.Locator(".list, .find, .figures")).ToHaveCountAsync(0);
        await visit.AssertAccessibleAsync();

        await visit.Page.GetByLabel("API key").FillAsync("cgk_wrong");
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Open Cinegrain" }).ClickAsync();
        await Expect(visit.Page.GetByText("There is no such key")).ToBeVisibleAsync();

        await visit.Page.GetByLabel("API key").FillAsync(reader.Key);
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Open Cinegrain" }).ClickAsync();
        await visit.ReadyAsync();
        await Expect(visit.Found.First.GetByRole(AriaRole.Slider)).ToBeDisabledAsync();
        await Expect(visit.Page.Locator(".me")).ToContainTextAsync("has not the scope admin");
        await visit.AssertAccessibleAsync();

        // The tab remembers the key; a key that is withdrawn opens nothing more, also where it already had.
        await visit.Page.ReloadAsync();
        await visit.ReadyAsync();
        host.Keys.Revoke(reader.Info.Id);
        await visit.Page.GetByLabel("Search by title").FillAsync("alien");
        await Expect(visit.Page.GetByRole(AriaRole.Heading, new() { Name = "This server asks for an API key" })).ToBeVisibleAsync();
        await Expect(visit.Page.Locator(".list, .find")).ToHaveCountAsync(0);

        await visit.Page.GetByLabel("API key").FillAsync(admin.Key);
        await visit.Page.Keyboard.PressAsync("Enter");
        await visit.ReadyAsync();
        await visit.RateAsync("alien", "Alien", 4);
        await Expect(visit.Page.Locator(".history")).ToContainTextAsync("Alien");
        Assert.Contains(host.Audit.Entries, entry => entry.Action == Api.AuditAction.ProfileRead && entry.Who == admin.Info.Id);
        Assert.Empty(visit.Mistakes);
    }
}
