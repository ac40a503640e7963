using Cinegrain.Api;
using Cinegrain.Api.Security;
using Cinegrain.Elasticsearch;
using Cinegrain.Gateway.Recommending;
using Cinegrain.Grains;
using Cinegrain.Grains.Hosting;
using Cinegrain.Grains.State;
using Cinegrain.Hosting;
using Cinegrain.Ingest;
using Cinegrain.Model.Ports;

namespace Cinegrain.Gateway.Hosting;

/// <summary>Composes a gateway: the REST API over a client of the cluster.</summary>
internal static class GatewayHost
{
    /// <summary>Builds the application; it looks for the cluster when it starts.</summary>
    /// <exception cref="SettingsException">The gateway must not start with these settings.</exception>
    /// <exception cref="PseudonymKeyFileException">The file of the pseudonyms' key cannot be used.</exception>
    public static WebApplication Build(GatewayOptions options, WebApplicationBuilder builder)
    {
        var services = builder.Services;
        var time = TimeProvider.System;
        builder.WebHost.UseUrls(options.Urls.Split(';', StringSplitOptions.RemoveEmptyEntries));
        var folder = Directory.CreateDirectory(options.Data).FullName;
        services.AddSingleton(time);
        services.AddSingleton(options);
        services.AddRetry();
        services.AddSingleton<ClusterConnection>();
        services.AddSingleton<GatewayLog>();
        services.AddSingleton<GatewayDashboard>();
        services.AddSingleton<GatewayRecommender>();
        services.AddCinegrainApi(new CinegrainApiOptions
            {
                DataFolder = folder,
                KeyLimit = new RateLimit(options.KeyRate, (int)Math.Max(1, 2 * options.KeyRate)),
                AddressLimit = new RateLimit(options.AddressRate, (int)Math.Max(1, 2 * options.AddressRate)),
                TrustedProxies = options.TrustedProxies?.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) ?? [],
                OtlpEndpoint = options.OtlpEndpoint is null ? null : new Uri(options.OtlpEndpoint, UriKind.RelativeOrAbsolute),
                OpenMetrics = options.OpenMetrics,
                AccessLog = options.AccessLog,
            })
            .AddRecommender(provider => provider.GetRequiredService<GatewayRecommender>())
            .AddPseudonyms(provider => new Pseudonymizer(
                PseudonymKeys.LoadOrCreate(Path.Combine(folder, PseudonymKeys.FileName)), pseudonym => IsKnown(provider, pseudonym)))
            .AddAuditSink(provider => provider.GetService<AuditDocuments>() is { } documents ? new ElasticsearchAudit(documents) : new NoAudit());
        services.AddCinegrainPages();
        if (options.Audit == "elasticsearch")
        {
            services.AddSingleton(_ => new ElasticsearchClient(ElasticsearchSettings.Of(options), time));
            services.AddSingleton(provider => new AuditDocuments(provider.GetRequiredService<ElasticsearchClient>()));
        }

        services.AddHostedService(provider => provider.GetRequiredService<GatewayLog>());
        services.AddHostedService(provider => provider.GetRequiredService<ClusterConnection>());
        services.AddHostedService<IntakeTopic>();

        var app = builder.Build();
        app.Services.GetRequiredService<Pseudonymizer>();
        if (LoopbackGuard.Refusal(options.Urls.Split(';'), app.Services.GetRequiredService<ApiKeyStore>()) is { } refusal)
        {
            throw new SettingsException([refusal]);
        }

        app.MapCinegrainApi();
        app.MapCinegrainPages();
        return app;
    }

    /// <summary>Asked only when there are several keys of pseudonyms. A call waits for the cluster.</summary>
    /// <exception cref="UnavailableException">No silo answers.</exception>
    private static bool IsKnown(IServiceProvider provider, string pseudonym) => provider.GetRequiredService<ClusterConnection>()
        .AskAsync(grains => grains.GetGrain<IUserGrain>(pseudonym).ProfileAsync()).GetAwaiter().GetResult() is not null;

    private sealed class NoAudit : IAuditSink
    {
        public ValueTask WriteAsync(AuditEvent entry, CancellationToken cancellationToken) => ValueTask.CompletedTask;
    }
}
