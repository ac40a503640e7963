using System.Diagnostics.Metrics;
using Cinegrain.Api.Recommendations;
using Cinegrain.Api.Security;

namespace Cinegrain.Api.Telemetry;

/// <summary>Metrics of the edge, beside those of ASP.NET.</summary>
internal sealed class ApiMetrics
{
    public const string MeterName = "Cinegrain.Api";

    private readonly Meter _meter;
    private readonly Counter<long> _refused;

    public ApiMetrics(IMeterFactory meters, StreamGate gate, RenderedLists lists, CinegrainApiOptions options)
    {
        _meter = meters.Create(MeterName);
        _refused = _meter.CreateCounter<long>("cinegrain.api.refused", "{request}", "Requests refused at the door, by problem.");
        _meter.CreateObservableGauge("cinegrain.api.streams", () => gate.Open, "{stream}", "Streams of recommendations that are open.");
        _meter.CreateObservableGauge("cinegrain.api.streams.limit", () => options.MaximumStreams, "{stream}", "Most streams that may be open.");
        _meter.CreateObservableGauge("cinegrain.api.rendered_lists", () => lists.Count, "{list}", "Serialised lists held.");
    }

    public void Refused(string code) => _refused.Add(1, new KeyValuePair<string, object?>("problem", code));

    /// <summary>Shows how many callers a limiter knows.</summary>
    public TokenBuckets<TKey> Watch<TKey>(string name, TokenBuckets<TKey> buckets)
        where TKey : notnull
    {
        _meter.CreateObservableGauge($"cinegrain.api.rate_limited_{name}", () => buckets.Count, "{caller}", $"Callers known to the rate limit by {name}.");
        return buckets;
    }
}
