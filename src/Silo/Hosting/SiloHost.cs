using System.Net;
using Cinegrain.Api.Telemetry;
using Cinegrain.Elasticsearch;
using Cinegrain.Grains;
using Cinegrain.Grains.Hosting;
using Cinegrain.Hosting;
using Cinegrain.Kafka;
using Cinegrain.Kafka.Ownership;
using Cinegrain.Model;
using Cinegrain.Model.Ports;
using Orleans.Configuration;
using Orleans.Dashboard;
using StackExchange.Redis;

namespace Cinegrain.Silo.Hosting;

/// <summary>Composes a silo: the grains over Kafka and Elasticsearch, with health and metrics beside them.</summary>
internal static class SiloHost
{
    private static readonly TimeSpan Drain = TimeSpan.FromSeconds(60);

    /// <summary>Builds the silo; it joins its cluster when it starts.</summary>
    /// <exception cref="SettingsException">The silo must not start with these settings.</exception>
    public static WebApplication Build(SiloOptions options, WebApplicationBuilder builder)
    {
        var services = builder.Services;
        var time = TimeProvider.System;
        builder.WebHost.UseUrls(options.Urls.Split(';', StringSplitOptions.RemoveEmptyEntries));
        services.Configure<HostOptions>(host => host.ShutdownTimeout = Drain);
        services.AddSingleton(time);
        services.AddCinegrainTelemetry(options.OtlpEndpoint is null ? null : new Uri(options.OtlpEndpoint, UriKind.RelativeOrAbsolute), beginsTraces: false);

        // Disposed of by the container, after the silo has stopped: the client last.
        services.AddSingleton(_ => new ElasticsearchClient(ElasticsearchSettings.Of(options, options.ClusterId), time));
        services.AddSingleton<IStateStore>(provider => new ElasticsearchStateStore(
            provider.GetRequiredService<ElasticsearchClient>(),
            provider.GetRequiredService<ILogger<ElasticsearchStateStore>>(),
            options.Documents == "none" ? null : provider.GetRequiredService<SharedModel>().Index));
        var kafka = KafkaSettings.Of(options, isCluster: true, isOnePartition: options.Lockstep);
        if (!options.Lockstep)
        {
            // Nobody waits for what a silo appends, so that more of it may become one request.
            kafka = kafka with { Linger = TimeSpan.FromMilliseconds(20) };
        }

        services.AddSingleton(provider => OpenLogAsync(
            kafka, provider.GetRequiredService<ElasticsearchClient>(), time, provider.GetRequiredService<ILogger<KafkaLog>>()).GetAwaiter().GetResult());
        services.AddSingleton<IScannableLog>(provider => provider.GetRequiredService<KafkaLog>());
        services.AddSingleton(provider => TakePlaceAsync(kafka, options, time, provider.GetRequiredService<ILogger<LogOwnership>>()).GetAwaiter().GetResult());
        services.AddSingleton(options);
        services.AddSingleton<IUserDocuments, SiloDocuments>();
        services.AddHostedService<SharedDuties>();

        builder.Host.UseOrleans(silo =>
        {
            AddCluster(silo, options);
            silo.Configure<SiloMessagingOptions>(messaging => messaging.ResponseTimeout = TimeSpan.FromSeconds(options.ResponseSeconds));
            silo.Configure<ClusterMembershipOptions>(membership =>
            {
                // A silo that died is noticed after about three seconds, one that hangs with its connections open after three of the longest probes: so that its
                // users answer again within fifteen.
                membership.ProbeTimeout = TimeSpan.FromSeconds(1);
                membership.MaxProbeTimeout = TimeSpan.FromSeconds(2.5);
                membership.NumMissedProbesLimit = 3;
                membership.TableRefreshTimeout = TimeSpan.FromSeconds(10);
                membership.DefunctSiloExpiration = TimeSpan.FromHours(1);
                membership.DefunctSiloCleanupPeriod = TimeSpan.FromMinutes(10);
            });
            if (options.OtlpEndpoint is not null)
            {
                silo.AddActivityPropagation();
            }

            silo.AddCinegrain(new CinegrainSiloOptions
            {
                KafkaClient = kafka.ClientSettings,
                TopicPrefix = options.KafkaPrefix,
                Model = new ModelOptions { ExploreShare = options.ExploreShare, Stage1Share = options.Stage1Share },
                CheckpointInterval = TimeSpan.FromSeconds(options.CheckpointSeconds),
                MovieCheckpointInterval = TimeSpan.FromSeconds(options.MovieCheckpointSeconds),
                CachedRecords = options.CachedRecords,
                MovieCachedRecords = options.MovieCachedRecords,
                Lockstep = options.Lockstep,
                IdleAfter = TimeSpan.FromMinutes(options.IdleMinutes),
                TestShare = options.TestShare,
                TestsPerSecond = options.TestsPerSecond,
            });
            if (options.Dashboard)
            {
                silo.AddDashboard();
            }
        });

        var app = builder.Build();
        app.Services.GetRequiredService<IScannableLog>();
        app.Services.GetRequiredService<LogOwnership>();
        app.MapGet("/health/live", () => "live");
        app.MapGet("/health/ready", (ISiloStatus status) => status.IsReady ? Results.Text("ready") : Results.Text("not ready", statusCode: 503));
        app.MapPrometheusScrapingEndpoint("/metrics");
        if (options.Dashboard)
        {
            app.MapOrleansDashboard("/dashboard");
        }

        return app;
    }

