using Microsoft.Playwright;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace Cinegrain.Browser.Tests;

public sealed class FilmsPageTests(PagesHost host) : IClassFixture<PagesHost>
{
    [BrowserFact]
    public async Task Search_PartOfATitle_ShowsItsFilms()
    {
        await using var visit = await host.VisitAsync(user: "search");
        await visit.ReadyAsync();
        await visit.SearchAsync("godfa", "The Godfather");
        await Expect(visit.Found).ToHaveCountAsync(3);
        await Expect(visit.Page.Locator(".find [role=status]").First).ToHaveTextAsync("3 films found.");

        await visit.Page.GetByLabel("Search by title").FillAsync("no such film");
        await Expect(visit.Page.GetByText("No film has “no such film” in its title")).ToBeVisibleAsync();
        Assert.Empty(visit.Mistakes);
    }

    [BrowserFact]
    public async Task Search_More_AddsTheNextPage()
    {
        await using var visit = await host.VisitAsync(user: "more");
        await visit.ReadyAsync();
        await Expect(visit.Found).ToHaveCountAsync(6);
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "More films" }).ClickAsync();
        await Expect(visit.Found).ToHaveCountAsync(12);
        var ids = await visit.Found.EvaluateAllAsync<string[]>("films => films.map(film => film.dataset.movie)");
        Assert.Equal(ids.Distinct(), ids);
    }

    [BrowserFact]
    public async Task Rate_ByKeyboardAlone_ChangesTheListAndSaysWhy()
    {
        await using var visit = await host.VisitAsync(user: "keyboard");
        await visit.ReadyAsync();
        var before = await visit.ListedAsync();

        // From the top of the page: the skip link, then the search field, then the stars of the first film found.
        await visit.Page.EvaluateAsync("document.activeElement.blur()");
        await visit.Page.Keyboard.PressAsync("Tab");
        await Expect(visit.Page.GetByText("Skip to content")).ToBeFocusedAsync();
        await visit.Page.Keyboard.PressAsync("Enter");
        await visit.Page.Keyboard.PressAsync("Tab");
        await Expect(visit.Page.GetByLabel("Search by title")).ToBeFocusedAsync();
        await visit.Page.Keyboard.TypeAsync("alien");
        await Expect(visit.Found.First).ToContainTextAsync("Alien");
        await Expect(visit.Found).ToHaveCountAsync(2);
        for (var i = 0; i < 3 && await visit.Page.EvaluateAsync<string>("document.activeElement.type") != "range"; i++)
        {
            await visit.Page.Keyboard.PressAsync("Tab");
        }

        var title = (await visit.Page.EvaluateAsync<string>("document.activeElement.getAttribute('aria-label')"))["Your rating of ".Length..];
        for (var i = 0; i < 9; i++)
        {
            await visit.Page.Keyboard.PressAsync("ArrowRight");
        }

        Assert.Equal("4.5 of 5 stars", await visit.Page.EvaluateAsync<string>("document.activeElement.getAttribute('aria-valuetext')"));

        // Nothing more is pressed: a moment after the last key the choice is final.
        await Expect(visit.Page.Locator(".list-state")).ToContainTextAsync($"{title} learned in");
        var sent = Assert.Single(host.Recommender.Arrived, rating => rating.User == "keyboard");
        Assert.Equal(("rate", 4.5), (sent.Kind, sent.Value));

        Assert.NotEqual(before, await visit.ListedAsync());
        await Expect(visit.List.Locator(".mark-new").First).ToBeVisibleAsync();
        await Expect(visit.List.Locator(".reasons").GetByText($"because you watched {title}").First).ToBeVisibleAsync();
        await Expect(visit.Page.Locator("[data-announce]")).ToContainTextAsync("Your list changed");
        await Expect(visit.Page.Locator(".history")).ToContainTextAsync(title);
        Assert.Empty(visit.Mistakes);
    }

    [BrowserFact]
    public async Task Rate_AFilmOfTheList_LeavesTheFocusInTheList()
    {
        await using var visit = await host.VisitAsync(user: "focus");
        await visit.ReadyAsync();
        var second = (await visit.ListedAsync())[1];
        await visit.List.Nth(1).GetByRole(AriaRole.Slider).FocusAsync();
        await visit.Page.Keyboard.PressAsync("End");
        await visit.Page.Keyboard.PressAsync("Enter");
        await Expect(visit.Page.Locator($".rows [data-movie={second}]")).ToHaveCountAsync(0);
        await Expect(visit.List.Nth(1).GetByRole(AriaRole.Slider)).ToBeFocusedAsync();
    }

    [BrowserFact]
    public async Task Rate_ByPointer_TakesTheHalfStarUnderIt()
    {
        await using var visit = await host.VisitAsync(user: "pointer");
        await visit.ReadyAsync();
        await visit.SearchAsync("casablanca", "Casablanca");
        var stars = visit.Found.First.Locator(".stars");
        var box = (await stars.BoundingBoxAsync())!;
        await stars.ClickAsync(new() { Position = new() { X = box.Width * 3.3f / 5, Y = box.Height / 2 } });
        await Expect(visit.Page.Locator(".list-state")).ToContainTextAsync("Casablanca learned in");
        Assert.Equal(3.5, Assert.Single(host.Recommender.Arrived, rating => rating.User == "pointer").Value);
        box = (await stars.BoundingBoxAsync())!;
        await stars.ClickAsync(new() { Position = new() { X = box.Width * 4.9f / 5, Y = box.Height / 2 } });
        await Expect(visit.Page.Locator(".history")).ToContainTextAsync("5 ★");
    }

    [BrowserFact]
    public async Task NotForMe_AFilmOfTheList_TakesItAway()
    {
        await using var visit = await host.VisitAsync(user: "dislike");
        await visit.ReadyAsync();
        var first = (await visit.ListedAsync())[0];
        await visit.List.First.GetByRole(AriaRole.Button, new() { Name = "Not for me" }).ClickAsync();
        await Expect(visit.Page.Locator($".rows [data-movie={first}]")).ToHaveCountAsync(0);
        Assert.Equal("dislike", Assert.Single(host.Recommender.Arrived, rating => rating.User == "dislike").Kind);
    }

    [BrowserFact]
    public async Task List_OthersChangedIt_ShowsTheNewOne()
    {
        await using var visit = await host.VisitAsync(user: "others");
        await visit.ReadyAsync();
        var before = await visit.ListedAsync();
        host.Recommender.Disturb("others");
        await Expect(visit.Page.Locator("[data-announce]")).ToContainTextAsync("Your list changed");
        Assert.NotEqual(before, await visit.ListedAsync());
    }

    [BrowserFact]
    public async Task Away_Service_IsSaidAndMended()
    {
        await using var visit = await host.VisitAsync(user: "away");
        await visit.ReadyAsync();
        await visit.SearchAsync("casablanca", "Casablanca");
        try
        {
            host.Recommender.IsAway = true;
            await visit.Found.First.GetByRole(AriaRole.Slider).FocusAsync();
            await visit.Page.Keyboard.PressAsync("End");
            await visit.Page.Keyboard.PressAsync("Enter");
            await Expect(visit.Page.Locator(".mud-snackbar")).ToContainTextAsync("Casablanca was not rated. The log cannot be written");
            await Expect(visit.Found.First.GetByRole(AriaRole.Slider)).ToHaveAttributeAsync("aria-valuetext", "not rated");

            host.Recommender.Disturb("away");
            await Expect(visit.Page.GetByText("Your list cannot be updated now")).ToBeVisibleAsync();
            await visit.Page.GetByLabel("Search by title").FillAsync("metropolis");
            await Expect(visit.Page.GetByText("Films cannot be read now")).ToBeVisibleAsync();
        }
        finally
        {
            host.Recommender.IsAway = false;
        }

        await visit.Page.Locator(".find").GetByRole(AriaRole.Button, new() { Name = "Try again" }).ClickAsync();
        await Expect(visit.Found.First).ToContainTextAsync("Metropolis");
        await Expect(visit.Page.GetByText("Your list cannot be updated now")).ToHaveCountAsync(0);
        Assert.Empty(visit.Mistakes);
    }

    [BrowserFact]
    public async Task Erase_Myself_ForgetsEverything()
    {
        await using var visit = await host.VisitAsync(user: "erased");
        await visit.ReadyAsync();
        var newcomers = await visit.ListedAsync();
        await visit.RateAsync("godfather", "The Godfather", 5);
        Assert.NotEqual(newcomers, await visit.ListedAsync());

        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Erase me" }).ClickAsync();
        await visit.Page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Erase me" }).ClickAsync();
        await Expect(visit.Page.Locator(".mud-snackbar")).ToContainTextAsync("Erased: 2 records");
        await Expect(visit.Page.Locator(".me")).ToContainTextAsync("Nothing yet");
        await visit.ReadyAsync();
        Assert.Equal(newcomers, await visit.ListedAsync());
        await Expect(visit.Found.Filter(new() { Has = visit.StarsOf("The Godfather") }).GetByRole(AriaRole.Slider)).ToHaveAttributeAsync("aria-valuetext", "not rated");
        Assert.Contains(host.Audit.Entries, entry => entry.Action == Api.AuditAction.Erased && entry.Who == "local");
    }

    [BrowserFact]
    public async Task User_Switched_IsRememberedByTheBrowser()
    {
        await using var visit = await host.VisitAsync(user: "first");
        await visit.ReadyAsync();
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Change user" }).ClickAsync();
        var name = visit.Page.GetByRole(AriaRole.Dialog).GetByLabel("User id");
        await name.FillAsync("  ");
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Continue" }).ClickAsync();
        await Expect(visit.Page.GetByRole(AriaRole.Dialog)).ToContainTextAsync("user is empty");
        await name.FillAsync("second");
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Continue" }).ClickAsync();
        await Expect(visit.Page.Locator(".who-name")).ToHaveTextAsync("second");
        await visit.RateAsync("jaws", "Jaws", 4);
        Assert.Equal("second", host.Recommender.Arrived.Last(rating => rating.Value == 4).User);
        await visit.Page.ReloadAsync();
        await Expect(visit.Page.Locator(".who-name")).ToHaveTextAsync("second");
        await Expect(visit.Page.Locator(".history")).ToContainTextAsync("Jaws");
    }

    [BrowserFact]
    public async Task Theme_Toggled_IsRememberedByTheBrowser()
    {
        await using var visit = await host.VisitAsync(user: "theme", scheme: ColorScheme.Dark);
        var root = visit.Page.Locator("html");
        await visit.ReadyAsync();
        await Expect(root).ToHaveAttributeAsync("data-theme", "dark");
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Switch between light and dark" }).ClickAsync();
        await Expect(root).ToHaveAttributeAsync("data-theme", "light");
        await visit.Page.ReloadAsync();
        await Expect(root).ToHaveAttributeAsync("data-theme", "light");
    }
}
