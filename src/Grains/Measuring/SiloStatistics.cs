using Cinegrain.Model;
using Cinegrain.Model.Events;
using Cinegrain.Model.Measuring;

namespace Cinegrain.Grains.Measuring;

/// <summary>What the users of a silo learned, in sums, as long as nobody has taken them. Users that lost what they had not persisted count it again.</summary>
internal sealed class SiloStatistics
{
    private readonly Lock _gate = new();
    private PartitionStatistics _sums = new();
    private long _interactions;

    /// <summary>Milliseconds from arrival to effect.</summary>
    public RecentSamples Freshness { get; } = new();

    /// <summary>Interactions counted since the start.</summary>
    public long Interactions => Interlocked.Read(ref _interactions);

    /// <summary>Counts a record that a user took.</summary>
    /// <param name="isFirst">True when nothing was known of the user.</param>
    public void Count(UserRecord record, long arrivedMs, bool isFirst, TestOutcome? test)
    {
        lock (_gate)
        {
            if (isFirst)
            {
                _sums.CountUser();
            }

            if (record is Interaction interaction)
            {
                _sums.Count(interaction, arrivedMs);
                _interactions++;
            }

            if (test is { } outcome)
            {
                _sums.Count(outcome, arrivedMs);
            }
        }
    }

    /// <summary>The sums since they were taken last; null when nothing was counted.</summary>
    public PartitionStatistics? Take()
    {
        lock (_gate)
        {
            if (_sums is { Users: 0, Interactions: 0, Quality.Tested: 0 })
            {
                return null;
            }

            var taken = _sums;
            _sums = new PartitionStatistics();
            return taken;
        }
    }

    /// <summary>What a process noted of the lists of each variant.</summary>
    public static VariantReport[] Variants(VariantMonitor monitor) => [.. Enum.GetValues<ModelVariant>().Select(variant =>
    {
        var (covered, offered, followed) = monitor.Notes(variant);
        return new VariantReport(covered, offered, followed);
    })];
}
