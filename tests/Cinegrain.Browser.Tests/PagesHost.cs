using System.Collections.Concurrent;
using Cinegrain.Api;
using Cinegrain.Api.Security;
using Cinegrain.Ingest;
using Cinegrain.Standalone.Demo;
using Cinegrain.Standalone.Hosting;
using Deque.AxeCore.Commons;
using Deque.AxeCore.Playwright;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Playwright;
using Xunit;

namespace Cinegrain.Browser.Tests;

/// <summary>A server in this process and a real browser.</summary>
public abstract class BrowserHost : IAsyncLifetime
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("cinegrain-browser-");
    private WebApplication? _app;
    private IPlaywright? _playwright;
    private IBrowser? _browser;

    internal Uri Address { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        if (BrowserFactAttribute.Chromium is not { } chromium)
        {
            return;
        }

        var builder = WebApplication.CreateBuilder(new WebApplicationOptions
        {
            // The files of the pages are named by the manifest of this assembly.
            ApplicationName = typeof(BrowserHost).Assembly.GetName().Name,
            ContentRootPath = AppContext.BaseDirectory,
        });
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        _app = Build(builder, _folder.FullName, "http://127.0.0.1:0");
        await _app.StartAsync();
        Address = new Uri(_app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());

        Assertions.SetDefaultExpectTimeout(15_000);
        _playwright = await Playwright.CreateAsync();
        _browser = await _playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = chromium,
            Args = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"],
        });
    }

    public async Task DisposeAsync()
    {
        if (_browser is not null)
        {
            await _browser.DisposeAsync();
        }

        _playwright?.Dispose();
        if (_app is not null)
        {
            await _app.StopAsync();
            await _app.DisposeAsync();
        }

        _folder.Delete(recursive: true);
    }

    private protected abstract WebApplication Build(WebApplicationBuilder builder, string folder, string url);

    /// <summary>A fresh browser profile with one page, and the mistakes that the page reports.</summary>
    internal async Task<Visit> VisitAsync(
        string path = "/", string user = "ada", int width = 1440, int height = 900, ColorScheme scheme = ColorScheme.Light, bool touch = false, float scale = 1)
    {
        var context = await _browser!.NewContextAsync(new BrowserNewContextOptions
        {
            ViewportSize = new ViewportSize { Width = width, Height = height },
            ColorScheme = scheme,
            HasTouch = touch,
            IsMobile = touch,
            DeviceScaleFactor = scale,
            ReducedMotion = ReducedMotion.Reduce,
        });
        await context.AddInitScriptAsync($"if (!localStorage.getItem('cinegrain.user')) localStorage.setItem('cinegrain.user', '{user}');");
        var page = await context.NewPageAsync();
        page.SetDefaultTimeout(15_000);
        var visit = new Visit(context, page);
        page.Console += (_, message) =>
        {
            if (message.Type == "error")
            {
                visit.Mistakes.Add(message.Text);
            }
        };
        page.PageError += (_, error) => visit.Mistakes.Add(error);
        await page.GotoAsync(new Uri(Address, path).ToString());
        return visit;
    }
}

/// <summary>The pages over a recommender that can be foreseen.</summary>
public sealed class PagesHost : BrowserHost
{
    internal FakeRecommender Recommender { get; private set; } = null!;

    internal ApiKeyStore Keys { get; private set; } = null!;

    internal AuditTrail Audit { get; } = new();

    private protected override WebApplication Build(WebApplicationBuilder builder, string folder, string url)
    {
        var pseudonymizer = new Pseudonymizer([new PseudonymKey(1, new byte[32])]);
        Recommender = new FakeRecommender(DemoCatalogue.Load(), pseudonymizer.Pseudonym);
        Keys = new ApiKeyStore(folder);
        builder.WebHost.UseUrls(url);
        builder.Services.AddSingleton(Keys);
        builder.Services.AddCinegrainApi(new CinegrainApiOptions { DataFolder = folder })
            .AddRecommender(_ => Recommender).AddPseudonyms(_ => pseudonymizer).AddAuditSink(_ => Audit);
        builder.Services.AddCinegrainPages();
        var app = builder.Build();
        app.MapCinegrainApi();
        app.MapCinegrainPages();
        return app;
    }

