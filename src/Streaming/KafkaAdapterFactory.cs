using System.Collections.Concurrent;
using Cinegrain.Streaming.Caching;
using Cinegrain.Streaming.Reading;
using Cinegrain.Streaming.Telemetry;
using Confluent.Kafka;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Streams;

namespace Cinegrain.Streaming;

/// <summary>A provider of a silo or client: its queues, its receivers with their caches, and its producer.</summary>
internal sealed partial class KafkaAdapterFactory : IQueueAdapterFactory, IQueueAdapter, IQueueAdapterCache, IStreamFailureHandler, IDisposable
{
    private static readonly TimeSpan MetadataTimeout = TimeSpan.FromSeconds(10), OpenTimeout = TimeSpan.FromSeconds(60), Pause = TimeSpan.FromSeconds(1);

    private readonly KafkaStreamOptions _options;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly StreamMetrics _metrics;
    private readonly IKafkaDataAdapter _adapter;
    private readonly GroupCheckpointer _group;
    private readonly ReceiverServices _services;
    private readonly ConcurrentDictionary<QueueId, PartitionCache> _caches = new();
    private readonly ConcurrentDictionary<string, Lazy<TopicConsumer>> _consumers = new(StringComparer.Ordinal);
    private readonly Lazy<IProducer<byte[], byte[]?>> _producer;
    private KafkaQueueMapper? _mapper;

