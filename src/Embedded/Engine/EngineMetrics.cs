using System.Diagnostics.Metrics;
using Cinegrain.Model;
using Cinegrain.Model.Measuring;

namespace Cinegrain.Embedded.Engine;

/// <summary>Instruments of the engine, on the meter "Cinegrain" (docs/operations.md).</summary>
internal sealed class EngineMetrics : IDisposable
{
    private readonly Meter _meter = new("Cinegrain");
    private readonly Counter<long> _applied, _unreadable, _tested, _hits, _popularityHits, _examples, _dropped, _rolledBack;
    private readonly Histogram<double> _freshness, _checkpoint;
    private readonly RecentSamples _recentFreshness = new();
    private long _rollbacks;

    public EngineMetrics()
    {
        _applied = _meter.CreateCounter<long>("cinegrain.engine.applied", "{record}", "Records applied, by topic.");
        _unreadable = _meter.CreateCounter<long>("cinegrain.engine.unreadable", "{record}", "Records of the log that could not be read, by topic.");
        _tested = _meter.CreateCounter<long>("cinegrain.quality.tested", "{event}", "Events tested before they were learned.");
        _hits = _meter.CreateCounter<long>("cinegrain.quality.hits", "{event}", "Tested events whose movie was in the top 10.");
        _popularityHits = _meter.CreateCounter<long>("cinegrain.quality.popularity_hits", "{event}", "The same for plain decayed popularity.");
        _examples = _meter.CreateCounter<long>("cinegrain.blend.steps", "{step}", "Training steps of the blend.");
        _dropped = _meter.CreateCounter<long>("cinegrain.blend.dropped", "{step}", "Training examples dropped because the owner's queue was full.");
        _rolledBack = _meter.CreateCounter<long>(
            "cinegrain.blend.rollbacks", "{rollback}", "Times that weights went back to a good snapshot, because popularity had more hits.");
        _freshness = _meter.CreateHistogram<double>("cinegrain.freshness", "ms", "From arrival of an interaction to its effect on the user's list.");
        _checkpoint = _meter.CreateHistogram<double>("cinegrain.checkpoint.duration", "ms", "From snapshot to stored checkpoint, by topic.");
    }

    public void CountApplied(string topic, int records) => _applied.Add(records, new KeyValuePair<string, object?>("topic", topic));

    public void CountUnreadable(string topic) => _unreadable.Add(1, new KeyValuePair<string, object?>("topic", topic));

    public void CountTest(TestOutcome test)
    {
        var variant = new KeyValuePair<string, object?>("variant", VariantQuality.NameOf(test.Variant));
        _tested.Add(1, variant);
        _hits.Add(TestOutcome.Hit(test.Rank), variant);
        _popularityHits.Add(TestOutcome.Hit(test.PopularityRank), variant);
    }

    public void CountExample(bool taken)
    {
        if (taken)
        {
            _examples.Add(1);
        }
        else
        {
            _dropped.Add(1);
        }
    }

    /// <summary>Tells how often the owner of the weights went back to a good snapshot since the start.</summary>
    public void SetRollbacks(long rollbacks)
    {
        _rolledBack.Add(rollbacks - _rollbacks);
        _rollbacks = rollbacks;
    }

    public void RecordFreshness(double milliseconds)
    {
        _freshness.Record(milliseconds);
        _recentFreshness.Add(milliseconds);
    }

    public void RecordCheckpoint(string topic, int states, TimeSpan duration) => _checkpoint.Record(
        duration.TotalMilliseconds, new KeyValuePair<string, object?>("topic", topic), new("states", states > 1000 ? "many" : "few"));

    /// <summary>Median and 99th percentile, in milliseconds, of the last samples; 0 when there are none.</summary>
    public (double Median, double P99) RecentFreshness() => _recentFreshness.Quantiles();

    /// <summary>Adds gauges whose values are read when somebody asks.</summary>
    public void Observe(string name, string unit, string description, Func<IEnumerable<Measurement<long>>> values) =>
        _meter.CreateObservableGauge(name, values, unit, description);

    /// <summary>The same for numbers from 0 to 1.</summary>
    public void ObserveRatio(string name, string description, Func<IEnumerable<Measurement<double>>> values) =>
        _meter.CreateObservableGauge(name, values, "1", description);

    public void Dispose() => _meter.Dispose();
}
