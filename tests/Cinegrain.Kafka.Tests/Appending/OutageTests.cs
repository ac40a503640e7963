using System.Globalization;
using System.Text;
using Cinegrain.Contracts.Servers;
using Cinegrain.Kafka.Tests.Support;
using Cinegrain.Model.Ports;

namespace Cinegrain.Kafka.Tests.Appending;

/// <summary>What happens when the broker dies.</summary>
public sealed class OutageTests(OwnBroker broker) : IClassFixture<OwnBroker>
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60), Moment = TimeSpan.FromMilliseconds(100);

    private static int _logs;

    private readonly KafkaLogOptions _options = new()
    {
        Bootstrap = broker.Bootstrap,
        Prefix = $"outage-{Interlocked.Increment(ref _logs)}.",
        Partitions = new Dictionary<string, int> { [Topics.Interactions] = 1 },
        StallAfter = TimeSpan.FromSeconds(1),
        AppendTimeout = TimeSpan.FromSeconds(3),
    };

    [OwnBrokerFact]
    public async Task AppendAsync_BrokerKilledUnderLoad_KeepsWhatWasAcknowledgedInOrder()
    {
        const int Records = 3_000, Size = 5;
        await using var log = await Broker.OpenAsync(_options);
        var acknowledged = new Dictionary<int, long>();
        var outage = Task.CompletedTask;
        var kills = new Queue<int>([Records / 4, Records / 2]);

        // Calls are not waited for one by one; from the first that fails, all are repeated, as whoever depends on the order does.
        for (var next = 0; next < Records;)
        {
            if (outage.IsCompletedSuccessfully && kills.TryPeek(out var when) && next >= when)
            {
                kills.Dequeue();
                outage = RestartAsync();
            }

            var calls = Enumerable.Range(0, 20).Select(call => next + (call * Size)).Where(first => first < Records)
                .Select(first => (First: first, Task: AppendAsync(log, first, Size))).ToList();
            foreach (var (first, task) in calls)
            {
                try
                {
                    var positions = await task;
                    for (var i = 0; i < Size; i++)
                    {
                        acknowledged[first + i] = positions[i].Offset;
                    }

                    next = first + Size;
                }
                catch (UnavailableException)
                {
                    await Task.Delay(Moment, TimeProvider.System);
                    break;
                }
            }

            await Task.WhenAll(calls.Select(call => call.Task.ContinueWith(_ => { }, TaskScheduler.Default)));
        }

        await outage;
        var texts = new Dictionary<long, int>();
        for (var offset = 0L; offset < log.End(Topics.Interactions, 0);)
        {
            foreach (var record in await ReadAsync(log, offset))
            {
                texts[record.Offset] = int.Parse(Encoding.UTF8.GetString(record.Value.Span), CultureInfo.InvariantCulture);
                offset = record.Offset + 1;
            }
        }

        Assert.Equal(Records, acknowledged.Count);
        Assert.All(acknowledged, pair => Assert.Equal(pair.Key, texts[pair.Value]));

        // What failed may have landed and come once more, but none stands before the first of the one before it.
        var firsts = texts.OrderBy(pair => pair.Key).Select(pair => pair.Value).Distinct();
        Assert.Equal(Enumerable.Range(0, Records), firsts);
    }

    [OwnBrokerFact]
    public async Task AppendAsync_BrokerAway_FailsInTimeRefusesTheNextAndRecovers()
    {
        await using var log = await Broker.OpenAsync(_options);
        await AppendAsync(log, 0, 1);
        var reading = log.ReadAsync(Topics.Interactions, 0, 1, 10, CancellationToken.None).AsTask();
        await broker.KillAsync();
        try
        {
            var waiting = AppendAsync(log, 1, 1);
            var refusal = await RefusalAsync(() => AppendAsync(log, 2, 1));
            Assert.True(refusal.RetryAfter > TimeSpan.Zero);
            await Assert.ThrowsAsync<UnavailableException>(() => waiting.WaitAsync(Patience));
            Assert.Equal((0, 0), log.Queued);
        }
        finally
        {
            await broker.StartAsync();
        }

        await UntilAppendedAsync(log, 3);
        Assert.NotEmpty(await reading.WaitAsync(Patience));
        Assert.Contains((await ReadAsync(log, 1)).Select(record => Encoding.UTF8.GetString(record.Value.Span)), text => text == "3");
    }

    [OwnBrokerFact]
    public async Task AppendAsync_QueueFull_RefusesAtOnceAndWhatWaitsIsWritten()
    {
        await using var log = await Broker.OpenAsync(_options with
        {
            QueuedRecords = 100,
            StallAfter = TimeSpan.FromSeconds(50),
            AppendTimeout = TimeSpan.FromSeconds(60),
        });
        await broker.KillAsync();
        Task<LogPosition[]> waiting;
        try
        {
            waiting = AppendAsync(log, 0, 80);
            var refusal = await Assert.ThrowsAsync<UnavailableException>(() => AppendAsync(log, 80, 80));
            Assert.Contains("80 records", refusal.Message, StringComparison.Ordinal);
            Assert.Equal(80, log.Queued.Records);
        }
        finally
        {
            await broker.StartAsync();
        }

        Assert.Equal(80, (await waiting.WaitAsync(Patience)).Length);
        Assert.Equal(80, log.End(Topics.Interactions, 0));
        Assert.Equal((0, 0), log.Queued);
    }

    private static Task<LogPosition[]> AppendAsync(KafkaLog log, int from, int count) => log.AppendAsync(
        [.. Enumerable.Range(from, count).Select(i => new LogEntry(Topics.Interactions, "k", Encoding.UTF8.GetBytes($"{i}")))], CancellationToken.None);

    private static Task<IReadOnlyList<LogRecord>> ReadAsync(KafkaLog log, long offset) =>
        log.ReadAsync(Topics.Interactions, 0, offset, 1_000, CancellationToken.None).AsTask().WaitAsync(Patience);

    /// <summary>Repeats until it is refused at once.</summary>
    private static async Task<UnavailableException> RefusalAsync(Func<Task> append)
    {
        for (var attempt = 0; attempt < 600; attempt++)
        {
            var appending = append();
            if (appending.IsFaulted)
            {
                return await Assert.ThrowsAsync<UnavailableException>(() => appending);
            }

            await Task.Delay(Moment, TimeProvider.System);
        }

        throw new TimeoutException("nothing was refused");
    }

    private static async Task UntilAppendedAsync(KafkaLog log, int value)
    {
        for (var attempt = 0; attempt < 600; attempt++)
        {
            try
            {
                await AppendAsync(log, value, 1);
                return;
            }
            catch (UnavailableException)
            {
                await Task.Delay(Moment, TimeProvider.System);
            }
        }

        throw new TimeoutException("the log did not recover");
    }

    private async Task RestartAsync()
    {
        await broker.KillAsync();
        await broker.StartAsync();
    }
}
