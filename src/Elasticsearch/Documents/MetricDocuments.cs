using System.Text.Json;
using Cinegrain.Model.Measuring;
using Cinegrain.Model.Ports;
using Microsoft.Extensions.Logging;

namespace Cinegrain.Elasticsearch;

/// <summary>How a process does at one moment.</summary>
/// <param name="Interactions">Interactions learned since the beginning.</param>
/// <param name="EventsPerSecond">Interactions learned a second, of late.</param>
/// <param name="FreshnessP50">Milliseconds from arrival to effect, median.</param>
/// <param name="FreshnessP99">The same, 99th percentile.</param>
/// <param name="Lag">Records of the log that are not applied.</param>
/// <param name="Quality">Test-then-learn of everybody by Unix minute.</param>
/// <param name="VariantHours">The same for each arm of a running experiment, by hour.</param>
/// <param name="Variants">How each arm does over the last 24 hours.</param>
public sealed record MetricSample(
    long Interactions,
    double EventsPerSecond,
    double FreshnessP50,
    double FreshnessP99,
    long Lag,
    long Users,
    long Movies,
    IReadOnlyDictionary<long, QualitySums> Quality,
    IReadOnlyList<VariantHour> VariantHours,
    IReadOnlyList<VariantQuality> Variants);

/// <summary>Test-then-learn of one arm of an experiment in one hour.</summary>
/// <param name="Variant">Name of the arm.</param>
/// <param name="Hour">Unix hour.</param>
public readonly record struct VariantHour(string Variant, long Hour, QualitySums Sums);

