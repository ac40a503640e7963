using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace Cinegrain.Grains.Tests.Support;

/// <summary>Reads the stream provider's gauges of one topic.</summary>
internal sealed class StreamMeter : IDisposable
{
    private readonly MeterListener _listener = new();
    private readonly ConcurrentDictionary<(string Instrument, int Partition), long> _values = new();

    public StreamMeter(string topic)
    {
        _listener.InstrumentPublished = static (instrument, listener) =>
        {
            if (instrument.Meter.Name == "Cinegrain.Streaming")
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) =>
        {
            var (isOfTopic, partition) = (false, -1);
            foreach (var (name, tag) in tags)
            {
                isOfTopic |= name == "topic" && tag is string named && named == topic;
                partition = name == "partition" && tag is int number ? number : partition;
            }

            if (isOfTopic && partition >= 0)
            {
                _values[(instrument.Name, partition)] = value;
            }
        });
        _listener.Start();
    }

    /// <summary>The value of each partition.</summary>
    public List<long> Read(string instrument)
    {
        _listener.RecordObservableInstruments();
        return [.. _values.Where(value => value.Key.Instrument == instrument).Select(value => value.Value).DefaultIfEmpty(-1)];
    }

    public void Dispose() => _listener.Dispose();
}
