using Cinegrain.Embedded.Sqlite;
using Cinegrain.Model.Ports;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Time.Testing;
using static Cinegrain.Embedded.Tests.Sqlite.Samples;

namespace Cinegrain.Embedded.Tests.Sqlite;

public sealed class SqliteLogTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Open_NewLog_HasTheUsualPartitions()
    {
        await using var log = Open(new SqliteLogOptions());
        Assert.Equal(
            [4, 2, 1, 1],
            [log.PartitionCount(Topics.Interactions), log.PartitionCount(Topics.Signals), log.PartitionCount(Topics.Movies), log.PartitionCount(Topics.Rejected)]);
    }

    [Fact]
    public async Task Open_PartitionsLeftOut_TakesThoseOfTheLog()
    {
        await Open(Partitions(Topics.Interactions, 3)).DisposeAsync();
        await using var log = Open(new SqliteLogOptions());
        Assert.Equal(3, log.PartitionCount(Topics.Interactions));
    }

    [Fact]
    public async Task Open_OtherNumberOfPartitions_IsRefusedWithBothNumbers()
    {
        await Open(Partitions(Topics.Interactions, 3)).DisposeAsync();
        var refusal = Assert.Throws<ArgumentException>(() => Open(Partitions(Topics.Interactions, 5)));
        Assert.Contains("has 3 partitions", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("with 5", refusal.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Topics.Interactions, 0)]
    [InlineData(Topics.Interactions, 257)]
    [InlineData("no.such.topic", 1)]
    public void Open_ImpossiblePartitions_AreRefused(string topic, int count) => Assert.Throws<ArgumentException>(() => Open(Partitions(topic, count)));

    [Fact]
    public async Task Open_NewerSchema_IsRefusedWithASentence()
    {
        await Open(new SqliteLogOptions()).DisposeAsync();
        Execute("PRAGMA user_version=99");
        var refusal = Assert.Throws<DataFolderException>(() => Open(new SqliteLogOptions()));
        Assert.Contains("99", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("newer version", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_NoDatabase_IsDamaged()
    {
        File.WriteAllText(_folder.File(SqliteLog.FileName), new string('x', 10_000));
        AssertNamesTheFile(Assert.Throws<StorageDamagedException>(() => Open(new SqliteLogOptions())));
    }

    [Fact]
    public void Open_DatabaseOfAnotherProgram_IsDamaged()
    {
        Execute("CREATE TABLE other (x)");
        AssertNamesTheFile(Assert.Throws<StorageDamagedException>(() => Open(new SqliteLogOptions())));
    }

    [Fact]
    public async Task Open_TruncatedFile_IsDamaged()
    {
        await FillAsync(300);
        Truncate(_folder.File(SqliteLog.FileName), 16_384);
        AssertNamesTheFile(Assert.Throws<StorageDamagedException>(() => Open(new SqliteLogOptions())));
    }

    [Fact]
    public async Task ReadAsync_OverwrittenPages_IsDamagedAndNeverWrongRecords()
    {
        await FillAsync(300);
        var file = _folder.File(SqliteLog.FileName);
        var rubbish = new byte[4_096];
        new Random(3).NextBytes(rubbish);
        for (var position = 8_192L * 8; position < new FileInfo(file).Length; position += 8_192)
        {
            Overwrite(file, position, rubbish);
        }

        var damage = await Assert.ThrowsAsync<StorageDamagedException>(async () =>
        {
            await using var log = Open(OnePartition);
            await log.ReadAllAsync(Topics.Interactions, 0);
        });
        AssertNamesTheFile(damage);
    }

    [Fact]
    public async Task AppendAsync_DiskFull_FailsAndGoesOnWhereItWasWhenThereIsSpace()
    {
        await using var log = Open(OnePartition);
        await log.OnWriterAsync(database =>
        {
            database.Execute($"PRAGMA max_page_count={database.Query("PRAGMA page_count", row => row.Int64(0)) + 20}");
            return true;
        });

        var acknowledged = 0;
        UnavailableException? refusal = null;
        while (refusal is null)
        {
            var end = log.End(Topics.Interactions, 0);
            try
            {
                await log.AppendAsync(Interaction("k", $"{acknowledged}"), Interaction("k", new string('x', 5_000)));
                acknowledged++;
            }
            catch (UnavailableException e)
            {
                refusal = e;
                Assert.Equal(end, log.End(Topics.Interactions, 0));
            }
        }

        Assert.True(acknowledged > 3);
        Assert.Contains("full", refusal.Message, StringComparison.Ordinal);
        Assert.True(refusal.RetryAfter > TimeSpan.Zero);
        await Assert.ThrowsAsync<UnavailableException>(() => log.AppendAsync(Interaction("k", new string('x', 50_000))));

        await log.OnWriterAsync(database =>
        {
            database.Execute("PRAGMA max_page_count=100000");
            return true;
        });
        for (var i = 0; i < 30; i++)
        {
            await log.AppendAsync(Interaction("k", $"{acknowledged + i}"), Interaction("k", "y"));
        }

        var records = await log.ReadAllAsync(Topics.Interactions, 0);
        Assert.Equal(Enumerable.Range(0, records.Count).Select(i => (long)i), records.Select(record => record.Offset));
        Assert.Equal(Enumerable.Range(0, acknowledged + 30).Select(i => $"{i}"), records.Where((_, i) => i % 2 == 0).Select(Text));
    }

    [Fact]
    public async Task AppendAsync_QueueFull_IsRefusedAndTheQueuedOnesAreWritten()
    {
        await using var log = Open(OnePartition with { QueuedRecords = 10 });
        using var gate = new ManualResetEventSlim();
        var held = log.OnWriterAsync(_ => gate.Wait(Patience));
        var queued = Enumerable.Range(0, 10).Select(i => log.AppendAsync(Interaction("k", $"{i}"))).ToArray();

        var refusal = await Assert.ThrowsAsync<UnavailableException>(() => log.AppendAsync(Interaction("k", "too much")));
        Assert.True(refusal.RetryAfter > TimeSpan.Zero);

        gate.Set();
        Assert.True(await held);
        await Task.WhenAll(queued);
        await log.AppendAsync(Interaction("k", "10"));
        Assert.Equal(Enumerable.Range(0, 11).Select(i => $"{i}"), (await log.ReadAllAsync(Topics.Interactions, 0)).Select(Text));
    }

    [Fact]
    public async Task AppendAsync_TooManyBytesWaiting_IsRefusedButOneLargeAppendIsTaken()
    {
        await using var log = Open(OnePartition with { QueuedBytes = 1_000 });
        await log.AppendAsync(Interaction("k", new string('x', 5_000)));

        using var gate = new ManualResetEventSlim();
        var held = log.OnWriterAsync(_ => gate.Wait(Patience));
        var first = log.AppendAsync(Interaction("k", new string('x', 900)));
        await Assert.ThrowsAsync<UnavailableException>(() => log.AppendAsync(Interaction("k", new string('x', 900))));
        gate.Set();
        await held;
        await first;
    }

    [Fact]
    public async Task AppendAsync_CancelledWhileQueued_IsNotWritten()
    {
        await using var log = Open(OnePartition);
        using var gate = new ManualResetEventSlim();
        using var cancel = new CancellationTokenSource();
        var held = log.OnWriterAsync(_ => gate.Wait(Patience));
        var cancelled = log.AppendAsync([Interaction("k", "no")], cancel.Token);
        var kept = log.AppendAsync([Interaction("k", "yes")], None);
        await cancel.CancelAsync();
        gate.Set();
        await held;

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
        Assert.Equal(0, (await kept)[0].Offset);
        Assert.Equal(["yes"], (await log.ReadAllAsync(Topics.Interactions, 0)).Select(Text));
    }

    [Fact]
    public async Task AppendAsync_ManyWaiting_ShareTransactions()
    {
        var transactions = 0;
        using var listener = new System.Diagnostics.Metrics.MeterListener();
        await using var log = Open(OnePartition);
        listener.InstrumentPublished = (instrument, meters) =>
        {
            if (instrument.Name == "cinegrain.log.batch")
            {
                meters.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<int>((_, records, _, _) =>
        {
            // Other tests have logs of their own; only this one has batches of a hundred.
            if (records == 100)
            {
                Interlocked.Increment(ref transactions);
            }
        });
        listener.Start();

        using var gate = new ManualResetEventSlim();
        var held = log.OnWriterAsync(_ => gate.Wait(Patience));
        var appends = Enumerable.Range(0, 100).Select(i => log.AppendAsync(Interaction("k", $"{i}"))).ToArray();
        gate.Set();
        await held;
        await Task.WhenAll(appends);
        Assert.Equal(1, Volatile.Read(ref transactions));
    }

    [Fact]
    public async Task DisposeAsync_AppendsWaiting_AreWritten()
    {
        var log = Open(OnePartition);
        var appends = Enumerable.Range(0, 50).Select(i => log.AppendAsync(Interaction("k", $"{i}"))).ToArray();
        await log.DisposeAsync();
        await Task.WhenAll(appends);

        await using var again = Open(OnePartition);
        Assert.Equal(50, again.End(Topics.Interactions, 0));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => log.AppendAsync(Interaction("k", "late")));
    }

    [Fact]
    public async Task DisposeAsync_ReadsWaiting_End()
    {
        var log = Open(OnePartition);
        var reading = log.ReadAsync(Topics.Interactions, 0, 0, 10, None).AsTask();
        await log.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => reading.WaitAsync(Patience));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => log.ReadAsync(Topics.Interactions, 0, 0, 10, None).AsTask().WaitAsync(Patience));
    }

    [Fact]
    public async Task ReadAsync_RecordArrived_HasTheTimeOfArrival()
    {
        var time = new FakeTimeProvider(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));
        await using var log = SqliteLog.Open(_folder.Path, OnePartition, time);
        await log.AppendAsync(Interaction("k", "v"));
        Assert.Equal(time.GetUtcNow().ToUnixTimeMilliseconds(), (await log.ReadAllAsync(Topics.Interactions, 0))[0].ArrivedMs);
    }

    private static SqliteLogOptions Partitions(string topic, int count) => new() { Partitions = new Dictionary<string, int> { [topic] = count } };

    private static void AssertNamesTheFile(StorageDamagedException damage)
    {
        Assert.Contains(SqliteLog.FileName, damage.Message, StringComparison.Ordinal);
        Assert.Contains("backup", damage.Message, StringComparison.Ordinal);
    }

    private SqliteLog Open(SqliteLogOptions options) => SqliteLog.Open(_folder.Path, options, TimeProvider.System);

    private async Task FillAsync(int records)
    {
        await using var log = Open(OnePartition with { SegmentRecords = 1_000 });
        await log.AppendAsync([.. Enumerable.Range(0, records).Select(i => Interaction($"k{i}", new string('v', 500)))]);
    }

    private void Execute(string sql)
    {
        using var connection = new SqliteConnection($"Data Source={_folder.File(SqliteLog.FileName)};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
