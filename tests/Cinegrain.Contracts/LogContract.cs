using System.Text;
using Cinegrain.Model.Ports;
using Xunit;

namespace Cinegrain.Contracts;

/// <summary>What every <see cref="ILog"/> must do. An adapter inherits it and says how its log is opened.</summary>
public abstract class LogContract : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private ILog? _log;

    /// <summary>The log under test.</summary>
    protected ILog Log => _log!;

    /// <summary>Opens the log of this test; a second call opens the same log again, after <see cref="CloseAsync"/>.</summary>
    protected abstract Task<ILog> OpenAsync();

    /// <summary>Closes a log, so that it can be opened again.</summary>
    protected abstract Task CloseAsync(ILog log);

    /// <summary>Removes what the test left behind.</summary>
    protected abstract Task RemoveAsync();

    public async Task InitializeAsync() => _log = await OpenAsync();

    public async Task DisposeAsync()
    {
        await CloseAsync(Log);
        await RemoveAsync();
    }

    [Fact]
    public async Task AppendAsync_SeveralTopics_ReturnsAPositionForEachEntryInOrder()
    {
        var entries = Enumerable.Range(0, 40)
            .Select(i => new LogEntry(i % 2 == 0 ? Topics.Interactions : Topics.Signals, $"key-{i / 2}", Bytes($"value-{i}")))
            .ToArray();

        var positions = await Log.AppendAsync(entries, CancellationToken.None);

        Assert.Equal(entries.Length, positions.Length);
        for (var i = 0; i < entries.Length; i++)
        {
            Assert.Equal(Partitioner.Partition(entries[i].Key, Log.PartitionCount(entries[i].Topic)), positions[i].Partition);
            var record = (await ReadAsync(entries[i].Topic, positions[i].Partition, positions[i].Offset, 1))[0];
            Assert.Equal(positions[i].Offset, record.Offset);
            Assert.Equal(entries[i].Key, record.Key);
            Assert.Equal($"value-{i}", Text(record));
        }
    }

    [Fact]
    public async Task AppendAsync_NothingToAppend_ReturnsNothing() => Assert.Empty(await Log.AppendAsync([], CancellationToken.None));

    [Fact]
    public async Task AppendAsync_CallsNotAwaited_LandInTheOrderOfTheCalls()
    {
        var calls = Enumerable.Range(0, 200).Select(i => Log.AppendAsync([Entry("same", $"{i}")], CancellationToken.None)).ToArray();
        var positions = await Task.WhenAll(calls);

        var offsets = positions.Select(position => position[0].Offset).ToArray();
        Assert.Equal(offsets.Order(), offsets);
        var records = await ReadAllAsync(Topics.Interactions, positions[0][0].Partition);
        Assert.Equal(Enumerable.Range(0, 200).Select(i => $"{i}"), records.Select(Text));
    }

    [Fact]
    public async Task AppendAsync_ManyCallers_NothingIsLostAndEachCallersOrderHolds()
    {
        await Task.WhenAll(Enumerable.Range(0, 8).Select(async caller =>
        {
            for (var i = 0; i < 50; i++)
            {
                await Log.AppendAsync([Entry($"caller-{caller}", $"{i}"), Entry($"other-{caller}-{i}", "x")], CancellationToken.None);
            }
        }));

        var records = new List<LogRecord>();
        for (var partition = 0; partition < Log.PartitionCount(Topics.Interactions); partition++)
        {
            records.AddRange(await ReadAllAsync(Topics.Interactions, partition));
        }

        Assert.Equal(800, records.Count);
        for (var caller = 0; caller < 8; caller++)
        {
            Assert.Equal(Enumerable.Range(0, 50).Select(i => $"{i}"), records.Where(record => record.Key == $"caller-{caller}").Select(Text));
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("ключ 🎬")]
    [InlineData("with\0zero")]
    public async Task AppendAsync_UnusualKeys_ComeBackAsTheyWere(string key)
    {
        var position = (await Log.AppendAsync([new LogEntry(Topics.Interactions, key, Bytes("v"))], CancellationToken.None))[0];
        Assert.Equal(key, (await ReadAsync(Topics.Interactions, position.Partition, position.Offset, 1))[0].Key);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(100_000)]
    public async Task AppendAsync_ValueOfAnySize_ComesBackAsItWas(int size)
    {
        var value = new byte[size];
        new Random(size).NextBytes(value);

        var position = (await Log.AppendAsync([new LogEntry(Topics.Movies, "m", value)], CancellationToken.None))[0];
        Assert.Equal(value, (await ReadAsync(Topics.Movies, position.Partition, position.Offset, 1))[0].Value.ToArray());
    }

    [Fact]
    public async Task AppendAsync_AlreadyCancelled_WritesNothing()
    {
        var end = Log.End(Topics.Interactions, PartitionOf("k"));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Log.AppendAsync([Entry("k", "v")], new CancellationToken(canceled: true)));
        Assert.Equal(end, Log.End(Topics.Interactions, PartitionOf("k")));
    }

    [Fact]
    public async Task AppendAsync_CancelledOnTheWay_LeavesNoEntryWithoutThoseBeforeIt()
    {
        const int Calls = 40, Entries = 200;
        for (var call = 0; call < Calls; call++)
        {
            using var cancel = new CancellationTokenSource();
            var appending = Log.AppendAsync(
                [.. Enumerable.Range(0, Entries).Select(i => new LogEntry(Topics.Signals, $"key-{i}", Bytes($"{call} {i}")))], cancel.Token);
            await cancel.CancelAsync();
            try
            {
                await appending.WaitAsync(Patience);
            }
            catch (OperationCanceledException)
            {
                // Cancelled in time, or on the way; what is there is looked at below.
            }
        }

        // Whoever was cancelled may still be on the way: what comes after it is waited for.
        await Log.AppendAsync([.. Enumerable.Range(0, Entries).Select(i => new LogEntry(Topics.Signals, $"key-{i}", Bytes($"{Calls} {i}")))], CancellationToken.None);
        for (var partition = 0; partition < Log.PartitionCount(Topics.Signals); partition++)
        {
            var whole = Enumerable.Range(0, Entries)
                .Where(i => Partitioner.Partition($"key-{i}", Log.PartitionCount(Topics.Signals)) == partition).ToArray();
            foreach (var call in (await ReadAllAsync(Topics.Signals, partition)).Select(Text).GroupBy(text => text.Split(' ')[0]))
            {
                var found = call.Select(text => int.Parse(text.Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture)).ToArray();
                Assert.Equal(whole.Take(found.Length), found);
            }
        }
    }

    [Fact]
    public async Task AppendAsync_UnknownTopic_IsRefused() =>
        await Assert.ThrowsAsync<ArgumentException>(() => Log.AppendAsync([new LogEntry("no.such.topic", "k", Bytes("v"))], CancellationToken.None));

    [Fact]
    public async Task ReadAsync_Maximum_IsNotExceededAndReadingGoesOnBehindIt()
    {
        await Log.AppendAsync([.. Enumerable.Range(0, 25).Select(i => Entry("k", $"{i}"))], CancellationToken.None);

        var read = new List<string>();
        var offset = 0L;
        while (offset < Log.End(Topics.Interactions, PartitionOf("k")))
        {
            var records = await ReadAsync(Topics.Interactions, PartitionOf("k"), offset, 10);
            Assert.InRange(records.Count, 1, 10);
            read.AddRange(records.Select(Text));
            offset = records[^1].Offset + 1;
        }

        Assert.Equal(Enumerable.Range(0, 25).Select(i => $"{i}"), read);
    }

    [Fact]
    public async Task ReadAsync_AtTheEnd_WaitsForTheNextRecord()
    {
        var end = Log.End(Topics.Interactions, PartitionOf("k"));
        var reading = Log.ReadAsync(Topics.Interactions, PartitionOf("k"), end, 10, CancellationToken.None).AsTask();
        Assert.False(reading.IsCompleted);

        await Log.AppendAsync([Entry("k", "new")], CancellationToken.None);
        Assert.Equal("new", Text((await reading.WaitAsync(Patience))[0]));
    }

    [Fact]
    public async Task ReadAsync_SeveralReadersWait_AllAreWoken()
    {
        var readings = Enumerable.Range(0, 20)
            .Select(_ => Log.ReadAsync(Topics.Interactions, PartitionOf("k"), 0, 10, CancellationToken.None).AsTask())
            .ToArray();

        await Log.AppendAsync([Entry("k", "new")], CancellationToken.None);
        Assert.All(await Task.WhenAll(readings).WaitAsync(Patience), records => Assert.Equal("new", Text(records[0])));
    }

    [Fact]
    public async Task ReadAsync_CancelledWhileWaiting_Ends()
    {
        using var cancel = new CancellationTokenSource();
        var reading = Log.ReadAsync(Topics.Interactions, 0, 0, 10, cancel.Token).AsTask();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading.WaitAsync(Patience));
    }

    [Fact]
    public async Task ReadAsync_WhileOthersAppend_SeesEachRecordOnceInOrder()
    {
        const int Records = 2_000;
        var appending = Task.Run(async () =>
        {
            for (var i = 0; i < Records; i += 10)
            {
                await Log.AppendAsync([.. Enumerable.Range(i, 10).Select(n => Entry("k", $"{n}"))], CancellationToken.None);
            }
        });

        var read = new List<string>();
        var offset = 0L;
        while (read.Count < Records)
        {
            var records = await ReadAsync(Topics.Interactions, PartitionOf("k"), offset, 100);
            Assert.All(records, record => Assert.True(record.Offset >= offset));
            read.AddRange(records.Select(Text));
            offset = records[^1].Offset + 1;
        }

        await appending;
        Assert.Equal(Enumerable.Range(0, Records).Select(i => $"{i}"), read);
    }

    [Fact]
    public async Task End_AfterAnAppend_IsOneAboveItsOffset()
    {
        var position = (await Log.AppendAsync([Entry("k", "v")], CancellationToken.None))[0];
        Assert.True(Log.End(Topics.Interactions, position.Partition) > position.Offset);
    }

    [Fact]
    public void PartitionCount_UnknownTopic_IsRefused() => Assert.Throws<ArgumentException>(() => Log.PartitionCount("no.such.topic"));

    [Fact]
    public void End_UnknownPartition_IsRefused() =>
        Assert.ThrowsAny<ArgumentException>(() => Log.End(Topics.Interactions, Log.PartitionCount(Topics.Interactions)));

    [Fact]
    public async Task OpenAsync_Again_IsTheSameLogWithTheSameRecordsAndGoesOnBehindThem()
    {
        var identity = Log.Identity;
        var position = (await Log.AppendAsync([Entry("k", "before")], CancellationToken.None))[0];
        await CloseAsync(Log);
        _log = await OpenAsync();

        Assert.Equal(identity, Log.Identity);
        Assert.Equal("before", Text((await ReadAsync(Topics.Interactions, position.Partition, position.Offset, 1))[0]));
        var next = (await Log.AppendAsync([Entry("k", "after")], CancellationToken.None))[0];
        Assert.True(next.Offset > position.Offset);
    }

    /// <summary>Bytes of a text.</summary>
    protected static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    /// <summary>Text of a value.</summary>
    protected static string Text(LogRecord record) => Encoding.UTF8.GetString(record.Value.Span);

    /// <summary>An interaction.</summary>
    protected static LogEntry Entry(string key, string value) => new(Topics.Interactions, key, Bytes(value));

    /// <summary>Partition of a user.</summary>
    protected int PartitionOf(string key) => Partitioner.Partition(key, Log.PartitionCount(Topics.Interactions));

    /// <summary>Reads with patience, so that a read that never ends fails.</summary>
    protected Task<IReadOnlyList<LogRecord>> ReadAsync(string topic, int partition, long offset, int maximum) =>
        Log.ReadAsync(topic, partition, offset, maximum, CancellationToken.None).AsTask().WaitAsync(Patience);

    /// <summary>Everything in a partition up to its end.</summary>
    protected async Task<List<LogRecord>> ReadAllAsync(string topic, int partition)
    {
        var all = new List<LogRecord>();
        var offset = 0L;
        while (offset < Log.End(topic, partition))
        {
            var end = Log.End(topic, partition);
            var records = await ReadAsync(topic, partition, offset, 1_000);
            all.AddRange(records);
            offset = records.Count > 0 ? records[^1].Offset + 1 : end;
        }

        return all;
    }
}
