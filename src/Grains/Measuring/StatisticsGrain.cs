using Cinegrain.Grains.State;
using Cinegrain.Model.Measuring;
using Cinegrain.Model.Ports;
using Orleans.Concurrency;

namespace Cinegrain.Grains.Measuring;

/// <summary>
/// Keeps the sums of the cluster, and which batch of each silo they have: stored every two seconds while there is something new. Sums that Standalone
/// left in the checkpoints are what a store begins with.
/// </summary>
internal sealed class StatisticsGrain(SiloServices services) : Grain, IStatisticsGrain
{
    private const string StateId = "statistics";
    private const byte Format = 1;
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(2), Silent = TimeSpan.FromSeconds(10), Gone = TimeSpan.FromHours(1);

    private readonly Dictionary<string, (long Batch, long HeardAt)> _batches = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _stored = new(StringComparer.Ordinal);
    private readonly Dictionary<string, SiloReport> _reports = new(StringComparer.Ordinal);
    private PartitionStatistics _sums = new();
    private long _version, _storedAt;
    private Task _storing = Task.CompletedTask;
    private bool _isChanged;

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        if (await services.States.LoadAsync(ActorKind.Singleton, StateId) is { IsTombstone: false } state)
        {
            _version = state.Version;
            Read(state.State);
        }
        else
        {
            for (var partition = 0; partition < services.Log.PartitionCount(Topics.Interactions); partition++)
            {
                var checkpoint = await services.Store.LoadCheckpointAsync(Topics.Interactions, partition, cancellationToken);
                _sums.Add(PartitionStatistics.FromBytes((checkpoint?.Statistics ?? default).Span));
            }
        }

        _storedAt = services.Time.GetTimestamp();
    }

    public async Task<long> ReportAsync(Immutable<SiloReport> report)
    {
        var told = report.Value;
        var now = services.Time.GetTimestamp();
        if (told.IsLast)
        {
            _reports.Remove(told.Silo);
        }
        else
        {
            _reports[told.Silo] = told;
        }

        var last = _batches.GetValueOrDefault(told.Silo).Batch;
        if (told.Batch > last)
        {
            _sums.Add(PartitionStatistics.FromBytes(told.Sums));
            _isChanged = true;
        }

        _batches[told.Silo] = (Math.Max(last, told.Batch), now);
        if (told.IsLast)
        {
            await _storing;
            await (_storing = StoreAsync(now));
        }
        else if (_storing.IsCompleted && services.Time.GetElapsedTime(_storedAt, now) >= Period)
        {
            _storing = StoreAsync(now);
        }

        return _stored.GetValueOrDefault(told.Silo);
    }

    public Task<ClusterReport> ReadAsync()
    {
        var now = services.Time.GetTimestamp();
        foreach (var silent in _reports.Keys.Where(silo => services.Time.GetElapsedTime(_batches[silo].HeardAt, now) > Silent).ToList())
        {
            _reports.Remove(silent);
        }

        var (median, p99) = RecentSamples.Quantiles([.. _reports.Values.SelectMany(report => report.Freshness)]);
        var variants = new VariantReport[_reports.Values.Select(report => report.Variants.Length).DefaultIfEmpty().Max()];
        foreach (var (index, variant) in _reports.Values.SelectMany(report => report.Variants.Index()))
        {
            // Which movies they are stays in each silo, so what is covered is what the silo with the widest lists covers.
            ref var sum = ref variants[index];
            sum = new VariantReport(Math.Max(sum.Covered, variant.Covered), sum.Offered + variant.Offered, sum.Followed + variant.Followed);
        }

        return Task.FromResult(new ClusterReport(
            _sums.ToBytes(),
            _reports.Values.Sum(report => report.EventsPerSecond),
            median,
            p99,
            _reports.Values.Sum(report => report.Lag),
            _reports.Values.Select(report => report.Movies).DefaultIfEmpty().Max(),
            variants));
    }

    private async Task StoreAsync(long now)
    {
        foreach (var gone in _batches.Where(silo => services.Time.GetElapsedTime(silo.Value.HeardAt, now) > Gone).ToList())
        {
            _batches.Remove(gone.Key);
            _stored.Remove(gone.Key);
        }

        _storedAt = now;
        if (!_isChanged)
        {
            return;
        }

        _isChanged = false;
        var batches = _batches.Select(silo => (silo.Key, silo.Value.Batch)).ToList();
        try
        {
            await services.States.WriteAsync(new ActorState(ActorKind.Singleton, StateId, ++_version, Write()));
            foreach (var (silo, batch) in batches)
            {
                _stored[silo] = batch;
            }
        }
        catch (UnavailableException)
        {
            // The silo stops: those whose batches are not stored tell them again.
            _isChanged = true;
        }
    }

    private byte[] Write()
    {
        using var bytes = new MemoryStream();
        using var writer = new BinaryWriter(bytes);
        writer.Write(Format);
        writer.Write(_batches.Count);
        foreach (var (silo, heard) in _batches)
        {
            writer.Write(silo);
            writer.Write(heard.Batch);
        }

        writer.Write(_sums.ToBytes());
        writer.Flush();
        return bytes.ToArray();
    }

    private void Read(ReadOnlyMemory<byte> state)
    {
        using var bytes = new MemoryStream(state.ToArray());
        using var reader = new BinaryReader(bytes);
        if (reader.ReadByte() != Format)
        {
            throw new InvalidDataException("the stored statistics are of another format: run the version of Cinegrain that wrote them, or a newer one");
        }

        for (var silos = reader.ReadInt32(); silos > 0; silos--)
        {
            var silo = reader.ReadString();
            _stored[silo] = reader.ReadInt64();
            _batches[silo] = (_stored[silo], services.Time.GetTimestamp());
        }

        _sums = PartitionStatistics.FromBytes(bytes.ToArray().AsSpan((int)bytes.Position));
    }
}
