using System.Text;
using Cinegrain.Contracts.Servers;
using Cinegrain.Kafka.Tests.Support;
using Cinegrain.Model.Ports;
using Confluent.Kafka;

namespace Cinegrain.Kafka.Tests.Reading;

public sealed class ReadingTests : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly KafkaLogOptions _options = Broker.Bootstrap is null ? null! : Broker.NewOptions() with
    {
        Partitions = new Dictionary<string, int> { [Topics.Interactions] = 1 },
        PrefetchedRecords = 200,
    };

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync() => _options is null ? Task.CompletedTask : Broker.RemoveAsync(_options);

    [KafkaFact]
    public async Task ReadAsync_SlowReader_GetsEverythingAndNoMoreIsFetchedAheadThanAllowed()
    {
        const int Records = 5_000;
        await using var log = await Broker.OpenAsync(_options);
        await AppendAsync(log, 0, Records);

        var read = new List<string>();
        while (read.Count < Records)
        {
            var records = await ReadAsync(log, read.Count, 70);
            read.AddRange(records.Select(Text));
            Assert.InRange(log.Prefetched(Topics.Interactions, 0), 0, _options.PrefetchedRecords);
        }

        Assert.Equal(Enumerable.Range(0, Records).Select(i => $"{i}"), read);
    }

    [KafkaFact]
    public async Task ReadAsync_BackAndForth_FindsEachPlace()
    {
        await using var log = await Broker.OpenAsync(_options);
        await AppendAsync(log, 0, 3_000);
        foreach (var offset in new long[] { 2_000, 5, 2_999, 0, 1_500, 1_501, 1_400 })
        {
            Assert.Equal([$"{offset}"], (await ReadAsync(log, offset, 1)).Select(Text));
        }
    }

    [KafkaFact]
    public async Task ReadAsync_TwoReadersFarApart_DoNotSendEachOtherBackAndForth()
    {
        const int Records = 4_000;
        await using var log = await Broker.OpenAsync(_options);
        await AppendAsync(log, 0, Records);
        await Task.WhenAll(ReadFromAsync(0), ReadFromAsync(Records / 2));
        Assert.Equal(0, log.Seeks);

        async Task ReadFromAsync(long offset)
        {
            while (offset < Records)
            {
                var records = await ReadAsync(log, offset, 50);
                Assert.Equal(Enumerable.Range((int)offset, records.Count).Select(i => $"{i}"), records.Select(Text));
                offset += records.Count;
            }
        }
    }

    [KafkaFact]
    public async Task ReadAsync_FrontExpired_GoesOnWithWhatIsThere()
    {
        await using var log = await Broker.OpenAsync(_options);
        await AppendAsync(log, 0, 10);
        await DeleteBelowAsync(6);
        Assert.Equal(["6"], (await ReadAsync(log, 0, 1)).Select(Text));
        Assert.Equal(["9"], (await ReadAsync(log, 9, 100)).Select(Text));
    }

    [KafkaFact]
    public async Task ReadAsync_AllExpired_SaysThatThereIsNothing()
    {
        await using var log = await Broker.OpenAsync(_options);
        await AppendAsync(log, 0, 10);
        await DeleteBelowAsync(10);
        Assert.Empty(await ReadAsync(log, 0, 100));

        await AppendAsync(log, 10, 1);
        Assert.Equal(["10"], (await ReadAsync(log, 10, 100)).Select(Text));
    }

    [KafkaFact]
    public async Task ReadAsync_RecordsOfAnAbortedTransaction_AreNotThere()
    {
        await using var log = await Broker.OpenAsync(_options);
        await AppendAsync(log, 0, 2);
        var partition = new TopicPartition(_options.Prefix + Topics.Interactions, 0);
        using (var producer = new ProducerBuilder<string, string>(
            new ProducerConfig { BootstrapServers = Broker.Bootstrap, TransactionalId = _options.Prefix + "aborts" }).Build())
        {
            producer.InitTransactions(Patience);
            producer.BeginTransaction();
            await producer.ProduceAsync(partition, new Message<string, string> { Key = "k", Value = "aborted" });
            producer.AbortTransaction(Patience);
        }

        await using var other = await Broker.OpenAsync(_options);
        Assert.Equal(4, other.End(Topics.Interactions, 0));
        Assert.Empty(await ReadAsync(other, 2, 100));
        await AppendAsync(other, 2, 1);
        Assert.Equal(["0"], (await ReadAsync(log, 0, 1)).Select(Text));
        Assert.Equal(["1"], (await ReadAsync(log, 1, 1)).Select(Text));
        Assert.Equal(["2"], (await ReadAsync(log, 2, 100)).Select(Text));
        Assert.Equal(["2"], (await ReadAsync(other, 4, 100)).Select(Text));
    }

    [KafkaFact]
    public async Task ReadAsync_AppendedByAnotherProcess_IsSeen()
    {
        await using var log = await Broker.OpenAsync(_options);
        await using var other = await Broker.OpenAsync(_options);
        var reading = log.ReadAsync(Topics.Interactions, 0, 0, 10, CancellationToken.None).AsTask();
        await AppendAsync(other, 0, 1);
        Assert.Equal(["0"], (await reading.WaitAsync(Patience)).Select(Text));
        Assert.Equal(1, log.End(Topics.Interactions, 0));
    }

    [KafkaFact]
    public async Task ReadAsync_LogIsShorterThanWasRead_IsNotTheLogThatItWas()
    {
        await using var log = await Broker.OpenAsync(_options);
        await AppendAsync(log, 0, 10);
        await ReadAsync(log, 0, 100);
        using (var admin = Broker.NewAdmin())
        {
            await admin.DeleteTopicsAsync([_options.Prefix + Topics.Interactions]);
        }

        // Whichever is seen first: the topic that is gone, or the one that was made again.
        await using var again = await Broker.OpenAsync(_options);
        await Assert.ThrowsAsync<WrongLogException>(() => ReadAsync(log, 10, 100));
    }

    [KafkaFact]
    public async Task ReadAsync_RecordsThatOthersWrote_HaveTheBrokersTimeOfArrival()
    {
        await using var log = await Broker.OpenAsync(_options);
        var before = DateTimeOffset.UtcNow.AddMinutes(-5).ToUnixTimeMilliseconds();
        using (var producer = new ProducerBuilder<string?, string?>(new ProducerConfig { BootstrapServers = Broker.Bootstrap }).Build())
        {
            await producer.ProduceAsync(
                new TopicPartition(_options.Prefix + Topics.Interactions, 0),
                new Message<string?, string?> { Timestamp = new Timestamp(1, TimestampType.CreateTime) });
        }

        var record = (await ReadAsync(log, 0, 1))[0];
        Assert.Equal("", record.Key);
        Assert.True(record.Value.IsEmpty);
        Assert.True(record.ArrivedMs > before);
    }

    private static string Text(LogRecord record) => Encoding.UTF8.GetString(record.Value.Span);

    private static Task<IReadOnlyList<LogRecord>> ReadAsync(KafkaLog log, long offset, int maximum) =>
        log.ReadAsync(Topics.Interactions, 0, offset, maximum, CancellationToken.None).AsTask().WaitAsync(Patience);

    private static Task AppendAsync(KafkaLog log, int from, int count) => log.AppendAsync(
        [.. Enumerable.Range(from, count).Select(i => new LogEntry(Topics.Interactions, "k", Encoding.UTF8.GetBytes($"{i}")))], CancellationToken.None);

    private async Task DeleteBelowAsync(long offset)
    {
        using var admin = Broker.NewAdmin();
        await admin.DeleteRecordsAsync([new TopicPartitionOffset(_options.Prefix + Topics.Interactions, 0, offset)]);
    }
}
