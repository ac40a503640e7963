using System.Runtime.CompilerServices;
using Cinegrain.Model.Events;
using Cinegrain.Model.Ports;

namespace Cinegrain.Embedded.Engine;

/// <summary>
/// Which signals of the users' partitions stand in the log when the engine starts, so that a replay does not emit them again. A partition of users
/// appends its signals in the order of their offsets, one batch after the other, and <see cref="ILog.AppendAsync"/> keeps that order through failures
/// and kills. So the signal of the highest offset that one partition of signals holds of it proves that all of lower offsets are there.
/// </summary>
/// <remarks>What is not found is emitted again, and its movie passes over the repeat: not finding a signal costs time and nothing else.</remarks>
internal sealed class EmittedSignals
{
    /// <summary>First step back from the end of a partition; each is four times as long as the one before.</summary>
    internal const int FirstWindow = 4_096;

    /// <summary>Farthest look back from the end of a partition.</summary>
    internal const int Farthest = FirstWindow * (1 + 4 + 16);

    // By partition of users, then of signals: the highest offset of a user's record whose signal was found; -1 for none.
    private readonly long[][] _highest;

    private EmittedSignals(long[][] highest) => _highest = highest;

    /// <summary>Knows of no signal.</summary>
    public static EmittedSignals None { get; } = new([]);

    /// <summary>True when the signal is in the log.</summary>
    /// <param name="partition">Partition of users that it comes from.</param>
    /// <param name="signal">A signal of that partition's epoch.</param>
    public bool Contains(int partition, Signal signal) =>
        partition < _highest.Length
        && signal.Source.Offset <= _highest[partition][Partitioner.Partition(signal.Movie, _highest[partition].Length)];

    /// <summary>Reads the ends of the partitions of signals, farther back as long as a partition of users that replays is not found.</summary>
    /// <param name="services">Log and options.</param>
    /// <param name="partitions">Epoch of each partition of users, and whether it has records to replay. Only signals of that epoch count.</param>
    /// <param name="cancellationToken">Ends the search.</param>
    public static async Task<EmittedSignals> FindAsync(
        LoopServices services, IReadOnlyList<(int Epoch, bool Replays)> partitions, CancellationToken cancellationToken)
    {
        var signals = services.Log.PartitionCount(Topics.Signals);
        var highest = partitions.Select(_ => Enumerable.Repeat(-1L, signals).ToArray()).ToArray();
        for (var s = 0; s < signals; s++)
        {
            var end = services.Log.End(Topics.Signals, s);
            var from = end;
            for (var window = FirstWindow; from > 0 && end - from < Farthest && IsMissing(s); window *= 4)
            {
                var until = from;
                from = Math.Max(0, from - window);
                await foreach (var source in ReadAsync(services, s, from, until, cancellationToken))
                {
                    if (source.Partition < partitions.Count && source.Epoch == partitions[source.Partition].Epoch)
                    {
                        highest[source.Partition][s] = Math.Max(highest[source.Partition][s], source.Offset);
                    }
                }
            }
        }

        return new EmittedSignals(highest);

        bool IsMissing(int s) => partitions.Index().Any(partition => partition.Item.Replays && highest[partition.Index][s] < 0);
    }

    private static async IAsyncEnumerable<SignalSource> ReadAsync(
        LoopServices services, int partition, long from, long until, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (from < until)
        {
            var records = await services.Retry.UntilDoneAsync(
                "reading the end of the signals",
                token => services.Log.ReadAsync(Topics.Signals, partition, from, (int)Math.Min(until - from, FirstWindow), token).AsTask(),
                cancellationToken);
            foreach (var record in records)
            {
                if (record.Offset < until && LogRecords.ParseMovie(record, out _) is Signal signal)
                {
                    yield return signal.Source;
                }
            }

            from = records.Count > 0 ? records[^1].Offset + 1 : until;
        }
    }
}