    private KafkaAdapterFactory(IServiceProvider services, string name)
    {
        Name = name;
        _options = services.GetOptionsByName<KafkaStreamOptions>(name);
        _options.ConsumerGroup ??= services.GetRequiredService<IOptions<ClusterOptions>>().Value.ServiceId;
        _logger = services.GetRequiredService<ILoggerFactory>().CreateLogger($"{typeof(KafkaAdapterFactory).Namespace}.{name}");
        _time = services.GetService<TimeProvider>() ?? TimeProvider.System;
        _metrics = new StreamMetrics(name);
        _adapter = services.GetKeyedService<IKafkaDataAdapter>(name) ?? new KafkaDataAdapter();
        _group = new GroupCheckpointer(() => new ConsumerBuilder<byte[]?, byte[]?>(ConsumerConfig()).SetLogHandler(LogOf).Build());
        var checkpointer = services.GetKeyedService<IKafkaCheckpointer>(name);
        var poison = services.GetKeyedService<IKafkaPoisonHandler>(name) ?? new DroppingPoisonHandler();
        _services = new ReceiverServices(_options, _adapter, checkpointer ?? _group, checkpointer is null ? null : _group, poison, _time, _metrics, _logger);
        _producer = new Lazy<IProducer<byte[], byte[]?>>(() => new ProducerBuilder<byte[], byte[]?>(ProducerConfig()).SetLogHandler(LogOf).Build());
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public bool IsRewindable => true;

    /// <inheritdoc/>
    public StreamProviderDirection Direction => StreamProviderDirection.ReadWrite;

    /// <summary>False: a subscription that failed is tried again.</summary>
    public bool ShouldFaultSubsriptionOnError => false;

    private KafkaQueueMapper Mapper => _mapper ?? throw new InvalidOperationException($"Kafka streams '{Name}' have not started");

    public static IQueueAdapterFactory Create(IServiceProvider services, string name) => new KafkaAdapterFactory(services, name);

    /// <inheritdoc/>
    public Task<IQueueAdapter> CreateAdapter() => CreateAdapter(CancellationToken.None);

    /// <summary>Asks the brokers how many partitions the topics have.</summary>
    /// <exception cref="OrleansConfigurationException">A topic is not there.</exception>
    /// <exception cref="KafkaException">The brokers do not answer for a minute.</exception>
    public async Task<IQueueAdapter> CreateAdapter(CancellationToken cancellationToken)
    {
        using var admin = new AdminClientBuilder(_options.Client).SetLogHandler((_, message) => LogClient(message.Facility, message.Message)).Build();
        var started = _time.GetTimestamp();
        while (true)
        {
            try
            {
                var metadata = await Task.Run(() => admin.GetMetadata(MetadataTimeout), cancellationToken);
                _mapper = new KafkaQueueMapper(_options, PartitionsOf(metadata));
                return this;
            }
            catch (KafkaException exception) when (_time.GetElapsedTime(started) < OpenTimeout)
            {
                LogNoBroker(Name, exception.Error.Reason);
                await Task.Delay(Pause, _time, cancellationToken);
            }
        }
    }

    /// <inheritdoc/>
    public IQueueAdapterCache GetQueueAdapterCache() => this;

    /// <inheritdoc/>
    public IStreamQueueMapper GetStreamQueueMapper() => Mapper;

    /// <inheritdoc/>
    public Task<IStreamFailureHandler> GetDeliveryFailureHandler(QueueId queueId) => Task.FromResult<IStreamFailureHandler>(this);

    /// <inheritdoc/>
    public IQueueCache CreateQueueCache(QueueId queueId) =>
        _caches[queueId] = new PartitionCache(queueId.GetStringNamePrefix(), (int)queueId.GetNumericId(), _options);

    /// <summary>The receiver of the cache that was made before it.</summary>
    public IQueueAdapterReceiver CreateReceiver(QueueId queueId)
    {
        var consumer = _consumers.GetOrAdd(
            queueId.GetStringNamePrefix(), topic => new Lazy<TopicConsumer>(() => new TopicConsumer(topic, ConsumerConfig(), _logger)));
        return _caches.TryRemove(queueId, out var cache)
            ? new PartitionReceiver(cache, consumer.Value, _services)
            : throw new InvalidOperationException($"{queueId} has no cache: the agent makes it first");
    }

    /// <summary>Appends events to the stream's topic, in order.</summary>
    /// <exception cref="ProduceException{TKey, TValue}">A record was not written.</exception>
    public Task QueueMessageBatchAsync<T>(StreamId streamId, IEnumerable<T> events, StreamSequenceToken? token, Dictionary<string, object>? requestContext)
    {
        var (topic, queues) = Mapper.TopicOf(streamId);
        var partition = new TopicPartition(topic, _options.Partitioner(streamId.Key, queues.Length));
        return Task.WhenAll(events.Select(item => _producer.Value.ProduceAsync(partition, _adapter.ToMessage(streamId, item!))).ToList());
    }

    /// <inheritdoc/>
    public Task OnDeliveryFailure(GuidId subscriptionId, string streamProviderName, StreamId streamIdentity, StreamSequenceToken? sequenceToken)
    {
        LogDeliveryFailure(Name, streamIdentity.GetNamespace());
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task OnSubscriptionFailure(GuidId subscriptionId, string streamProviderName, StreamId streamIdentity, StreamSequenceToken? sequenceToken)
    {
        LogSubscriptionFailure(Name, streamIdentity.GetNamespace());
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var consumer in _consumers.Values.Where(consumer => consumer.IsValueCreated))
        {
            consumer.Value.Dispose();
        }

        if (_producer.IsValueCreated)
        {
            _producer.Value.Dispose();
        }

        _group.Dispose();
        _metrics.Dispose();
    }

    private Dictionary<string, int> PartitionsOf(Metadata metadata)
    {
        var known = metadata.Topics.ToDictionary(topic => topic.Topic, topic => topic.Partitions.Count, StringComparer.Ordinal);
        var missing = _options.Topics.Keys.Where(topic => known.GetValueOrDefault(topic) == 0).ToList();
        return missing.Count == 0
            ? known
            : throw new OrleansConfigurationException($"Kafka streams '{Name}': there is no topic {string.Join(", ", missing)} (or it may not be described): create it");
    }

    private ConsumerConfig ConsumerConfig() => new(Settings(new()
    {
        ["fetch.wait.max.ms"] = "100",
        ["fetch.error.backoff.ms"] = "100",
        ["isolation.level"] = "read_committed",
        ["dotnet.consumer.consume.result.fields"] = "headers,timestamp",
    }))
    {
        GroupId = _options.ConsumerGroup,
        EnableAutoCommit = false,
        EnableAutoOffsetStore = false,
        AutoOffsetReset = AutoOffsetReset.Error,
        EnablePartitionEof = true,
    };

    private ProducerConfig ProducerConfig()
    {
        var settings = Settings(new() { ["enable.idempotence"] = "true", ["acks"] = "all", ["linger.ms"] = "1" });
        foreach (var (key, value) in _options.Producer)
        {
            settings[key] = value;
        }

        return new ProducerConfig(settings);
    }

    private Dictionary<string, string> Settings(Dictionary<string, string> settings)
    {
        foreach (var (key, value) in _options.Client)
        {
            settings[key] = value;
        }

        return settings;
    }

    private void LogOf<TClient>(TClient client, LogMessage message) => LogClient(message.Facility, message.Message);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Kafka client: {Facility}: {Text}")]
    private partial void LogClient(string facility, string text);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Kafka streams '{Provider}': the brokers do not answer, and are asked again: {Reason}")]
    private partial void LogNoBroker(string provider, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "Kafka streams '{Provider}': a delivery to a grain of '{Namespace}' failed; it is tried again")]
    private partial void LogDeliveryFailure(string provider, string? @namespace);

    [LoggerMessage(Level = LogLevel.Error, Message = "Kafka streams '{Provider}': a subscription of '{Namespace}' failed; it is tried again")]
    private partial void LogSubscriptionFailure(string provider, string? @namespace);
}
