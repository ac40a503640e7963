using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;
using Cinegrain.Elasticsearch;
using Cinegrain.Grains.Hosting;
using Cinegrain.Ingest.Synthetic;
using Cinegrain.Kafka;
using Cinegrain.Model;
using Cinegrain.Model.Events;
using Cinegrain.Model.Ports;
using Cinegrain.Model.Ranking;
using Cinegrain.Standalone.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Orleans.Concurrency;
using Orleans.Configuration;
using Orleans.Runtime;
using Orleans.Runtime.Placement;
using Orleans.TestingHost;
using Xunit;

namespace Cinegrain.Grains.Tests.Support;

/// <summary>Silos with Cinegrain's grains over a real Kafka and a real Elasticsearch, each with clients of its own, and a log that the test writes to.</summary>
internal sealed class GrainCluster : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(90), Poll = TimeSpan.FromMilliseconds(50);

    private readonly TestKafka _kafka = new();
    private readonly TestElasticsearch _elasticsearch = new();
    private readonly List<IAsyncDisposable> _owned = [];
    private readonly WarningLog _warnings = new();
    private readonly ConcurrentDictionary<string, HeldStore> _stores = new();
    private bool _isOnePartition;

    private GrainCluster()
    {
    }

    public static IReadOnlyList<MovieMetadata> Catalogue { get; } = SyntheticCatalogue.Create(120, seed: 7);

    public InProcessTestCluster Cluster { get; private set; } = null!;

    /// <summary>The log as a gateway has it.</summary>
    public KafkaLog Log { get; private set; } = null!;

    /// <summary>Appends of silos that are still to fail, by topic.</summary>
    public ConcurrentDictionary<string, int> Refused { get; } = new();

    /// <summary>What stands before the names of the topics.</summary>
    public string TopicPrefix => _kafka.Prefix;

    public IGrainFactory Grains => Cluster.Client;

    public static async Task<GrainCluster> StartAsync(int silos, Func<CinegrainSiloOptions, CinegrainSiloOptions>? options = null)
    {
        var self = new GrainCluster();
        var settings = new CinegrainSiloOptions
        {
            KafkaClient = new Dictionary<string, string> { ["bootstrap.servers"] = self._kafka.Bootstrap },
            TopicPrefix = self._kafka.Prefix,
            CheckpointInterval = TimeSpan.FromSeconds(1),
            MovieCheckpointInterval = TimeSpan.FromSeconds(2),
        };
        settings = options?.Invoke(settings) ?? settings;
        self._isOnePartition = settings.Lockstep;
        self.Log = await self.OpenLogAsync();
        self._owned.Add(self.Log);
        var builder = new InProcessTestClusterBuilder((short)silos);
        builder.ConfigureHost(host => host.Logging.SetMinimumLevel(LogLevel.Information).AddProvider(self._warnings));
        builder.ConfigureSilo((specific, silo) =>
        {
            silo.Configure<ClusterMembershipOptions>(membership =>
            {
                // Soon, but not so soon that a silo on a busy machine is taken for dead.
                membership.ProbeTimeout = TimeSpan.FromSeconds(1);
                membership.NumMissedProbesLimit = 3;
                membership.NumVotesForDeathDeclaration = 1;
            });
            silo.Services.AddSingleton<IScannableLog>(_ => new RefusingLog(self.OpenLogAsync().GetAwaiter().GetResult(), self.Refused));
            silo.Services.AddSingleton<IStateStore>(_ => self._stores[specific.SiloName] = new HeldStore(self.OpenStore()));
            silo.AddCinegrain(settings);
        });
        self.Cluster = builder.Build();
        await self.Cluster.DeployAsync();
        return self;
    }

    /// <summary>A store as a silo has it.</summary>
    public ElasticsearchStateStore OpenStore()
    {
        var client = new ElasticsearchClient(
            new ElasticsearchOptions { Nodes = [new Uri(TestElasticsearch.Url!)], Prefix = _elasticsearch.Prefix, SharedBy = "test" }, TimeProvider.System);
        return new ElasticsearchStateStore(client, NullLogger<ElasticsearchStateStore>.Instance, (Model.Catalogue.MovieIndex?)null);
    }

    public static SharedModel SharedOf(InProcessSiloHandle silo) => silo.ServiceProvider.GetRequiredService<SharedModel>();

    /// <summary>The store as a silo has it, with a hand on its writes.</summary>
    public HeldStore StoreOf(InProcessSiloHandle silo) => _stores[silo.Name];

    /// <summary>The silo that a grain is active on.</summary>
    public async Task<SiloAddress?> WhereAsync(IAddressable grain) => await Grains.GetGrain<IManagementGrain>(0).GetActivationAddress(grain);

    /// <summary>What is done meanwhile activates grains on a silo, whoever reads their partitions.</summary>
    public static async Task OnSiloAsync(SiloAddress silo, Func<Task> act)
    {
        RequestContext.Set(IPlacementDirector.PlacementHintKey, silo);
        try
        {
            await act();
        }
        finally
        {
            RequestContext.Clear();
        }
    }

    /// <summary>Appends the catalogue, and waits until the first silo shows it.</summary>
    public async Task PutCatalogueAsync()
    {
        await Log.AppendAsync(
            [.. Catalogue.Select(movie => new LogEntry(Topics.Movies, movie.Id, JsonSerializer.SerializeToUtf8Bytes(movie, WireFormat.Default.MovieMetadata)))],
            CancellationToken.None);
        await UntilAsync(() => Task.FromResult(Cluster.Silos.All(silo => SharedOf(silo).View.ListedCount == Catalogue.Count)));
    }

    /// <summary>Key of a viewer's grain.</summary>
    public static string UserOf(int viewer) => $"user-{viewer}";

    /// <summary>Appends what a synthetic audience does; the highest offset of each user.</summary>
    public async Task<Dictionary<string, LogPosition>> InteractAsync(int events, int viewers, ulong seed)
    {
        var at = DateTimeOffset.FromUnixTimeMilliseconds(DateTimeOffset.UtcNow.AddHours(-1).ToUnixTimeMilliseconds());
        var records = new Audience(Catalogue, viewers, seed).Events(events).Select((happened, i) => Interaction(
            UserOf(happened.Viewer), happened.Movie, happened.Kind, happened.Value, at.AddSeconds(i), $"{seed}-{i}")).ToList();
        return await AppendAsync(records);
    }

    public async Task<Dictionary<string, LogPosition>> AppendAsync(IReadOnlyList<UserRecord> records)
    {
        var positions = await Log.AppendAsync(
            [.. records.Select(record => new LogEntry(Topics.Interactions, record.User, JsonSerializer.SerializeToUtf8Bytes(record, WireFormat.Default.UserRecord)))],
            CancellationToken.None);
        var last = new Dictionary<string, LogPosition>(StringComparer.Ordinal);
        foreach (var (record, position) in records.Zip(positions))
        {
            last[record.User] = position;
        }

        return last;
    }

    public static Interaction Interaction(string user, string movie, InteractionKind kind, double? value, DateTimeOffset at, string id)
    {
        var metadata = Catalogue.Single(m => m.Id == movie);
        return new Interaction
        {
            Id = id,
            User = user,
            Movie = movie,
            Kind = kind,
            Value = value,
            Preference = Normalisation.Preference(kind, value),
            At = at,
            Genres = metadata.Genres,
            Year = metadata.Year,
            Language = metadata.Language,
            People = [.. metadata.People()],
        };
    }

    /// <summary>Waits until each user has applied the record at its position.</summary>
    public async Task AppliedAsync(Dictionary<string, LogPosition> positions)
    {
        foreach (var (user, position) in positions)
        {
            Assert.True(await Grains.GetGrain<IUserGrain>(user).WaitForAsync(position.Offset + 1, TimeSpan.FromSeconds(25)), $"position {position} was not reached");
        }
    }

    public async Task<RecommendationList> RecommendAsync(string user) =>
        (await Grains.GetGrain<IUserGrain>(user).RecommendAsync(new Immutable<RecommendationQuery>(new RecommendationQuery()))).Value;

    /// <summary>Waits until the store says that all of the topic is persisted.</summary>
    public async Task PersistedAsync(params string[] topics)
    {
        await using var store = OpenStore();
        foreach (var topic in topics)
        {
            for (var partition = 0; partition < Log.PartitionCount(topic); partition++)
            {
                await SoonAsync(async () => await store.LoadCheckpointAsync(topic, partition, CancellationToken.None) is { } checkpoint
                    && checkpoint.Offset >= await EndAsync(topic, partition));
            }
        }
    }

    /// <summary>The stored states are those of a run without faults over the same log.</summary>
    public async Task AssertAsReferenceAsync()
    {
        await PersistedAsync(Topics.Interactions);
        await PersistedAsync(Topics.Signals);
        using var reference = await Reference.ReadAsync(Log);
        await using var store = OpenStore();
        await reference.AssertStoredAsync(store);
    }

    /// <summary>Waits; what the silos warned of is told when it does not come.</summary>
    public async Task SoonAsync(Func<Task<bool>> condition)
    {
        var started = Stopwatch.GetTimestamp();
        while (!await condition())
        {
            Assert.True(Stopwatch.GetElapsedTime(started) < Limit, $"What was waited for did not come.\n{_warnings}");
            await Task.Delay(Poll, TimeProvider.System);
        }
    }

    public static async Task UntilAsync(Func<Task<bool>> condition)
    {
        var started = Stopwatch.GetTimestamp();
        while (!await condition())
        {
            Assert.True(Stopwatch.GetElapsedTime(started) < Limit, "What was waited for did not come.");
            await Task.Delay(Poll, TimeProvider.System);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Cluster.DisposeAsync();
        foreach (var owned in _owned)
        {
            await owned.DisposeAsync();
        }

        await _kafka.DisposeAsync();
        await _elasticsearch.DisposeAsync();
    }

    private Task<KafkaLog> OpenLogAsync() => KafkaLog.OpenAsync(
        new KafkaLogOptions
        {
            Bootstrap = _kafka.Bootstrap,
            Prefix = _kafka.Prefix,
            IsCluster = true,
            Partitions = _isOnePartition ? new Dictionary<string, int> { [Topics.Interactions] = 1 } : new Dictionary<string, int>(),
        },
        TimeProvider.System, null, CancellationToken.None);

    /// <summary>End of a partition by a reader that has just come, since other processes append, too.</summary>
    private async Task<long> EndAsync(string topic, int partition)
    {
        if (topic == Topics.Interactions)
        {
            return Log.End(topic, partition);
        }

        await using var log = await OpenLogAsync();
        return log.End(topic, partition);
    }
}