/// <summary>
/// Writes how the system does, every ten seconds: throughput, freshness and lag as they are, live quality by the minute, that of
/// each variant by the hour, and how the variants compare as of now. What cannot be written within that time is left out, but what is summed is written until it is there.
/// </summary>
public sealed partial class MetricDocuments : IDisposable
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(10);

    private readonly ElasticsearchClient _client;
    private readonly Func<ValueTask<MetricSample>> _sample;
    private readonly ILogger _logger;
    private readonly string _instance;
    private readonly TimeSeries _series;
    private readonly BulkWriter _bulk;
    private readonly Dictionary<string, long> _written = new(StringComparer.Ordinal);

    /// <param name="client">How Elasticsearch is reached.</param>
    /// <param name="sample">How the process does now.</param>
    /// <param name="instance">Name of the process.</param>
    public MetricDocuments(ElasticsearchClient client, Func<MetricSample> sample, string instance, ILogger<MetricDocuments> logger)
        : this(client, () => ValueTask.FromResult(sample()), instance, logger)
    {
    }

    /// <param name="client">How Elasticsearch is reached.</param>
    /// <param name="sample">Asks how the system does now; an <see cref="UnavailableException"/> leaves a sample out.</param>
    /// <param name="instance">Name of the system.</param>
    public MetricDocuments(ElasticsearchClient client, Func<ValueTask<MetricSample>> sample, string instance, ILogger<MetricDocuments> logger)
    {
        (_client, _sample, _instance, _logger) = (client, sample, instance, logger);
        _series = new TimeSeries(client, "metrics", isMonthly: false);
        _bulk = new BulkWriter(client);
    }

    /// <summary>Runs until it is to stop.</summary>
    public async Task RunAsync(CancellationToken stopping)
    {
        using var timer = new PeriodicTimer(Period, _client.Time);
        try
        {
            do
            {
                try
                {
                    await WriteAsync(stopping);
                }
                catch (Exception exception) when (exception is ElasticsearchException or UnavailableException)
                {
                    LogLeftOut(exception.Message);
                }
            }
            while (await timer.WaitForNextTickAsync(stopping));
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // What the next sample would have said is not said.
        }
    }

    /// <summary>Writes one sample, and the minutes of the quality that changed since they were written.</summary>
    /// <exception cref="ElasticsearchException">It could not be written.</exception>
    public async Task WriteAsync(CancellationToken cancellationToken)
    {
        var sample = await _sample();
        var now = _client.Time.GetUtcNow();
        using var batch = new BulkBatch();
        var json = batch.Begin(_series.IndexOf(now), $"engine/{_instance}/{now.ToUnixTimeMilliseconds()}");
        json.WriteStartObject();
        json.WriteNumber("@timestamp"u8, now.ToUnixTimeMilliseconds());
        json.WriteString("measure"u8, "engine"u8);
        json.WriteString("instance"u8, _instance);
        json.WriteNumber("interactions"u8, sample.Interactions);
        json.WriteNumber("events_per_second"u8, sample.EventsPerSecond);
        json.WriteNumber("freshness_p50_ms"u8, sample.FreshnessP50);
        json.WriteNumber("freshness_p99_ms"u8, sample.FreshnessP99);
        json.WriteNumber("lag"u8, sample.Lag);
        json.WriteNumber("users"u8, sample.Users);
        json.WriteNumber("movies"u8, sample.Movies);
        json.WriteEndObject();
        batch.End();
        var tested = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var (minute, sums) in sample.Quality)
        {
            Add(batch, tested, $"quality/{minute}", "quality", null, DateTimeOffset.FromUnixTimeSeconds(minute * 60), sums);
        }

        foreach (var variant in sample.Variants)
        {
            Add(batch, variant, now);
        }

        foreach (var (variant, hour, sums) in sample.VariantHours)
        {
            Add(batch, tested, $"variant/{variant}/{hour}", "variant", variant, DateTimeOffset.FromUnixTimeSeconds(hour * 3600), sums);
        }

        await _series.EnsureAsync(cancellationToken);
        await _bulk.WriteAsync(batch, cancellationToken);
        foreach (var gone in _written.Keys.Except(tested.Keys).ToList())
        {
            _written.Remove(gone);
        }

        foreach (var (id, count) in tested)
        {
            _written[id] = count;
        }
    }

    /// <summary>Deletes the indices whose every document is from before a time.</summary>
    /// <exception cref="UnavailableException">Not now.</exception>
    public async Task TrimAsync(DateTimeOffset before, CancellationToken cancellationToken)
    {
        try
        {
            await _series.TrimAsync(before, cancellationToken);
        }
        catch (ElasticsearchException exception)
        {
            throw exception.ForCaller();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _bulk.Dispose();

    /// <summary>One document a span of time, written over as it fills.</summary>
    private void Add(BulkBatch batch, Dictionary<string, long> tested, string id, string measure, string? variant, DateTimeOffset from, QualitySums sums)
    {
        tested[id] = sums.Tested;
        if (sums.Tested == 0 || _written.GetValueOrDefault(id) == sums.Tested)
        {
            return;
        }

        var json = batch.Begin(_series.IndexOf(from), id);
        json.WriteStartObject();
        json.WriteNumber("@timestamp"u8, from.ToUnixTimeMilliseconds());
        json.WriteString("measure"u8, measure);
        if (variant is not null)
        {
            json.WriteString("variant"u8, variant);
        }

        json.WriteNumber("tested"u8, sums.Tested);
        Write(json, "recall_at_10", Estimate.OfShare(sums.Hits, sums.Tested));
        Write(json, "ndcg_at_10", Estimate.OfMean(sums.Gain, sums.GainSquares, sums.Tested));
        json.WriteNumber("popularity_recall_at_10"u8, (double)sums.PopularityHits / sums.Tested);
        json.WriteNumber("popularity_ndcg_at_10"u8, sums.PopularityGain / sums.Tested);
        json.WriteEndObject();
        batch.End();
    }

    private void Add(BulkBatch batch, VariantQuality quality, DateTimeOffset now)
    {
        var name = VariantQuality.NameOf(quality.Variant);
        var json = batch.Begin(_series.IndexOf(now), $"experiment/{_instance}/{name}/{now.ToUnixTimeMilliseconds()}");
        json.WriteStartObject();
        json.WriteNumber("@timestamp"u8, now.ToUnixTimeMilliseconds());
        json.WriteString("measure"u8, "experiment"u8);
        json.WriteString("instance"u8, _instance);
        json.WriteString("variant"u8, name);
        json.WriteNumber("tested"u8, quality.Tested);
        Write(json, "recall_at_10", quality.Recall);
        Write(json, "ndcg_at_10", quality.Ndcg);
        json.WriteNumber("popularity_recall_at_10"u8, quality.PopularityRecall.Value);
        json.WriteNumber("coverage"u8, quality.Coverage);
        json.WriteNumber("offered"u8, quality.Offered);
        Write(json, "click_through", quality.ClickThrough);
        json.WriteEndObject();
        batch.End();
    }

    /// <summary>A measure with the bounds of its 95 % confidence interval.</summary>
    private static void Write(Utf8JsonWriter json, string name, Estimate estimate)
    {
        json.WriteNumber(name, estimate.Value);
        json.WriteNumber($"{name}_low", estimate.Low);
        json.WriteNumber($"{name}_high", estimate.High);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Metrics are left out of Elasticsearch: {Reason}")]
    private partial void LogLeftOut(string reason);
}
