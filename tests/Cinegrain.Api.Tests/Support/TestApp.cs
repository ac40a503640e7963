using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Cinegrain.Api.Security;
using Cinegrain.Ingest;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace Cinegrain.Api.Tests.Support;

/// <summary>The API over a <see cref="FakeRecommender"/> in a server in memory, with a fake clock and a data folder of its own.</summary>
internal sealed class TestApp : IAsyncDisposable
{
    private readonly WebApplication _app;

    private TestApp(WebApplication app, string folder)
    {
        _app = app;
        Folder = folder;
    }

    public string Folder { get; }

    public HttpClient Client { get; private set; } = null!;

    public FakeRecommender Recommender { get; } = new();

    public FakeTimeProvider Time { get; private init; } = null!;

    public FakeAudit Audit { get; } = new();

    public CapturingLoggers Logs { get; private init; } = null!;

    public ApiKeyStore Keys => _app.Services.GetRequiredService<ApiKeyStore>();

    public IServiceProvider Services => _app.Services;

    public TestServer Server => _app.GetTestServer();

    public static Pseudonymizer Pseudonymizer { get; } = new([new PseudonymKey(1, "0123456789abcdef0123456789abcdef"u8)]);

    public static string PseudonymOf(string user) => Pseudonymizer.Pseudonym(user);

    public static async Task<TestApp> StartAsync(
        Func<CinegrainApiOptions, CinegrainApiOptions>? configure = null,
        IPAddress? remote = null,
        Action<WebApplicationBuilder>? host = null,
        Action<WebApplication>? map = null,
        bool kestrel = false)
    {
        var folder = Directory.CreateTempSubdirectory("cinegrain-api-").FullName;
        var time = new FakeTimeProvider(new DateTimeOffset(2025, 1, 1, 0, 0, 0, TimeSpan.Zero));
        var logs = new CapturingLoggers();
        var builder = WebApplication.CreateSlimBuilder();
        if (kestrel)
        {
            builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        }
        else
        {
            builder.WebHost.UseTestServer();
        }

        builder.Logging.ClearProviders().SetMinimumLevel(LogLevel.Trace).AddProvider(logs);
        builder.Services.AddSingleton<TimeProvider>(time);
        var options = new CinegrainApiOptions { DataFolder = folder };
        TestApp? self = null;
        builder.Services.AddCinegrainApi(configure?.Invoke(options) ?? options)
            .AddRecommender(_ => self!.Recommender)
            .AddPseudonyms(_ => Pseudonymizer)
            .AddAuditSink(_ => self!.Audit);
        host?.Invoke(builder);

        var app = builder.Build();
        self = new TestApp(app, folder) { Time = time, Logs = logs };
        app.Use((context, next) =>
        {
            context.Connection.RemoteIpAddress = context.Request.Headers["Test-Remote"] is [{ } address] ? IPAddress.Parse(address) : remote ?? IPAddress.Loopback;
            return next(context);
        });
        app.MapCinegrainApi();
        map?.Invoke(app);
        await app.StartAsync();
        self.Client = self.NewClient();
        return self;
    }

    public HttpClient NewClient(string? key = null)
    {
        var client = _app.Services.GetRequiredService<IServer>() is TestServer server
            ? server.CreateClient()
            : new HttpClient { BaseAddress = new Uri(_app.Urls.Single()) };
        if (key is not null)
        {
            client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
        }

        return client;
    }

    /// <summary>Posts one interaction and returns its position.</summary>
    public async Task<string> RateAsync(string user, string movie, double value = 4)
    {
        using var response = await Client.PostAsync("/v1/interactions", Json($$"""{"user":{{JsonSerializer.Serialize(user)}},"movie":"{{movie}}","kind":"rate","value":{{value}}}"""));
        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
        return (await ReadAsync(response)).GetProperty("position").GetString()!;
    }

    public static StringContent Json(string json, string type = "application/json") => new(json, Encoding.UTF8, type);

    public static async Task<JsonElement> ReadAsync(HttpResponseMessage response)
    {
        using var document = JsonDocument.Parse(await response.Content.ReadAsByteArrayAsync());
        return document.RootElement.Clone();
    }

    /// <summary>Asserts that the answer is a problem of this kind, and returns it.</summary>
    public static async Task<JsonElement> ProblemAsync(HttpResponseMessage response, int status, string code)
    {
        Assert.Equal(status, (int)response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        var problem = await ReadAsync(response);
        Assert.Equal("https://cinegrain.dev/problems/" + code, problem.GetProperty("type").GetString());
        Assert.Equal(status, problem.GetProperty("status").GetInt32());
        Assert.False(string.IsNullOrWhiteSpace(problem.GetProperty("title").GetString()));
        Assert.Matches(@"(\.|cinegrain keys create [-\w ]+)$", problem.GetProperty("detail").GetString());
        return problem;
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
        Directory.Delete(Folder, recursive: true);
    }
}

internal sealed class FakeAudit : IAuditSink
{
    public ConcurrentQueue<AuditEvent> Entries { get; } = new();

    public Exception? Failure { get; set; }

    public ValueTask WriteAsync(AuditEvent entry, CancellationToken cancellationToken)
    {
        if (Failure is not null)
        {
            throw Failure;
        }

        Entries.Enqueue(entry);
        return ValueTask.CompletedTask;
    }
}

/// <summary>Keeps every log line and scope as text.</summary>
internal sealed class CapturingLoggers : ILoggerProvider, ISupportExternalScope
{
    private IExternalScopeProvider? _scopes;

    public ConcurrentQueue<string> Lines { get; } = new();

    public ILogger CreateLogger(string categoryName) => new Logger(this, categoryName);

    public void SetScopeProvider(IExternalScopeProvider scopeProvider) => _scopes = scopeProvider;

    public void Dispose()
    {
    }

    private sealed class Logger(CapturingLoggers owner, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => owner._scopes?.Push(state);

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            var line = new StringBuilder($"{category} {logLevel} {formatter(state, exception)} {exception}");
            owner._scopes?.ForEachScope((scope, text) => text.Append(" => ").Append(scope), line);
            owner.Lines.Enqueue(line.ToString());
        }
    }
}
