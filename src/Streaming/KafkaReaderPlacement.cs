using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Metadata;
using Orleans.Placement;
using Orleans.Runtime;
using Orleans.Runtime.Placement;
using Orleans.Streams;

namespace Cinegrain.Streaming;

/// <summary>
/// Places a grain with a string key on the silo that reads its stream's partition, so that deliveries stay in the process. A partition that moves does not
/// take its grains along: those that are active stay where they are.
/// </summary>
/// <param name="provider">Name of the stream provider, which has the balancer that it comes with.</param>
/// <param name="streamNamespace">Namespace of the streams whose keys are the grains'.</param>
[AttributeUsage(AttributeTargets.Class)]
public sealed class KafkaReaderPlacementAttribute(string provider, string streamNamespace) : PlacementAttribute(new KafkaReaderPlacement(provider, streamNamespace))
{
    /// <summary>Name of the stream provider.</summary>
    public string Provider => provider;

    /// <summary>Namespace of the streams.</summary>
    public string StreamNamespace => streamNamespace;
}

/// <summary>The strategy of <see cref="KafkaReaderPlacementAttribute"/>.</summary>
internal sealed class KafkaReaderPlacement(string provider, string streamNamespace) : PlacementStrategy
{
    private const string ProviderProperty = "kafka-streams-provider", NamespaceProperty = "kafka-streams-namespace";

    /// <summary>For Orleans, which tells the rest by <see cref="Initialize"/>.</summary>
    public KafkaReaderPlacement()
        : this("", "")
    {
    }

    public string Provider { get; private set; } = provider;

    public byte[] StreamNamespace { get; private set; } = Encoding.UTF8.GetBytes(streamNamespace);

    /// <inheritdoc/>
    public override void PopulateGrainProperties(IServiceProvider services, Type grainClass, GrainType grainType, Dictionary<string, string> properties)
    {
        base.PopulateGrainProperties(services, grainClass, grainType, properties);
        properties[ProviderProperty] = Provider;
        properties[NamespaceProperty] = Encoding.UTF8.GetString(StreamNamespace);
    }

    /// <inheritdoc/>
    public override void Initialize(GrainProperties properties)
    {
        base.Initialize(properties);
        Provider = properties.Properties[ProviderProperty];
        StreamNamespace = Encoding.UTF8.GetBytes(properties.Properties[NamespaceProperty]);
    }
}

/// <summary>Finds the silo that reads a grain's partition.</summary>
internal sealed class KafkaReaderPlacementDirector(IServiceProvider services, IClusterMembershipService membership) : IPlacementDirector
{
    private Readers? _readers;

    /// <inheritdoc/>
    public Task<SiloAddress> OnAddActivation(PlacementStrategy strategy, PlacementTarget target, IPlacementContext context)
    {
        var silos = context.GetCompatibleSilos(target);
        if (IPlacementDirector.GetPlacementHint(target.RequestContextData, silos) is { } hint)
        {
            return Task.FromResult(hint);
        }

        var placement = (KafkaReaderPlacement)strategy;
        var mapper = services.GetRequiredKeyedService<IQueueAdapterFactory>(placement.Provider).GetStreamQueueMapper();
        var queue = mapper.GetQueueForStream(StreamId.Create(placement.StreamNamespace, target.GrainIdentity.Key.AsSpan()));
        var reader = ReaderOf(placement.Provider, mapper, queue);
        return Task.FromResult(
            Array.Find(silos, silo => silo.ToParsableString() == reader)
            ?? silos[target.GrainIdentity.GetUniformHashCode() % (uint)silos.Length]);
    }

    private string? ReaderOf(string provider, IStreamQueueMapper mapper, QueueId queue)
    {
        var members = membership.CurrentSnapshot;
        var readers = _readers;
        if (readers is null || readers.Version != members.Version || readers.Provider != provider)
        {
            _readers = readers = new Readers(provider, members.Version, EvenQueueBalancer.Distribute([.. mapper.GetAllQueues()], EvenQueueBalancer.Active(members))
                .SelectMany(silo => silo.Value.Select(own => (own, silo.Key)))
                .ToDictionary(pair => pair.own, pair => pair.Key));
        }

        return readers.ByQueue.GetValueOrDefault(queue);
    }

    private sealed record Readers(string Provider, MembershipVersion Version, Dictionary<QueueId, string> ByQueue);
}
