using Cinegrain.Grains.State;
using Cinegrain.Model;
using Cinegrain.Model.Events;
using Cinegrain.Model.Movies;
using Cinegrain.Model.Ports;

namespace Cinegrain.Grains.Catalogue;

/// <summary>Keeps a silo's catalogue view, and who is erased, as the log has it: entries, traits whole, then what changed of them.</summary>
internal sealed class CatalogueReader : IDisposable
{
    private readonly TopicFollower _movies, _whole, _deltas, _erasures;

    public CatalogueReader(IScannableLog log, SharedModel shared, SharedTraits traits, Retry retry, ClusterMetrics metrics)
    {
        _movies = new TopicFollower(log, Topics.Movies, retry, (_, record) => Put(shared, record));
        _whole = new TopicFollower(log, Topics.Catalog, retry, (_, record) => Apply(Topics.Catalog, record));
        _deltas = new TopicFollower(log, Topics.CatalogDeltas, retry, (_, record) => Apply(Topics.CatalogDeltas, record));
        _erasures = new TopicFollower(log, Topics.Erasures, retry, (_, record) => log.TakeErasure(record));

        void Apply(string topic, LogRecord record)
        {
            try
            {
                if (!record.Value.IsEmpty)
                {
                    traits.Apply(record.Key, record.Value.Span, new TraitsDelta());
                }
            }
            catch (InvalidDataException)
            {
                // Others write the movie again; counted, since a newer version of the program may be at work.
                metrics.CountUnreadable(topic);
            }
        }
    }

    /// <summary>Records that the view does not have yet.</summary>
    public long Lag => _movies.Lag + _whole.Lag + _deltas.Lag;

    /// <summary>Fails with what no retry mends.</summary>
    public Task Completion => Task.WhenAny(_movies.Completion, _whole.Completion, _deltas.Completion, _erasures.Completion).Unwrap();

    /// <summary>Completes once the view has what is in the log now.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await Task.WhenAll(_erasures.StartAsync(cancellationToken), _movies.StartAsync(cancellationToken), _whole.StartAsync(cancellationToken));
        await _deltas.StartAsync(cancellationToken);
    }

    /// <summary>Completes once the view has every entry below an offset.</summary>
    public Task WaitForMoviesAsync(int partition, long offset, CancellationToken cancellationToken) => _movies.WaitAsync(partition, offset, cancellationToken);

    public Task StopAsync() => Task.WhenAll(_movies.StopAsync(), _whole.StopAsync(), _deltas.StopAsync(), _erasures.StopAsync());

    public void Dispose()
    {
        _movies.Dispose();
        _whole.Dispose();
        _deltas.Dispose();
        _erasures.Dispose();
    }

    /// <summary>Takes an entry of the catalogue; what cannot be read is told by the grain that hands it on.</summary>
    internal static void Put(SharedModel shared, LogRecord record)
    {
        if (!LogRecords.TryParseEntry(record, out var metadata))
        {
            return;
        }

        if (metadata is null)
        {
            shared.View.Remove(record.Key);
        }
        else
        {
            shared.View.Put(metadata);
        }
    }
}
