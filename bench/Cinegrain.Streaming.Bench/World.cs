using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using Cinegrain.Kafka;
using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Hosting;
using Orleans.Streams;
using Orleans.Streams.Core;

namespace Cinegrain.Streaming.Bench;

/// <summary>A topic, a producer of events whose first 8 bytes are the time at which they were made, and a silo.</summary>
internal sealed class World : IAsyncDisposable
{
    private const int ValueBytes = 300;

    private readonly IProducer<byte[], byte[]> _producer;
    private readonly IAdminClient _admin;
    private readonly int _partitions;
    private IHost? _silo;

    private World(string bootstrap, int partitions, int lingerMs)
    {
        KafkaLog.LoadClient();
        (Bootstrap, _partitions) = (bootstrap, partitions);
        var config = new ClientConfig { BootstrapServers = bootstrap };
        _admin = new AdminClientBuilder(config).Build();
        _producer = new ProducerBuilder<byte[], byte[]>(new ProducerConfig(config)
        {
            EnableIdempotence = true,
            LingerMs = lingerMs,
            QueueBufferingMaxMessages = 2_000_000,
        }).Build();
    }

    public string Bootstrap { get; }

    public string Topic { get; } = $"streaming-bench-{Environment.ProcessId}";

    public IEnumerable<TopicPartition> Partitions => Enumerable.Range(0, _partitions).Select(partition => new TopicPartition(Topic, partition));

    public static async Task<World> CreateAsync(string bootstrap, int partitions, int lingerMs)
    {
        var world = new World(bootstrap, partitions, lingerMs);
        await world._admin.CreateTopicsAsync([new TopicSpecification { Name = world.Topic, NumPartitions = partitions, ReplicationFactor = 1 }]);
        return world;
    }

    /// <summary>CPU time of this process.</summary>
    public static TimeSpan Cpu()
    {
        using var process = Process.GetCurrentProcess();
        return process.TotalProcessorTime;
    }

    public async Task StartSiloAsync()
    {
        _silo = Host.CreateDefaultBuilder().ConfigureLogging(logging => logging.SetMinimumLevel(LogLevel.Error)).UseOrleans(silo =>
        {
            silo.UseLocalhostClustering(siloPort: 21_000 + (Environment.ProcessId % 5_000), gatewayPort: 31_000 + (Environment.ProcessId % 5_000));
            silo.AddKafkaStreams("bench", (KafkaStreamOptions options) =>
            {
                options.Client["bootstrap.servers"] = Bootstrap;
                options.Topics[Topic] = "bench";
                options.ConsumerGroup = Topic;
            });
        }).Build();
        await _silo.StartAsync();
    }

    public void Produce(int events, int streams)
    {
        for (var i = 0; i < events; i++)
        {
            ProduceOne(i, streams);
        }

        _producer.Flush(Timeout.InfiniteTimeSpan);
    }

    public void ProduceOne(int index, int streams)
    {
        var value = new byte[ValueBytes];
        BitConverter.TryWriteBytes(value, Stopwatch.GetTimestamp());
        _producer.Produce(Topic, new Message<byte[], byte[]>
        {
            Key = Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"stream-{index * 7_919L % streams}")),
            Value = value,
        });
    }

    public static async Task DeliveredAsync(long events)
    {
        while (Received.Count < events)
        {
            await Task.Delay(5);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_silo is not null)
        {
            await _silo.StopAsync();
            _silo.Dispose();
        }

        await _admin.DeleteTopicsAsync([Topic]);
        _producer.Dispose();
        _admin.Dispose();
    }
}

/// <summary>What the grains got.</summary>
internal static class Received
{
    private static long _count, _calls;

    public static long Count => Interlocked.Read(ref _count);

    public static long Calls => Interlocked.Read(ref _calls);

    /// <summary>When events arrived, by the time at which they were made.</summary>
    public static ConcurrentDictionary<long, long> At { get; } = new();

    public static void Add(IList<SequentialItem<KafkaRecord>> items)
    {
        Interlocked.Increment(ref _calls);
        foreach (var item in items)
        {
            At[BitConverter.ToInt64(item.Item.Value!)] = Stopwatch.GetTimestamp();
        }

        Interlocked.Add(ref _count, items.Count);
    }
}

public interface IBenchGrain : IGrainWithStringKey;

/// <summary>Does nothing with its records.</summary>
[ImplicitStreamSubscription("bench")]
public sealed class BenchGrain : Grain, IBenchGrain, IStreamSubscriptionObserver, IAsyncBatchObserver<KafkaRecord>
{
    public Task OnSubscribed(IStreamSubscriptionHandleFactory handleFactory) =>
        handleFactory.Create<KafkaRecord>().ResumeAsync(this, new KafkaSequenceToken(-1));

    public Task OnNextAsync(IList<SequentialItem<KafkaRecord>> items)
    {
        Received.Add(items);
        return Task.CompletedTask;
    }

    public Task OnErrorAsync(Exception ex) => Task.CompletedTask;
}

/// <summary>Reads the same topic from where it ends, to tell the broker's share of a latency.</summary>
internal sealed class BareConsumer : IDisposable
{
    private readonly IConsumer<byte[], byte[]> _consumer;
    private readonly Thread _thread;
    private volatile bool _stopping;

    public BareConsumer(World world)
    {
        _consumer = new ConsumerBuilder<byte[], byte[]>(new ConsumerConfig
        {
            BootstrapServers = world.Bootstrap,
            GroupId = world.Topic + "-bare",
            EnableAutoCommit = false,
            FetchWaitMaxMs = 100,
        }).Build();
        _consumer.Assign(world.Partitions.Select(partition => new TopicPartitionOffset(partition, _consumer.QueryWatermarkOffsets(partition, TimeSpan.FromSeconds(10)).High)));
        _thread = new Thread(Run) { IsBackground = true };
        _thread.Start();
    }

    /// <summary>As <see cref="Received.At"/>.</summary>
    public ConcurrentDictionary<long, long> At { get; } = new();

    public async Task CaughtUpAsync(int events)
    {
        while (At.Count < events)
        {
            await Task.Delay(5);
        }
    }

    public void Dispose()
    {
        _stopping = true;
        _thread.Join();
        _consumer.Dispose();
    }

    private void Run()
    {
        while (!_stopping)
        {
            if (_consumer.Consume(20) is { } result)
            {
                At[BitConverter.ToInt64(result.Message.Value)] = Stopwatch.GetTimestamp();
            }
        }
    }
}