    /// <summary>Opens the log; of silos that start together one makes the topics.</summary>
    private static async Task<KafkaLog> OpenLogAsync(KafkaLogOptions settings, ElasticsearchClient client, TimeProvider time, ILogger<KafkaLog> logger)
    {
        await using var alone = await SetupLock.AcquireAsync(client, CancellationToken.None);
        return await KafkaSettings.OpenAsync(settings, time, logger);
    }

    /// <summary>Silos learn from the log together; in lockstep, where its order is that of all learning, one learns alone.</summary>
    private static Task<LogOwnership> TakePlaceAsync(KafkaLogOptions settings, SiloOptions options, TimeProvider time, ILogger<LogOwnership> logger) =>
        options.Lockstep
            ? LogOwnership.AcquireAsync(settings, member: null, time, logger, CancellationToken.None)
            : LogOwnership.JoinClusterAsync(settings, options.ClusterId, time, logger, CancellationToken.None);

    private static void AddCluster(ISiloBuilder silo, SiloOptions options)
    {
        var address = options.Advertise is { } advertised ? IPAddress.Parse(advertised) : null;
        if (options.Clustering == "localhost")
        {
            silo.UseDevelopmentClustering(new IPEndPoint(IPAddress.Loopback, options.PrimaryPort));
            address ??= IPAddress.Loopback;
        }
        else
        {
            var redis = ConfigurationOptions.Parse(options.Redis);
            redis.Password = Secrets.Read(options.RedisPassword, options.RedisPasswordFile, nameof(options.RedisPasswordFile)) ?? redis.Password;
            redis.AbortOnConnectFail = false;
            silo.UseRedisClustering(clustering => clustering.ConfigurationOptions = redis);
        }

        silo.Configure<Orleans.Configuration.ClusterOptions>(cluster => (cluster.ClusterId, cluster.ServiceId) = (options.ClusterId, options.ClusterId));
        if (options.Kubernetes)
        {
            silo.UseKubernetesHosting();
        }
        else if (address is not null)
        {
            silo.ConfigureEndpoints(address, options.SiloPort, options.GatewayPort, listenOnAnyHostAddress: options.Clustering != "localhost");
        }
        else
        {
            silo.ConfigureEndpoints(options.SiloPort, options.GatewayPort, listenOnAnyHostAddress: true);
        }
    }
}
