using System.IO.Hashing;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Orleans.Runtime;
using Orleans.Streams;

namespace Cinegrain.Streaming;

/// <summary>
/// Gives every active silo as many partitions as any other, or one more, and moves few of them when silos come and go: each partition goes to the silo that
/// it prefers by a hash among those that are not full (rendezvous hashing with bounded loads). Silos that see the same members decide alike.
/// </summary>
internal sealed class EvenQueueBalancer : QueueBalancerBase
{
    private readonly IClusterMembershipService _membership;
    private QueueId[] _queues = [];

    private EvenQueueBalancer(IServiceProvider services, ILogger<EvenQueueBalancer> logger)
        : base(services, logger) => _membership = services.GetRequiredService<IClusterMembershipService>();

    public static IStreamQueueBalancer Create(IServiceProvider services) =>
        new EvenQueueBalancer(services, services.GetRequiredService<ILogger<EvenQueueBalancer>>());

    /// <inheritdoc/>
    public override Task Initialize(IStreamQueueMapper queueMapper)
    {
        _queues = [.. queueMapper.GetAllQueues()];
        return base.Initialize(queueMapper);
    }

    /// <inheritdoc/>
    public override IEnumerable<QueueId> GetMyQueues() =>
        Distribute(_queues, Active(_membership.CurrentSnapshot)).GetValueOrDefault(SiloAddress.ToParsableString(), []);

    /// <summary>The silos that are to read.</summary>
    internal static IEnumerable<string> Active(ClusterMembershipSnapshot members) =>
        members.Members.Values.Where(member => member.Status == SiloStatus.Active).Select(member => member.SiloAddress.ToParsableString());

    /// <summary>The queues of each silo.</summary>
    internal static Dictionary<string, List<QueueId>> Distribute(IReadOnlyList<QueueId> queues, IEnumerable<string> silos)
    {
        var bySilo = silos.ToDictionary(silo => silo, _ => new List<QueueId>(), StringComparer.Ordinal);
        if (bySilo.Count == 0)
        {
            return bySilo;
        }

        // So many silos may have one more than the others.
        var (least, larger) = Math.DivRem(queues.Count, bySilo.Count);
        foreach (var queue in queues)
        {
            var chosen = bySilo
                .Where(silo => silo.Value.Count < least || (silo.Value.Count == least && larger > 0))
                .MaxBy(silo => (Preference(queue, silo.Key), silo.Key));
            if (chosen.Value.Count == least)
            {
                larger--;
            }

            chosen.Value.Add(queue);
        }

        return bySilo;
    }

    /// <inheritdoc/>
    protected override void OnClusterMembershipChange(HashSet<SiloAddress> activeSilos) => NotifyListeners().Ignore();

    private static ulong Preference(QueueId queue, string silo) => XxHash3.HashToUInt64(Encoding.UTF8.GetBytes($"{queue} {silo}"));
}
