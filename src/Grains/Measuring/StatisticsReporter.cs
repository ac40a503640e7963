using System.Diagnostics.Metrics;
using Cinegrain.Grains.Catalogue;
using Cinegrain.Grains.State;
using Microsoft.Extensions.Logging;
using Orleans.Runtime;

namespace Cinegrain.Grains.Measuring;

/// <summary>Tells the cluster once a second what this silo counted. A batch is told until it is stored, so that none is lost while a silo is moving.</summary>
internal sealed partial class StatisticsReporter(
    IGrainFactory grains, ILocalSiloDetails silo, SiloServices services, CatalogueReader catalogue, ILogger<StatisticsReporter> logger) : IDisposable
{
    private const int Samples = 256, RateSeconds = 5;
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _stopping = new();
    private readonly Queue<(long At, long Interactions)> _counted = [];
    private readonly StreamLag _lag = new();
    private byte[] _sums = [];
    private long _batch, _stored;
    private Task _running = Task.CompletedTask;

    public void Start() => _running = Task.Run(RunAsync);

    public async Task StopAsync()
    {
        await _stopping.CancelAsync();
        await _running;
        for (var isTaken = false; !isTaken;)
        {
            // The batch that is on its way, then what was counted since.
            isTaken = _stored == _batch;
            if (!await TellAsync(isLast: true))
            {
                return;
            }
        }
    }

    public void Dispose()
    {
        _stopping.Dispose();
        _lag.Dispose();
    }

    private async Task RunAsync()
    {
        while (!_stopping.IsCancellationRequested)
        {
            await TellAsync(isLast: false);
            await Task.Delay(Period, services.Time, _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task<bool> TellAsync(bool isLast)
    {
        if (_stored == _batch && services.Statistics.Take() is { } sums)
        {
            _batch++;
            _sums = sums.ToBytes();
        }

        try
        {
            _stored = await grains.GetGrain<IStatisticsGrain>(0).ReportAsync(new(new SiloReport
            {
                Silo = silo.SiloAddress.ToParsableString(),
                Batch = _stored == _batch ? 0 : _batch,
                Sums = _stored == _batch ? [] : _sums,
                EventsPerSecond = Rate(),
                Freshness = services.Statistics.Freshness.Last(Samples),
                Lag = _lag.Read() + catalogue.Lag,
                Movies = services.Shared.View.ListedCount,
                Variants = SiloStatistics.Variants(services.Shared.Monitor),
                IsLast = isLast,
            }));
            return true;
        }
        catch (Exception exception)
        {
            // The store is away, or the grain is moving: the next round tells it again.
            LogNotTold(exception.GetType().Name);
            return false;
        }
    }

    private double Rate()
    {
        var now = services.Time.GetTimestamp();
        _counted.Enqueue((now, services.Statistics.Interactions));
        while (_counted.Count > RateSeconds + 1)
        {
            _counted.Dequeue();
        }

        var (at, interactions) = _counted.Peek();
        var seconds = services.Time.GetElapsedTime(at, now).TotalSeconds;
        return seconds > 0 ? (services.Statistics.Interactions - interactions) / seconds : 0;
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "What the silo counted is not told now: {Reason}")]
    private partial void LogNotTold(string reason);

    /// <summary>What waits in the stream providers of this process, from their own gauge.</summary>
    private sealed class StreamLag : IDisposable
    {
        private readonly MeterListener _listener = new();
        private long _sum;

        public StreamLag()
        {
            _listener.InstrumentPublished = static (instrument, listener) =>
            {
                if (instrument is { Meter.Name: "Cinegrain.Streaming", Name: "kafka.streams.lag" })
                {
                    listener.EnableMeasurementEvents(instrument);
                }
            };
            _listener.SetMeasurementEventCallback<long>((_, measured, _, _) => _sum += Math.Max(0, measured));
            _listener.Start();
        }

        public long Read()
        {
            _sum = 0;
            _listener.RecordObservableInstruments();
            return _sum;
        }

        public void Dispose() => _listener.Dispose();
    }
}
