using System.Diagnostics.Metrics;
using Cinegrain.Model.Measuring;

namespace Cinegrain.Grains.State;

/// <summary>Instruments of a silo, on the meter "Cinegrain" (docs/operations.md), named as those of the engine in one process.</summary>
internal sealed class ClusterMetrics : IDisposable
{
    private readonly Meter _meter = new("Cinegrain");
    private readonly Counter<long> _applied, _unreadable, _tested, _hits, _popularityHits, _examples, _gaps, _behind;
    private readonly Histogram<double> _freshness, _checkpoint;

    public ClusterMetrics()
    {
        _applied = _meter.CreateCounter<long>("cinegrain.engine.applied", "{record}", "Records applied, by topic.");
        _unreadable = _meter.CreateCounter<long>("cinegrain.engine.unreadable", "{record}", "Records of the log that could not be read, by topic.");
        _gaps = _meter.CreateCounter<long>("cinegrain.grains.gaps", "{record}", "Deliveries that told an actor of records it missed, by topic; they are delivered again.");
        _behind = _meter.CreateCounter<long>("cinegrain.grains.behind", "{actor}", "Actors that a checkpoint found without records that were delivered, by topic.");
        _tested = _meter.CreateCounter<long>("cinegrain.quality.tested", "{event}", "Events tested before they were learned.");
        _hits = _meter.CreateCounter<long>("cinegrain.quality.hits", "{event}", "Tested events whose movie was in the top 10.");
        _popularityHits = _meter.CreateCounter<long>("cinegrain.quality.popularity_hits", "{event}", "The same for plain decayed popularity.");
        _examples = _meter.CreateCounter<long>("cinegrain.blend.steps", "{step}", "Training steps of the blend.");
        _freshness = _meter.CreateHistogram<double>("cinegrain.freshness", "ms", "From arrival of an interaction to its effect on the user's list.");
        _checkpoint = _meter.CreateHistogram<double>("cinegrain.checkpoint.duration", "ms", "From snapshot to stored checkpoint, by topic.");
    }

    public void CountApplied(string topic) => _applied.Add(1, Topic(topic));

    public void CountUnreadable(string topic) => _unreadable.Add(1, Topic(topic));

    public void CountGap(string topic) => _gaps.Add(1, Topic(topic));

    public void CountBehind(string topic, int actors) => _behind.Add(actors, Topic(topic));

    public void CountExample() => _examples.Add(1);

    public void CountTest(TestOutcome test)
    {
        var variant = new KeyValuePair<string, object?>("variant", VariantQuality.NameOf(test.Variant));
        _tested.Add(1, variant);
        _hits.Add(TestOutcome.Hit(test.Rank), variant);
        _popularityHits.Add(TestOutcome.Hit(test.PopularityRank), variant);
    }

    public void RecordFreshness(double milliseconds) => _freshness.Record(milliseconds);

    public void RecordCheckpoint(string topic, int states, TimeSpan duration) =>
        _checkpoint.Record(duration.TotalMilliseconds, Topic(topic), new("states", states > 1000 ? "many" : "few"));

    /// <summary>Adds a gauge whose value is read when somebody asks.</summary>
    public void Observe(string name, string unit, string description, Func<long> value) => _meter.CreateObservableGauge(name, value, unit, description);

    public void Dispose() => _meter.Dispose();

    private static KeyValuePair<string, object?> Topic(string topic) => new("topic", topic);
}
