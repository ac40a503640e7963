using Cinegrain.Api;
using Cinegrain.Api.Security;
using Cinegrain.Elasticsearch;
using Cinegrain.Embedded.Engine;
using Cinegrain.Embedded.Sqlite;
using Cinegrain.Hosting;
using Cinegrain.Ingest;
using Cinegrain.Kafka;
using Cinegrain.Model;
using Cinegrain.Model.Catalogue;
using Cinegrain.Model.Ports;
using Cinegrain.Standalone.Demo;
using Cinegrain.Standalone.Logs;
using Cinegrain.Standalone.Recommending;

namespace Cinegrain.Standalone.Hosting;

/// <summary>Composes everything in one process.</summary>
internal static class StandaloneHost
{
    /// <summary>Builds the application; the engine starts with it.</summary>
    /// <exception cref="SettingsException">The host must not start with these settings.</exception>
    /// <exception cref="DataFolderException">The data folder is in use, cannot be written, or is of a newer version.</exception>
    /// <exception cref="StorageDamagedException">A database is damaged.</exception>
    /// <exception cref="KafkaSetupException">The Kafka cluster is not as it must be.</exception>
    /// <exception cref="UnavailableException">The log or the store does not answer.</exception>
    /// <exception cref="PseudonymKeyFileException">The file of the pseudonyms' key cannot be used.</exception>
    public static WebApplication Build(StandaloneOptions options, WebApplicationBuilder builder)
    {
        var services = builder.Services;
        var time = TimeProvider.System;
        builder.WebHost.UseUrls(options.Urls.Split(';', StringSplitOptions.RemoveEmptyEntries));
        var folder = DataFolder.Open(options.Data);
        var retention = new StandaloneRetention(
            TimeSpan.FromDays(options.RetainInteractionsDays),
            TimeSpan.FromDays(options.RetainSignalsDays),
            TimeSpan.FromDays(options.RetainRejectedDays),
            TimeSpan.FromDays(options.RetainAuditDays),
            TimeSpan.FromDays(options.RetainDocumentsDays),
            TimeSpan.FromDays(options.RetainMetricsDays));

        // Disposed by the container in the reverse order: the engine first, the folder's lock last.
        services.AddSingleton(_ => folder);
        services.AddSingleton(time);
        services.AddSingleton(retention);
        services.AddSingleton<IHostLog>(provider => options.Log == "kafka"
            ? KafkaHostLog.OpenAsync(options, folder.Path, time, provider.GetRequiredService<ILogger<KafkaLog>>()).GetAwaiter().GetResult()
            : new SqliteHostLog(SqliteLog.Open(folder.Path, LogOptions(options, retention), time)));
        services.AddSingleton<IHostStore>(provider => options.Store == "elasticsearch"
            ? new ElasticsearchHostStore(
                options, provider.GetRequiredService<SharedModel>().Index, time, provider.GetRequiredService<ILogger<ElasticsearchStateStore>>())
            : new SqliteHostStore(SqliteStateStore.Open(folder.Path, new SqliteStateStoreOptions())));
        services.AddSingleton(provider => provider.GetRequiredService<IHostStore>().States);
        if (options.Store == "elasticsearch")
        {
            AddDocuments(services);
        }

        services.AddSingleton(provider => provider.GetRequiredService<IHostLog>().Log);
        services.AddSingleton<ILog>(provider => provider.GetRequiredService<IErasableLog>());
        services.AddSingleton(_ => new SharedModel(new ModelOptions { ExploreShare = options.ExploreShare, Stage1Share = options.Stage1Share }));
        services.AddSingleton(provider => new RecommendationEngine(
            provider.GetService<InteractionDocuments>() is { } documents
                ? new DocumentErasingLog(provider.GetRequiredService<IErasableLog>(), documents)
                : provider.GetRequiredService<ILog>(),
            provider.GetRequiredService<IStateStore>(),
            provider.GetRequiredService<SharedModel>(),
            new EngineOptions
            {
                ResidentUsers = options.ResidentUsers,
                ResidentMovies = options.ResidentMovies,
                CheckpointInterval = TimeSpan.FromSeconds(options.CheckpointSeconds),
                TestShare = options.TestShare,
                TestsPerSecond = options.TestsPerSecond,
                Lockstep = options.Lockstep,
            },
            time,
            provider.GetRequiredService<ILogger<RecommendationEngine>>()));
        services.AddSingleton<IMovieLookup>(provider => new ViewLookup(provider.GetRequiredService<SharedModel>().View));
        services.AddSingleton(provider => new Intake(
            provider.GetRequiredService<ILog>(), provider.GetRequiredService<IMovieLookup>(), provider.GetRequiredService<Pseudonymizer>(), time, new IntakeOptions()));
        services.AddSingleton(provider => new TitleSearch(provider.GetRequiredService<SharedModel>().View));
        services.AddSingleton<RejectedCounts>();
        services.AddSingleton<DashboardSource>();
        services.AddSingleton<StandaloneRecommender>();

        services.AddCinegrainApi(new CinegrainApiOptions
            {
                DataFolder = folder.Path,
                KeyLimit = new RateLimit(options.KeyRate, (int)Math.Max(1, 2 * options.KeyRate)),
                AddressLimit = new RateLimit(options.AddressRate, (int)Math.Max(1, 2 * options.AddressRate)),
                TrustedProxies = options.TrustedProxies?.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) ?? [],
                OtlpEndpoint = options.OtlpEndpoint is null ? null : new Uri(options.OtlpEndpoint, UriKind.RelativeOrAbsolute),
                OpenMetrics = options.OpenMetrics,
                AccessLog = options.AccessLog,
            })
            .AddRecommender(provider => provider.GetRequiredService<StandaloneRecommender>())
            .AddPseudonyms(provider => new Pseudonymizer(
                PseudonymKeys.LoadOrCreate(folder.File(PseudonymKeys.FileName)),
                pseudonym => IsKnown(provider.GetRequiredService<IStateStore>(), pseudonym)))
            .AddAuditSink(provider => provider.GetRequiredService<IHostStore>().Audit);
        services.AddCinegrainPages();

