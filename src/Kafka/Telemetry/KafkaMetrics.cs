using System.Diagnostics.Metrics;
using System.Text.Json;

namespace Cinegrain.Kafka.Telemetry;

/// <summary>Instruments of the log on Kafka, on the meter "Cinegrain" (docs/operations.md).</summary>
internal sealed class KafkaMetrics : IDisposable
{
    private readonly Meter _meter = new("Cinegrain");
    private readonly Histogram<double> _commit;
    private readonly Histogram<int> _batch;
    private readonly Counter<long> _failures, _pauses, _seeks;
    private readonly Lock _gate = new();
    private readonly Dictionary<(string Client, string Broker), ClientStatistics> _statistics = [];

    private long _seekCount;

    public KafkaMetrics()
    {
        _commit = _meter.CreateHistogram<double>("cinegrain.log.commit.duration", "s", "From an append until it is durable.");
        _batch = _meter.CreateHistogram<int>("cinegrain.log.batch", "{record}", "Records of one append.");
        _failures = _meter.CreateCounter<long>("cinegrain.log.failures", "{failure}", "Times that appends failed and the producer was made anew.");
        _pauses = _meter.CreateCounter<long>("cinegrain.kafka.pauses", "{pause}", "Times that a partition paused because enough was fetched ahead.");
        _seeks = _meter.CreateCounter<long>("cinegrain.kafka.seeks", "{seek}", "Times that a reader left the sequence of its partition.");
        Observe("cinegrain.kafka.round_trip", "us", "99th percentile of a request to a broker, over the last 5 seconds.", s => s.RoundTrip);
        Observe("cinegrain.kafka.connected", "{connection}", "1 when the broker is connected.", s => s.IsConnected ? 1 : 0);
        Observe("cinegrain.kafka.sent", "By", "Bytes sent to the broker since the start.", s => s.Sent);
        Observe("cinegrain.kafka.received", "By", "Bytes received from the broker since the start.", s => s.Received);
        Observe("cinegrain.kafka.retries", "{request}", "Requests to the broker sent again since the start.", s => s.Retries);
    }

    public void Committed(TimeSpan duration, int records)
    {
        _commit.Record(duration.TotalSeconds);
        _batch.Record(records);
    }

    public void Failed() => _failures.Add(1);

    public void Paused(string topic) => _pauses.Add(1, new KeyValuePair<string, object?>("topic", topic));

    /// <summary>Seeks until now.</summary>
    public long Seeks => Interlocked.Read(ref _seekCount);

    public void Sought(string topic)
    {
        Interlocked.Increment(ref _seekCount);
        _seeks.Add(1, new KeyValuePair<string, object?>("topic", topic));
    }

    public void ObserveQueue(Func<(long Records, long Bytes)> queue, KafkaLogOptions options)
    {
        _meter.CreateObservableGauge("cinegrain.log.queue.records", () => queue().Records, "{record}", "Records that wait for the brokers.");
        _meter.CreateObservableGauge("cinegrain.log.queue.bytes", () => queue().Bytes, "By", "Bytes that wait for the brokers.");
        _meter.CreateObservableGauge(
            "cinegrain.log.queue.fill",
            () => Math.Max((double)queue().Records / options.QueuedRecords, (double)queue().Bytes / options.QueuedBytes),
            "1",
            "How full the queue is; at 1 more is refused.");
    }

    public void ObservePrefetch(Func<IEnumerable<(string Topic, int Partition, int Records)>> prefetched) =>
        _meter.CreateObservableGauge(
            "cinegrain.kafka.prefetched",
            () => prefetched().Select(p => new Measurement<long>(
                p.Records, new KeyValuePair<string, object?>("topic", p.Topic), new KeyValuePair<string, object?>("partition", p.Partition))),
            "{record}",
            "Records fetched ahead of their reader, by topic and partition.");

    /// <summary>Takes librdkafka's statistics of a client.</summary>
    public void Report(string client, string json)
    {
        foreach (var (broker, statistics) in ClientStatistics.Read(json))
        {
            lock (_gate)
            {
                _statistics[(client, broker)] = statistics;
            }
        }
    }

    public void Dispose() => _meter.Dispose();

    private void Observe(string name, string unit, string description, Func<ClientStatistics, long> value) => _meter.CreateObservableGauge(
        name,
        () =>
        {
            lock (_gate)
            {
                return _statistics.Select(pair => new Measurement<long>(
                    value(pair.Value),
                    new KeyValuePair<string, object?>("client", pair.Key.Client),
                    new KeyValuePair<string, object?>("broker", pair.Key.Broker))).ToArray();
            }
        },
        unit,
        description);
}

/// <summary>What librdkafka says of one broker (its STATISTICS.md).</summary>
internal readonly record struct ClientStatistics(bool IsConnected, long RoundTrip, long Sent, long Received, long Retries)
{
    /// <summary>Brokers that have a number; the first addresses and logical ones have none.</summary>
    public static IEnumerable<(string Broker, ClientStatistics Statistics)> Read(string json)
    {
        using var document = JsonDocument.Parse(json);
        var found = new List<(string, ClientStatistics)>();
        if (!document.RootElement.TryGetProperty("brokers", out var brokers))
        {
            return found;
        }

        foreach (var broker in brokers.EnumerateObject().Select(property => property.Value))
        {
            if (Number(broker, "nodeid") is >= 0 and var id)
            {
                found.Add(($"{id}", new ClientStatistics(
                    broker.TryGetProperty("state", out var state) && state.GetString() == "UP",
                    broker.TryGetProperty("rtt", out var rtt) ? Number(rtt, "p99") : 0,
                    Number(broker, "txbytes"),
                    Number(broker, "rxbytes"),
                    Number(broker, "txretries"))));
            }
        }

        return found;

        static long Number(JsonElement element, string name) =>
            element.TryGetProperty(name, out var value) && value.TryGetInt64(out var number) ? number : -1;
    }
}