    internal sealed class AuditTrail : IAuditSink
    {
        public ConcurrentQueue<AuditEvent> Entries { get; } = new();

        public ValueTask WriteAsync(AuditEvent entry, CancellationToken cancellationToken)
        {
            Entries.Enqueue(entry);
            return ValueTask.CompletedTask;
        }
    }
}

/// <summary>What <c>--demo</c> starts, with a smaller audience.</summary>
public sealed class DemoHost : BrowserHost
{
    private protected override WebApplication Build(WebApplicationBuilder builder, string folder, string url) =>
        StandaloneHost.Build(new StandaloneOptions { Data = folder, Urls = url, Demo = true, DemoViewers = 200, DemoRate = 10 }, builder);
}

/// <summary>One browser profile with one page.</summary>
internal sealed class Visit(IBrowserContext context, IPage page) : IAsyncDisposable
{
    public IPage Page { get; } = page;

    /// <summary>Errors of the console and of scripts, such as a violated content security policy.</summary>
    public List<string> Mistakes { get; } = [];

    public ILocator List => Page.Locator(".rows > li");

    public ILocator Found => Page.Locator(".films > li");

    public Task<string[]> ListedAsync() =>
        List.EvaluateAllAsync<string[]>("rows => rows.map(row => row.dataset.movie)");

    /// <summary>Waits until the page is alive and shows a list.</summary>
    public async Task ReadyAsync()
    {
        await Assertions.Expect(List).ToHaveCountAsync(10);
        await Assertions.Expect(Found.First).ToBeVisibleAsync();
    }

    /// <summary>Types a query and waits for a film.</summary>
    public async Task SearchAsync(string query, string expected)
    {
        await Page.GetByLabel("Search by title").FillAsync(query);
        await Assertions.Expect(Found.Filter(new() { Has = Page.GetByText(expected, new() { Exact = true }) }).First).ToBeVisibleAsync();
    }

    public ILocator StarsOf(string title) => Page.GetByLabel($"Your rating of {title}", new() { Exact = true });

    /// <summary>Finds a film and rates it with the arrow keys; waits until the list has learned it.</summary>
    public async Task RateAsync(string query, string title, double stars)
    {
        await SearchAsync(query, title);
        await Found.Filter(new() { Has = StarsOf(title) }).GetByRole(AriaRole.Slider).FocusAsync();
        for (var value = 0.0; value < stars; value += .5)
        {
            await Page.Keyboard.PressAsync("ArrowRight");
        }

        await Page.Keyboard.PressAsync("Enter");
        await Assertions.Expect(Page.Locator(".list-state")).ToContainTextAsync($"{title} learned in");
    }

    /// <summary>Checks the rules of WCAG 2.1 A and AA that a machine can check.</summary>
    public async Task AssertAccessibleAsync()
    {
        var result = await Page.RunAxe(new AxeRunOptions
        {
            RunOnly = new RunOnlyOptions { Type = "tag", Values = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"] },
        });
        var serious = result.Violations.Where(violation => violation.Impact is "serious" or "critical" or "moderate").ToList();
        Assert.True(serious.Count == 0, string.Join('\n', serious.Select(violation =>
            $"{violation.Impact} {violation.Id}: {violation.Help}\n  {string.Join("\n  ", violation.Nodes.Take(4).Select(node => node.Html + " | " + string.Join("; ", node.Any.Concat(node.All).Select(check => check.Message))))}")));
    }

    public async Task AssertFitsAsync()
    {
        var (scroll, client) = (await Page.EvaluateAsync<int>("document.documentElement.scrollWidth"), await Page.EvaluateAsync<int>("document.documentElement.clientWidth"));
        Assert.True(scroll <= client, $"the page is {scroll} px wide on a screen of {client} px");
    }

    public ValueTask DisposeAsync() => context.DisposeAsync();
}
