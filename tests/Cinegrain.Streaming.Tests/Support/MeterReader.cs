using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace Cinegrain.Streaming.Tests.Support;

/// <summary>Reads the provider's instruments of one topic.</summary>
internal sealed class MeterReader : IDisposable
{
    private readonly MeterListener _listener = new();
    private readonly ConcurrentDictionary<string, long> _values = new();

    public MeterReader(string topic)
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name == "Cinegrain.Streaming")
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) =>
        {
            if (tags.Contains(new KeyValuePair<string, object?>("topic", topic)))
            {
                _values[instrument.Name] = value;
            }
        });
        _listener.Start();
    }

    public long Read(string instrument)
    {
        _listener.RecordObservableInstruments();
        return _values.GetValueOrDefault(instrument, -1);
    }

    public async Task UntilAsync(string instrument, Func<long, bool> condition)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        for (var attempt = 0; !condition(Read(instrument)); attempt++)
        {
            Assert.True(attempt < 600, $"{instrument} is still {Read(instrument)}");
            await timer.WaitForNextTickAsync();
        }
    }

    public void Dispose() => _listener.Dispose();
}
