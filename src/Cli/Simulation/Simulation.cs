using Cinegrain.Cli.Client;
using Cinegrain.Cli.Importing;
using Cinegrain.Ingest.Synthetic;
using Cinegrain.Model.Events;

namespace Cinegrain.Cli.Simulation;

/// <summary>Sends the events of a synthetic audience to a server, and then compares the server's lists with the tastes that it could not see.</summary>
internal sealed class Simulation(CinegrainClient client, IReadOnlyList<MovieMetadata> movies, Audience audience, TimeProvider time)
{
    /// <summary>Viewers compared at most.</summary>
    public const int MostCompared = 200;

    private const int ListLength = 10;
    private const int PopularLength = 100;

    // With fewer events a viewer says nothing of a taste yet.
    private const int FewestEvents = 5;

    // Viewers whose events are kept for the comparison; how active a viewer is does not depend on the number.
    private const int Followed = 2000;

    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(100);

    private readonly Dictionary<int, HashSet<string>> _taken = [];
    private readonly HashSet<string> _catalogue = [.. movies.Select(movie => movie.Id)];

    /// <summary>Events sent.</summary>
    public long Sent { get; private set; }

    /// <summary>Events that the server took.</summary>
    public long Accepted { get; private set; }

    /// <summary>Events that the server refused.</summary>
    public long Refused { get; private set; }

    private string? _position;

    /// <summary>Sends events.</summary>
    /// <param name="rate">Events a second; null: as fast as the server takes them.</param>
    public async Task SendAsync(long count, double? rate, IMeter meter, CancellationToken cancellationToken)
    {
        // A key of its own for each run: the events of another run are others.
        var run = Guid.NewGuid().ToString("N");
        var start = time.GetTimestamp();
        var batch = new LineBatch();
        var batches = 0;
        async Task Flush()
        {
            var receipt = await client.SubmitAsync(batch.Body, $"simulate-{run}-{batches++}", cancellationToken).ConfigureAwait(false);
            Sent += batch.Count;
            Accepted += receipt.Accepted;
            Refused += receipt.Refused.Count;
            _position = receipt.Position ?? _position;
            meter.Report(Sent);
            batch = new LineBatch();
        }

        // At a rate, a batch is what is due in one tick.
        var most = rate is { } perSecond ? Math.Clamp((int)(perSecond * Tick.TotalSeconds), 1, LineBatch.MostLines) : LineBatch.MostLines;
        foreach (var e in audience.Events(count))
        {
            var line = e.ToIntakeLine(batch.Count + 1);
            if (batch.Count >= most || !batch.Takes(line.Utf8Json.Length))
            {
                await Flush().ConfigureAwait(false);
                if (rate is { } due)
                {
                    var wait = TimeSpan.FromSeconds(Sent / due) - time.GetElapsedTime(start);
                    if (wait > TimeSpan.Zero)
                    {
                        await Task.Delay(wait, time, cancellationToken).ConfigureAwait(false);
                    }
                }
            }

            batch.Add(line.Utf8Json.Span, line.Number);
            if (e.Viewer < Followed)
            {
                if (!_taken.TryGetValue(e.Viewer, out var taken))
                {
                    _taken[e.Viewer] = taken = new HashSet<string>(StringComparer.Ordinal);
                }

                taken.Add(e.Movie);
            }
        }

        if (batch.Count > 0)
        {
            await Flush().ConfigureAwait(false);
        }
    }

    /// <summary>Compares the lists of some viewers.</summary>
    public async Task<SimulationReport> CompareAsync(double seconds, IMeter meter, CancellationToken cancellationToken)
    {
        var popular = await client.PopularAsync(PopularLength, cancellationToken).ConfigureAwait(false);
        var compared = _taken.Where(viewer => viewer.Value.Count >= FewestEvents).Select(viewer => viewer.Key).Order().Take(MostCompared).ToList();
        var fits = new List<(double Recommended, double Popular, double Best)>();
        foreach (var viewer in compared)
        {
            var taken = _taken[viewer];
            var list = await client.RecommendAsync(SyntheticEvent.UserOf(viewer), ListLength, _position, cancellationToken).ConfigureAwait(false);
            var best = audience.Favourites(viewer, taken.Count + ListLength).Where(movie => !taken.Contains(movie));
            fits.Add((
                Fit(viewer, list.Items.Select(item => item.Movie)),
                Fit(viewer, popular.Items.Select(item => item.Movie).Where(movie => !taken.Contains(movie))),
                Fit(viewer, best)));
            meter.Report(fits.Count);
        }

        var gains = fits.Select(fit => fit.Recommended - fit.Popular).ToList();
        var mean = gains.Count > 0 ? gains.Average() : 0;
        var error = gains.Count > 1 ? Math.Sqrt(gains.Sum(gain => (gain - mean) * (gain - mean)) / (gains.Count - 1) / gains.Count) : 0;
        return new SimulationReport(
            Sent,
            Accepted,
            Refused,
            seconds,
            fits.Count,
            fits.Select(fit => fit.Recommended).DefaultIfEmpty().Average(),
            fits.Select(fit => fit.Popular).DefaultIfEmpty().Average(),
            fits.Select(fit => fit.Best).DefaultIfEmpty().Average(),
            error);
    }

    // Movies that the server has beside the audience's catalogue have no fit.
    private double Fit(int viewer, IEnumerable<string> list) =>
        list.Where(_catalogue.Contains).Take(ListLength).Select(movie => audience.Affinity(viewer, movie)).DefaultIfEmpty().Average();
}
