using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using Cinegrain.Api.Security;
using Cinegrain.Api.Tests.Support;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OpenTelemetry;
using OpenTelemetry.Trace;

namespace Cinegrain.Api.Tests.Telemetry;

public sealed class TelemetryTests
{
    private const string Secret = "zebra-4711";

    [Fact]
    public async Task Logs_WhateverIsConfigured_NoIdNoKeyNoBody()
    {
        await using var app = await TestApp.StartAsync(
            o => o with { AccessLog = true },
            host: builder =>
            {
                builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
                {
                    ["Logging:LogLevel:Default"] = "Trace",
                    ["Logging:LogLevel:Microsoft.AspNetCore.Hosting.Diagnostics"] = "Trace",
                    ["Logging:LogLevel:Microsoft.AspNetCore.Routing.Matching.DfaMatcher"] = "Trace",
                    [$"Logging:{typeof(CapturingLoggers).FullName}:LogLevel:Microsoft.AspNetCore"] = "Trace",
                    [$"Logging:{typeof(CapturingLoggers).FullName}:LogLevel:Microsoft.AspNetCore.Hosting.Diagnostics"] = "Trace",
                });
                builder.Logging.AddConfiguration(builder.Configuration.GetSection("Logging"));
            },
            kestrel: true);
        var key = app.Keys.Create("a", ApiScope.Admin).Key;
        using var client = app.NewClient(key);
        var body = $$"""{"user":"{{Secret}}","movie":"m01","kind":"like"}""";

        foreach (var path in new[] { "recommendations", $"recommendations?n=0&x={Secret}", "profile", "export", "nothing", "%0A", "recommendations?after=999" })
        {
            using var _ = await client.GetAsync($"/v1/users/{Secret}/{path}", new CancellationTokenSource(TimeSpan.FromSeconds(path.EndsWith("999", StringComparison.Ordinal) ? 0.2 : 30)).Token)
                .ContinueWith(t => t.IsCompletedSuccessfully ? t.Result : null, TaskScheduler.Default);
        }

        (await client.PostAsync("/v1/interactions", TestApp.Json(body))).Dispose();
        (await client.PostAsync("/v1/interactions", TestApp.Json(body[..^1]))).Dispose();
        (await client.DeleteAsync($"/v1/users/{Secret}")).Dispose();
        (await client.GetAsync($"/{Secret}")).Dispose();
        app.Recommender.Failure = new InvalidOperationException(Secret);
        (await client.GetAsync($"/v1/users/{Secret}/recommendations")).Dispose();

        Assert.Contains(app.Logs.Lines, l => l.Contains("GET /v1/users/{user}/recommendations 200", StringComparison.Ordinal));
        Assert.Contains(app.Logs.Lines, l => l.Contains("GET (unmatched) 404", StringComparison.Ordinal));
        Assert.Contains(app.Logs.Lines, l => l.Contains("POST /v1/interactions 202", StringComparison.Ordinal));
        foreach (var secret in new[] { Secret, TestApp.PseudonymOf(Secret), key[15..] })
        {
            Assert.DoesNotContain(app.Logs.Lines, l => l.Contains(secret, StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task Traces_Exported_TheTemplateStandsForThePath()
    {
        var spans = new CapturingProcessor();
        await using var app = await TestApp.StartAsync(
            o => o with { OtlpEndpoint = new Uri("http://127.0.0.1:1") },
            host: builder => builder.Services.ConfigureOpenTelemetryTracerProvider((_, traces) => traces.AddProcessor(spans)),
            kestrel: true);

        (await app.Client.GetAsync($"/v1/users/{Secret}/recommendations?exclude={Secret}")).Dispose();
        (await app.Client.GetAsync($"/{Secret}")).Dispose();

        // The source of the spans belongs to the process: those of servers of other tests come in, too. The port tells this server's.
        var port = $"server.port={app.Client.BaseAddress!.Port}";
        await Eventually.TrueAsync(() => spans.Ended.Count(s => s.Contains(port, StringComparison.Ordinal)) == 2);
        Assert.Contains(spans.Ended, s => s.Contains(port, StringComparison.Ordinal) && s.Contains("url.path=/v1/users/{user}/recommendations", StringComparison.Ordinal));
        Assert.Contains(spans.Ended, s => s.Contains(port, StringComparison.Ordinal) && s.Contains("url.path=(unmatched)", StringComparison.Ordinal));
        Assert.DoesNotContain(spans.Ended, s => s.Contains(Secret, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Metrics_AfterRequests_OwnAndFrameworkMetersWithoutIds()
    {
        await using var app = await TestApp.StartAsync(kestrel: true);
        (await app.Client.GetAsync($"/v1/users/{Secret}/recommendations")).Dispose();
        (await app.Client.GetAsync($"/{Secret}")).Dispose();

        using var response = await app.Client.GetAsync("/metrics");

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        var text = await response.Content.ReadAsStringAsync();
        Assert.Contains("cinegrain_api_streams", text);
        Assert.Contains("http_server_request_duration", text);
        Assert.Contains("http_route=\"/v1/users/{user}/recommendations\"", text);
        Assert.Contains("dotnet_gc", text);
        Assert.Contains("service_name=\"cinegrain\"", text);
        Assert.DoesNotContain(Secret, text);
    }

    private sealed class CapturingProcessor : BaseProcessor<Activity>
    {
        public ConcurrentQueue<string> Ended { get; } = new();

        public override void OnEnd(Activity data)
        {
            if (data.Kind == ActivityKind.Server)
            {
                Ended.Enqueue($"{data.DisplayName} {string.Join(' ', data.TagObjects.Select(t => $"{t.Key}={t.Value}"))} {string.Join(' ', data.Events.Select(e => e.Name))}");
            }
        }
    }
}
