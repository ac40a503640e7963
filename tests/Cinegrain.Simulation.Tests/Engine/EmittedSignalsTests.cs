using System.Text;
using System.Text.Json;
using Cinegrain.Embedded.Engine;
using Cinegrain.Model.Events;
using Cinegrain.Model.Ports;
using Cinegrain.Simulation.Tests.Scheduling;
using Cinegrain.Simulation.Tests.Storage;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Cinegrain.Simulation.Tests.Engine;

public sealed class EmittedSignalsTests
{
    private const int Epoch = 7;

    private readonly LogDisk _disk = new(
        new Dictionary<string, int> { [Topics.Interactions] = 2, [Topics.Signals] = 2, [Topics.Movies] = 1, [Topics.Rejected] = 1 }, (_, _, _) => { });

    // A movie of each partition of signals.
    private readonly string[] _movies = [.. Enumerable.Range(0, 2).Select(s => Enumerable.Range(0, 100).Select(i => $"m{i}").First(m => Partitioner.Partition(m, 2) == s))];

    [Fact]
    public void FindAsync_SignalsOfSeveralPartitions_EachHasItsOwnEnd()
    {
        Land(Signal(0, offset: 3, of: 0));
        Land(Signal(1, offset: 8, of: 0));
        Land(Signal(0, offset: 5, of: 1));

        var found = Find(true, true);

        AssertContains(found, partition: 0, of: 0, highest: 3);
        AssertContains(found, partition: 1, of: 0, highest: 8);
        AssertContains(found, partition: 0, of: 1, highest: 5);
        Assert.False(Contains(found, 1, 0, of: 1));
    }

    [Fact]
    public void FindAsync_RepeatsAfterAFailedAppend_TheHighestOffsetCounts()
    {
        foreach (var offset in new[] { 1, 2, 3, 1, 2 })
        {
            Land(Signal(0, offset, of: 0));
        }

        AssertContains(Find(true, false), partition: 0, of: 0, highest: 3);
    }

    [Fact]
    public void FindAsync_SignalsThatDoNotCount_AreNotThere()
    {
        Land(Signal(0, offset: 3, of: 0, epoch: Epoch - 1));
        Land(Signal(0, offset: 4, of: 0, epoch: Epoch + 1));
        Land(Signal(2, offset: 5, of: 0));
        Land(Signal(0, offset: 6, of: 0) with { Kind = (InteractionKind)99 });
        _disk.Land(new LogEntry(Topics.Signals, _movies[0], Encoding.UTF8.GetBytes("{")), 0);
        _disk.Land(new LogEntry(Topics.Signals, _movies[0], Encode(Signal(0, offset: 7, of: 1))), 0);

        Assert.False(Contains(Find(true, true), partition: 0, offset: 0, of: 0));
    }

    [Theory]
    [InlineData(EmittedSignals.FirstWindow - 1, true)]
    [InlineData(EmittedSignals.FirstWindow, true)]
    [InlineData(EmittedSignals.Farthest - 1, true)]
    [InlineData(EmittedSignals.Farthest, false)]
    public void FindAsync_OtherRecordsBehindTheSignal_LooksBackSoFar(int others, bool isFound)
    {
        Land(Signal(0, offset: 3, of: 0));
        for (var i = 0; i < others; i++)
        {
            Land(new CatalogueChange { Movie = _movies[0], Metadata = null });
        }

        Assert.Equal(isFound, Contains(Find(true, false), partition: 0, offset: 3, of: 0));
    }

    [Fact]
    public void FindAsync_NothingToReplay_ReadsNothing()
    {
        Land(Signal(0, offset: 3, of: 0));

        Assert.False(Contains(Find(false, false), partition: 0, offset: 3, of: 0));
    }

    [Fact]
    public void Contains_OfNone_IsFalse() => Assert.False(Contains(EmittedSignals.None, partition: 0, offset: 0, of: 0));

    private void AssertContains(EmittedSignals found, int partition, int of, long highest)
    {
        Assert.True(Contains(found, partition, 0, of));
        Assert.True(Contains(found, partition, highest, of));
        Assert.False(Contains(found, partition, highest + 1, of));
    }

    private bool Contains(EmittedSignals found, int partition, long offset, int of) => found.Contains(partition, Signal(partition, offset, of));

    private Signal Signal(int partition, long offset, int of, int epoch = Epoch) => new()
    {
        Movie = _movies[of],
        At = DateTimeOffset.UnixEpoch,
        Kind = InteractionKind.Like,
        Preference = 1,
        Context = [],
        Source = new SignalSource(epoch, partition, offset, 0),
    };

    private static byte[] Encode(MovieRecord record) => JsonSerializer.SerializeToUtf8Bytes(record, WireFormat.Default.MovieRecord);

    private void Land(MovieRecord record) => _disk.Land(new LogEntry(Topics.Signals, record.Movie, Encode(record)), 0);

    private EmittedSignals Find(params bool[] replays)
    {
        var time = new FakeTimeProvider();
        var scheduler = new Scheduler(1, time);
        EmittedSignals? found = null;
        scheduler.Run(async () =>
        {
            using var machine = new Machine(scheduler, new Random(2), hasFaults: true, operationsToLive: 0);
            using var metrics = new EngineMetrics();
            var services = new LoopServices(
                new SimulatedLog(_disk, machine), new SimulatedStore(new StoreDisk(new NoObserver()), machine, isAtomic: true), new EngineOptions(), time,
                NullLogger.Instance, metrics);
            found = await EmittedSignals.FindAsync(services, [.. replays.Select(r => (Epoch, r))], CancellationToken.None);
        });
        return found!;
    }
}
