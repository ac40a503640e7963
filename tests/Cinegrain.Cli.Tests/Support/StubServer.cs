using System.Net;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Cinegrain.Cli.Tests.Support;

/// <summary>A request that the stub got.</summary>
internal sealed record StubRequest(string Method, string Path, string Query, string Body, IReadOnlyDictionary<string, string> Headers)
{
    public IReadOnlyList<string> Lines => Body.Split('\n', StringSplitOptions.RemoveEmptyEntries);
}

/// <summary>What the stub answers.</summary>
internal sealed record StubAnswer(int Status, string Body, string? RetryAfter = null, byte[]? Bytes = null);

/// <summary>An HTTP server on this machine that notes what it gets.</summary>
internal sealed class StubServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly List<StubRequest> _requests = [];

    private StubServer(WebApplication app) => _app = app;

    public IReadOnlyList<StubRequest> Requests => _requests;

    public string Url => _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();

    /// <summary>Starts a server that answers one request after the other by a function.</summary>
    public static async Task<StubServer> StartAsync(Func<StubRequest, StubAnswer> answer)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(options => options.Listen(IPAddress.Loopback, 0));
        builder.Logging.ClearProviders();
        var app = builder.Build();
        var stub = new StubServer(app);
        app.Run(async context =>
        {
            using var reader = new StreamReader(context.Request.Body, Encoding.UTF8);
            var request = new StubRequest(
                context.Request.Method,
                context.Request.Path.Value!,
                context.Request.QueryString.Value ?? "",
                await reader.ReadToEndAsync(),
                context.Request.Headers.ToDictionary(header => header.Key, header => header.Value.ToString(), StringComparer.OrdinalIgnoreCase));
            StubAnswer made;
            lock (stub._requests)
            {
                stub._requests.Add(request);
                made = answer(request);
            }

            context.Response.StatusCode = made.Status;
            context.Response.ContentType = made.Bytes is null ? "application/json" : "application/zip";
            if (made.RetryAfter is { } after)
            {
                context.Response.Headers.RetryAfter = after;
            }

            await context.Response.Body.WriteAsync(made.Bytes ?? Encoding.UTF8.GetBytes(made.Body));
        });
        await app.StartAsync();
        return stub;
    }

    /// <summary>Answers as a server that takes every line.</summary>
    public static StubAnswer TakeAll(StubRequest request) =>
        new(request.Path == "/v1/movies" ? 200 : 202, $$"""{"accepted":{{request.Lines.Count}},"ids":[],"position":"0:9","rejected":[]}""");

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
