using System.Net;
using Cinegrain.Api.Dashboard;
using Cinegrain.Api.Health;
using Cinegrain.Api.Interactions;
using Cinegrain.Api.Movies;
using Cinegrain.Api.OpenApi;
using Cinegrain.Api.Problems;
using Cinegrain.Api.Recommendations;
using Cinegrain.Api.Requests;
using Cinegrain.Api.Security;
using Cinegrain.Api.Telemetry;
using Cinegrain.Api.Users;
using Cinegrain.Ingest;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.HttpOverrides;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;

namespace Cinegrain.Api;

/// <summary>Adds to the API what only a host can supply.</summary>
public interface ICinegrainApiBuilder
{
    /// <summary>Services of the host.</summary>
    IServiceCollection Services { get; }
}

/// <summary>Composes the REST API into a host.</summary>
public static class CinegrainApi
{
    /// <summary>
    /// Adds the REST API. A host then adds a recommender, the pseudonyms and an audit sink with the methods of the builder.
    /// </summary>
    /// <exception cref="ArgumentException">A setting is not valid; the message names each with what would be right.</exception>
    public static ICinegrainApiBuilder AddCinegrainApi(this IServiceCollection services, CinegrainApiOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var failures = options.Validate();
        if (failures.Count > 0)
        {
            throw new ArgumentException(string.Join(Environment.NewLine, failures), nameof(options));
        }

        services.AddSingleton(options);
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton(provider => new ApiKeyStore(options.DataFolder, provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<RenderedLists>();
        services.AddSingleton<WriteWaiter>();
        services.AddSingleton<StreamGate>();
        services.AddSingleton<ApiMetrics>();
        services.AddSingleton<RecommendationEndpoints>();
        services.AddSingleton<InteractionEndpoints>();
        services.AddSingleton<UserEndpoints>();
        services.AddSingleton<MovieEndpoints>();
        services.AddSingleton<DashboardEndpoints>();
        services.AddSingleton<HealthEndpoints>();
        services.AddSingleton<MetricsEndpoint>();
        services.AddCinegrainTelemetry(options.OtlpEndpoint);
        services.AddOpenApiDocument();
        services.Configure<KestrelServerOptions>(kestrel =>
        {
            kestrel.AddServerHeader = false;

            // The API's own limit answers with a problem; this one holds for everything else.
            kestrel.Limits.MaxRequestBodySize = options.MaximumBodyBytes + 1L;
        });
        if (options.CorsOrigins.Count > 0)
        {
            services.AddCors(cors => cors.AddDefaultPolicy(policy => policy
                .WithOrigins([.. options.CorsOrigins])
                .AllowAnyMethod()
                .WithHeaders("Authorization", "X-Api-Key", "Content-Type", "Idempotency-Key", "If-None-Match")
                .WithExposedHeaders("ETag", "Link", "Location", "Retry-After")));
        }

        return new Builder(services);
    }

    /// <summary>Adds the recommender behind the API.</summary>
    public static ICinegrainApiBuilder AddRecommender(this ICinegrainApiBuilder builder, Func<IServiceProvider, IRecommender> factory)
    {
        builder.Services.AddSingleton(factory);
        return builder;
    }

    /// <summary>Adds what makes pseudonyms of user ids.</summary>
    public static ICinegrainApiBuilder AddPseudonyms(this ICinegrainApiBuilder builder, Func<IServiceProvider, Pseudonymizer> factory)
    {
        builder.Services.AddSingleton(factory);
        return builder;
    }

    /// <summary>Adds where the audit trail is kept.</summary>
    public static ICinegrainApiBuilder AddAuditSink(this ICinegrainApiBuilder builder, Func<IServiceProvider, IAuditSink> factory)
    {
        builder.Services.AddSingleton(factory);
        return builder;
    }

    /// <summary>
    /// Puts the API into the pipeline of a host. Call it before anything else that answers requests: the headers, problems and keys of the
    /// API hold for what comes after, too.
    /// </summary>
    /// <exception cref="InvalidOperationException">The recommender, the pseudonyms or the audit sink are missing.</exception>
    public static WebApplication MapCinegrainApi(this WebApplication app)
    {
        var services = app.Services;
        var options = services.GetRequiredService<CinegrainApiOptions>();
        var keys = services.GetRequiredService<ApiKeyStore>();
        var logger = services.GetRequiredService<ILoggerFactory>().CreateLogger<ApiKeyStore>();
        keys.ReloadFailed += exception => KeyLog.LogReloadFailed(logger, exception);

        if (options.TrustedProxies.Count > 0)
        {
            app.UseForwardedHeaders(Forwarded(options.TrustedProxies));
        }

        app.UseMiddleware<SecurityHeadersMiddleware>();
        if (options.AccessLog)
        {
            app.UseMiddleware<AccessLogMiddleware>();
        }

        app.UseMiddleware<ProblemMiddleware>();
        if (options.CorsOrigins.Count > 0)
        {
            app.UseCors();
        }

        app.UseMiddleware<AccessMiddleware>();
        app.UseDocumentPages();

        var v1 = app.MapGroup("/v1");
        services.GetRequiredService<RecommendationEndpoints>().Map(v1);
        services.GetRequiredService<InteractionEndpoints>().Map(v1);
        services.GetRequiredService<UserEndpoints>().Map(v1);
        services.GetRequiredService<MovieEndpoints>().Map(v1);
        services.GetRequiredService<DashboardEndpoints>().Map(v1);
        services.GetRequiredService<HealthEndpoints>().Map(app);
        services.GetRequiredService<MetricsEndpoint>().Map(app);
        app.MapOpenApiDocument();
        return app;
    }

    /// <summary>The address that the last proxy which is not trusted, or the client, had: what comes before it anybody may have written.</summary>
    private static ForwardedHeadersOptions Forwarded(IReadOnlyList<string> proxies)
    {
        var forwarded = new ForwardedHeadersOptions { ForwardedHeaders = ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto, ForwardLimit = null };
        forwarded.KnownProxies.Clear();
        forwarded.KnownIPNetworks.Clear();
        foreach (var proxy in proxies)
        {
            if (IPAddress.TryParse(proxy, out var address))
            {
                forwarded.KnownProxies.Add(address);
            }
            else
            {
                forwarded.KnownIPNetworks.Add(System.Net.IPNetwork.Parse(proxy));
            }
        }

        return forwarded;
    }

    private sealed record Builder(IServiceCollection Services) : ICinegrainApiBuilder;
}

internal static partial class KeyLog
{
    [LoggerMessage(Level = LogLevel.Error, Message = "The file of API keys changed but cannot be read; the keys stay as they were.")]
    public static partial void LogReloadFailed(ILogger logger, Exception exception);
}
