using Cinegrain.Grains.State;
using Cinegrain.Model.Catalogue;
using Cinegrain.Model.Ranking;
using Orleans.Concurrency;

namespace Cinegrain.Grains.Catalogue;

/// <summary>Reads the view of its silo.</summary>
[StatelessWorker]
internal sealed class CatalogueGrain(SiloServices services, CatalogueReader reader, TitleSearch search) : Grain, ICatalogueGrain
{
    private long Now => services.Time.GetUtcNow().ToUnixTimeSeconds();

    private CatalogueView View => services.Shared.View;

    public Task<MovieTraits?> DescribeAsync(string movie) => Task.FromResult(View.Describe(movie, Now) is { } found ? Of(found) : null);

    public Task<TraitsPage> SearchAsync(string? query, string? after, int limit)
    {
        var (movies, next) = search.Find(query, after, limit, Now);
        return Task.FromResult(new TraitsPage([.. movies.Select(movie => Of(movie))], next));
    }

    public Task<MovieTraits[]?> SimilarAsync(string movie, int count) =>
        Task.FromResult(MovieCharts.Similar(View, movie, count, Now) is { } similar ? Of(similar) : null);

    public Task<MovieTraits[]> TrendingAsync(int count) => Task.FromResult(Of(MovieCharts.Trending(View, count, Now)));

    public Task<MovieTraits[]> PopularAsync(int count) => Task.FromResult(Of(MovieCharts.Popular(View, count, Now)));

    public Task<long> InteractionsAsync() => Task.FromResult(View.Interactions);

    public async Task<bool> WaitForMoviesAsync(int partition, long offset, TimeSpan limit)
    {
        using var patience = new CancellationTokenSource(limit, services.Time);
        try
        {
            await reader.WaitForMoviesAsync(partition, offset, patience.Token);
            return true;
        }
        catch (OperationCanceledException) when (patience.IsCancellationRequested)
        {
            return false;
        }
    }

    private static MovieTraits[] Of(IReadOnlyList<ChartEntry> chart) => [.. chart.Select(entry => Of(entry.Movie, entry.Score))];

    private static MovieTraits Of(MovieSummary movie, double score = 0) =>
        new(movie.Metadata.Id, movie.Count, [.. movie.Popularity], movie.FirstSeenSeconds, score);
}
