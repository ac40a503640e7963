using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Cinegrain.Streaming.Reading;

namespace Cinegrain.Streaming.Telemetry;

/// <summary>How a checkpoint ended.</summary>
internal enum CheckpointOutcome
{
    Stored,
    Behind,
    Failed,
}

/// <summary>Instruments of the provider, on the meter <see cref="MeterName"/> (README.md lists them).</summary>
internal sealed class StreamMetrics : IDisposable
{
    public const string MeterName = "Cinegrain.Streaming";

    private readonly Meter _meter = new(MeterName);
    private readonly ConcurrentDictionary<PartitionReceiver, string> _receivers = new();
    private readonly string _provider;
    private readonly Counter<long> _poison, _lost, _checkpoints;
    private readonly Histogram<double> _duration;

    public StreamMetrics(string provider)
    {
        _provider = provider;
        _poison = _meter.CreateCounter<long>("kafka.streams.poison", "{record}", "Records that the data adapter could not read.");
        _lost = _meter.CreateCounter<long>("kafka.streams.lost", "{record}", "Offsets that retention removed before they were read.");
        _checkpoints = _meter.CreateCounter<long>("kafka.streams.checkpoints", "{checkpoint}", "Checkpoints by outcome: stored, behind, failed.");
        _duration = _meter.CreateHistogram<double>("kafka.streams.checkpoint.duration", "s", "Time that a checkpoint took.");
        Observe("kafka.streams.lag", "{record}", "Records of the partition that are not delivered yet.", receiver => receiver.Lag);
        Observe("kafka.streams.uncheckpointed", "{record}", "Delivered offsets above the last checkpoint.", receiver => receiver.Cache.LastFrontier - receiver.Cache.Checkpoint);
        Observe("kafka.streams.cached", "{record}", "Records kept since the last checkpoint.", receiver => receiver.Cache.Count);
        Observe("kafka.streams.cached.bytes", "By", "Bytes kept since the last checkpoint.", receiver => receiver.Cache.Bytes);
        Observe("kafka.streams.active", "{stream}", "Streams with a record since the last checkpoint or a subscriber that was active lately.", receiver => receiver.Cache.Streams);
        Observe("kafka.streams.paused", "1", "1 while the partition is not fetched because enough waits.", receiver => receiver.IsPaused ? 1 : 0);
        Observe("kafka.streams.delivered", "{event}", "Events delivered to grains since this silo took the partition.", receiver => receiver.Cache.Delivered);
        Observe("kafka.streams.redelivered", "{event}", "Those of them that had been delivered before.", receiver => receiver.Cache.Redelivered);
    }

    public void Add(PartitionReceiver receiver) => _receivers[receiver] = "";

    public void Remove(PartitionReceiver receiver) => _receivers.TryRemove(receiver, out _);

    public void Poisoned(string topic) => _poison.Add(1, Tag("provider", _provider), Tag("topic", topic));

    public void Lost(string topic, long offsets) => _lost.Add(offsets, Tag("provider", _provider), Tag("topic", topic));

    public void Checkpointed(string topic, CheckpointOutcome outcome, TimeSpan duration)
    {
        var name = outcome switch
        {
            CheckpointOutcome.Stored => "stored",
            CheckpointOutcome.Behind => "behind",
            _ => "failed",
        };
        _checkpoints.Add(1, Tag("provider", _provider), Tag("topic", topic), Tag("outcome", name));
        _duration.Record(duration.TotalSeconds, Tag("provider", _provider), Tag("topic", topic));
    }

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();

    private void Observe(string name, string unit, string description, Func<PartitionReceiver, long> value) => _meter.CreateObservableGauge(
        name,
        () => _receivers.Keys.Select(receiver => new Measurement<long>(
            value(receiver),
            Tag("provider", _provider),
            Tag("topic", receiver.Cache.Topic),
            Tag("partition", receiver.Cache.Partition))),
        unit,
        description);

    private static KeyValuePair<string, object?> Tag(string key, object value) => new(key, value);
}