        services.AddHostedService<EngineService>();
        services.AddHostedService<RejectedReader>();
        services.AddHostedService<RetentionService>();
        services.AddSingleton<IntakeTopic>();
        services.AddHostedService(provider => provider.GetRequiredService<IntakeTopic>());
        services.AddHostedService<LogWatch>();
        if (options is { Store: "elasticsearch", Documents: "all" })
        {
            services.AddHostedService<DocumentService>();
        }

        if (options.Demo)
        {
            services.AddSingleton(new DemoSettings(options.DemoViewers, options.DemoRate));
            services.AddHostedService<DemoAudience>();
        }

        var app = builder.Build();
        app.Services.GetRequiredService<IHostLog>();
        app.Services.GetRequiredService<IHostStore>();
        app.Services.GetRequiredService<Pseudonymizer>();
        if (LoopbackGuard.Refusal(options.Urls.Split(';'), app.Services.GetRequiredService<ApiKeyStore>()) is { } refusal)
        {
            throw new SettingsException([refusal]);
        }

        app.MapCinegrainApi();
        app.MapCinegrainPages();
        return app;
    }

    /// <summary>What analysts get. Documents that are there lose an erased user also when no new ones are written.</summary>
    private static void AddDocuments(IServiceCollection services)
    {
        services.AddSingleton(provider => new InteractionDocuments(
            Client(provider),
            provider.GetRequiredService<ILog>(),
            provider.GetRequiredService<IStateStore>(),
            Titles(provider.GetRequiredService<SharedModel>().View),
            provider.GetRequiredService<ILogger<InteractionDocuments>>()));
        services.AddSingleton(provider => new RejectedDocuments(
            Client(provider),
            provider.GetRequiredService<ILog>(),
            provider.GetRequiredService<IStateStore>(),
            provider.GetRequiredService<ILogger<RejectedDocuments>>()));
        services.AddSingleton(provider => new MetricDocuments(
            Client(provider),
            provider.GetRequiredService<DashboardSource>().Sample,
            Environment.MachineName,
            provider.GetRequiredService<ILogger<MetricDocuments>>()));

        // The host's store disposes of it.
        static ElasticsearchClient Client(IServiceProvider provider) => ((ElasticsearchHostStore)provider.GetRequiredService<IHostStore>()).Client;

        static Func<string, string?> Titles(CatalogueView view) => movie => view.Metadata(movie)?.Title;
    }

    /// <summary>Asked only when there are several keys. A call waits for the store.</summary>
    private static bool IsKnown(IStateStore store, string pseudonym) =>
        store.LoadAsync(ActorKind.User, [pseudonym], CancellationToken.None).AsTask().GetAwaiter().GetResult()[0] is { IsTombstone: false };

    private static SqliteLogOptions LogOptions(StandaloneOptions options, StandaloneRetention retention)
    {
        var partitions = new Dictionary<string, int>();
        if (options.Partitions is { } count)
        {
            partitions[Topics.Interactions] = count;
        }
        else if (options.Lockstep)
        {
            partitions[Topics.Interactions] = 1;
        }

        return new SqliteLogOptions
        {
            Partitions = partitions,
            Retention = new Dictionary<string, TimeSpan>
            {
                [Topics.Interactions] = retention.Interactions,
                [Topics.Signals] = retention.Signals,
                [Topics.Rejected] = retention.Rejected,
            },
        };
    }

    /// <summary>The intake knows the movies that the view has.</summary>
    private sealed class ViewLookup(CatalogueView view) : IMovieLookup
    {
        public bool TryGet(string id, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out Model.Events.MovieMetadata? metadata) =>
            (metadata = view.Metadata(id)) is not null;
    }
}
