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
/// <param name="Quality">Test-then-learn by Unix minute.</param>
public sealed record MetricSample(
    long Interactions,
    double EventsPerSecond,
    double FreshnessP50,
    double FreshnessP99,
    long Lag,
    long Users,
    long Movies,
    IReadOnlyDictionary<long, QualitySums> Quality);

/// <summary>
/// Writes how the system does, every ten seconds: throughput, freshness and lag as they are, live quality by the minute. What cannot be written
/// within that time is left out, but the minutes of the quality are written until they are there.
/// </summary>
public sealed partial class MetricDocuments : IDisposable
{
    /// <summary>Variant of whatever no experiment tells apart.</summary>
    public const string DefaultVariant = "default";

    private static readonly TimeSpan Period = TimeSpan.FromSeconds(10);

    private readonly ElasticsearchClient _client;
    private readonly Func<MetricSample> _sample;
    private readonly ILogger _logger;
    private readonly string _instance, _variant;
    private readonly TimeSeries _series;
    private readonly BulkWriter _bulk;
    private readonly Dictionary<long, long> _written = [];

    /// <param name="client">How Elasticsearch is reached.</param>
    /// <param name="sample">How the process does now.</param>
    /// <param name="instance">Name of the process.</param>
    /// <param name="variant">Arm of an experiment that this process serves.</param>
    public MetricDocuments(
        ElasticsearchClient client, Func<MetricSample> sample, string instance, ILogger<MetricDocuments> logger, string variant = DefaultVariant)
    {
        (_client, _sample, _instance, _variant, _logger) = (client, sample, instance, variant, logger);
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
                catch (ElasticsearchException exception)
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
        var sample = _sample();
        var now = _client.Time.GetUtcNow();
        using var batch = new BulkBatch();
        var json = batch.Begin(_series.IndexOf(now), $"engine/{_instance}/{now.ToUnixTimeMilliseconds()}");
        json.WriteStartObject();
        json.WriteNumber("@timestamp"u8, now.ToUnixTimeMilliseconds());
        json.WriteString("measure"u8, "engine"u8);
        json.WriteString("instance"u8, _instance);
        json.WriteString("variant"u8, _variant);
        json.WriteNumber("interactions"u8, sample.Interactions);
        json.WriteNumber("events_per_second"u8, sample.EventsPerSecond);
        json.WriteNumber("freshness_p50_ms"u8, sample.FreshnessP50);
        json.WriteNumber("freshness_p99_ms"u8, sample.FreshnessP99);
        json.WriteNumber("lag"u8, sample.Lag);
        json.WriteNumber("users"u8, sample.Users);
        json.WriteNumber("movies"u8, sample.Movies);
        json.WriteEndObject();
        batch.End();
        foreach (var (minute, sums) in sample.Quality)
        {
            if (sums.Tested > 0 && _written.GetValueOrDefault(minute) != sums.Tested)
            {
                Add(batch, minute, sums);
            }
        }

        await _series.EnsureAsync(cancellationToken);
        await _bulk.WriteAsync(batch, cancellationToken);
        foreach (var gone in _written.Keys.Except(sample.Quality.Keys).ToList())
        {
            _written.Remove(gone);
        }

        foreach (var (minute, sums) in sample.Quality)
        {
            _written[minute] = sums.Tested;
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

    /// <summary>One document a minute and variant, written over as the minute fills.</summary>
    private void Add(BulkBatch batch, long minute, QualitySums sums)
    {
        var at = DateTimeOffset.FromUnixTimeSeconds(minute * 60);
        var json = batch.Begin(_series.IndexOf(at), $"quality/{_variant}/{minute}");
        json.WriteStartObject();
        json.WriteNumber("@timestamp"u8, at.ToUnixTimeMilliseconds());
        json.WriteString("measure"u8, "quality"u8);
        json.WriteString("variant"u8, _variant);
        json.WriteNumber("tested"u8, sums.Tested);
        json.WriteNumber("recall_at_10"u8, (double)sums.Hits / sums.Tested);
        json.WriteNumber("ndcg_at_10"u8, sums.Gain / sums.Tested);
        json.WriteNumber("popularity_recall_at_10"u8, (double)sums.PopularityHits / sums.Tested);
        json.WriteNumber("popularity_ndcg_at_10"u8, sums.PopularityGain / sums.Tested);
        json.WriteEndObject();
        batch.End();
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Metrics are left out of Elasticsearch: {Reason}")]
    private partial void LogLeftOut(string reason);
}
