using Cinegrain.Grains.Blending;
using Cinegrain.Grains.Catalogue;
using Cinegrain.Grains.Measuring;
using Cinegrain.Grains.Movies;
using Cinegrain.Grains.State;
using Cinegrain.Grains.Users;
using Cinegrain.Model;
using Cinegrain.Model.Catalogue;
using Cinegrain.Model.Measuring;
using Cinegrain.Model.Ports;
using Cinegrain.Streaming;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Orleans.Configuration;
using Orleans.Hosting;

namespace Cinegrain.Grains.Hosting;

/// <summary>Puts Cinegrain's grains into a silo.</summary>
public static class CinegrainSiloExtensions
{
    // In lockstep a delivery waits until all those before it are done.
    private static readonly TimeSpan LockstepPatience = TimeSpan.FromHours(1);

    /// <summary>
    /// Adds the grains, the streams they learn from, and what they share. The host adds the log (<see cref="IScannableLog"/>) and the store
    /// (<see cref="IStateStore"/>).
    /// </summary>
    public static ISiloBuilder AddCinegrain(this ISiloBuilder builder, CinegrainSiloOptions options)
    {
        var services = builder.Services;
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(_ => new SharedModel(options.Model));
        services.AddSingleton(provider => new TitleSearch(provider.GetRequiredService<SharedModel>().View));
        services.AddSingleton(_ => new TestBudget(options.TestShare, options.TestsPerSecond, options.Lockstep));
        services.AddRetry();
        services.AddSingleton<ClusterMetrics>();
        services.AddSingleton(provider => new Epochs(
            provider.GetRequiredService<IScannableLog>(), provider.GetRequiredService<IStateStore>(), provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<ActorStates>();
        services.AddSingleton(provider => new LogSender(provider.GetRequiredService<IScannableLog>(), provider.GetRequiredService<Retry>()));
        services.AddSingleton<SharedTraits>();
        services.AddSingleton<TraitsPublisher>();
        services.AddSingleton<CatalogueReader>();
        services.AddSingleton<WeightsFollower>();
        services.AddSingleton<SiloStatistics>();
        services.AddSingleton<StatisticsReporter>();
        if (options.Lockstep)
        {
            services.AddSingleton<LockstepOrder>();
            builder.Configure<SiloMessagingOptions>(messaging => messaging.ResponseTimeout = LockstepPatience);
        }

        services.AddSingleton<SiloServices>();
        services.AddSingleton<SiloLife>();
        services.AddSingleton<ISiloStatus>(provider => provider.GetRequiredService<SiloLife>());
        services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>>(provider => provider.GetRequiredService<SiloLife>());
        builder.Configure<GrainCollectionOptions>(collection =>
        {
            collection.CollectionAge = options.IdleAfter;
            collection.CollectionQuantum = options.IdleAfter / 2 < TimeSpan.FromMinutes(1) ? options.IdleAfter / 2 : TimeSpan.FromMinutes(1);
        });
        AddStreams<IUserGrain>(
            builder, options, StreamNames.Interactions, Topics.Interactions, options.CheckpointInterval, options.CachedRecords, static grain => grain.PersistAsync);
        AddStreams<IMovieGrain>(
            builder, options, StreamNames.Signals, Topics.Signals, options.MovieCheckpointInterval, options.MovieCachedRecords, static grain => grain.PersistAsync);
        return builder;
    }

    private static void AddStreams<TGrain>(
        ISiloBuilder builder, CinegrainSiloOptions options, string name, string topic, TimeSpan checkpointInterval, int cachedRecords, Func<TGrain, Func<long, Task<long>>> persist)
        where TGrain : IGrainWithStringKey =>
        builder.AddKafkaStreams(name, (SiloKafkaStreamConfigurator streams) =>
        {
            streams.ConfigureKafka(configure => configure.Configure(kafka =>
            {
                foreach (var (key, value) in options.KafkaClient)
                {
                    kafka.Client[key] = value;
                }

                kafka.Topics[options.TopicPrefix + topic] = name;
                kafka.Partitioner = static (key, partitions) => Partitioner.Partition(key.Span, partitions);
                kafka.CheckpointInterval = checkpointInterval;
                kafka.CachedRecords = cachedRecords;
                kafka.CheckpointStreams = cachedRecords / 2;
            }));
            streams.UseDataAdapter((provider, _) => new LogAdapter(
                provider.GetRequiredService<IScannableLog>(), topic == Topics.Interactions, provider.GetService<LockstepOrder>()));
            streams.UseCheckpointer((provider, _) =>
            {
                var grains = provider.GetRequiredService<IGrainFactory>();
                return new GrainCheckpointer(
                    topic,
                    (key, offset) => persist(grains.GetGrain<TGrain>(key))(offset),
                    provider.GetRequiredService<IStateStore>(),
                    provider.GetRequiredService<Epochs>(),
                    provider.GetRequiredService<ClusterMetrics>(),
                    provider.GetRequiredService<TimeProvider>());
            });
        });
}
