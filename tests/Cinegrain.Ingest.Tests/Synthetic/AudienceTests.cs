using Cinegrain.Ingest.Synthetic;
using Cinegrain.Model.Events;

namespace Cinegrain.Ingest.Tests;

public sealed class AudienceTests
{
    private static readonly IReadOnlyList<MovieMetadata> Movies = SyntheticCatalogue.Create(1000, 7);
    private static readonly Audience Audience = new(Movies, 500, 42);
    private static readonly SyntheticEvent[] Events = [.. Audience.Events(20_000)];

    [Fact]
    public void Events_SameSeed_AreTheSame()
    {
        Assert.Equal(Events, new Audience(Movies, 500, 42).Events(20_000));
        Assert.Equal(Events.Take(100), Audience.Events(100));
        Assert.NotEqual(Events.Take(100), new Audience(Movies, 500, 43).Events(100));
    }

    [Fact]
    public void Events_Movie_IsTakenOnceByAViewer()
    {
        var taken = Events.Where(e => e.Kind is not (InteractionKind.Click or InteractionKind.Watchlist)).Select(e => (e.Viewer, e.Movie)).ToList();
        Assert.Equal(taken.Count, taken.Distinct().Count());
    }

    [Fact]
    public void Events_EveryKind_OccursWithItsValue()
    {
        Assert.Equal(7, Events.Select(e => e.Kind).Distinct().Count());
        Assert.All(Events, e => Assert.True(e.Kind switch
        {
            InteractionKind.Rate => e.Value is >= 0.5 and <= 5 && e.Value * 2 == Math.Round(e.Value.Value * 2),
            InteractionKind.Watch => e.Value is >= 0 and <= 1,
            _ => e.Value is null,
        }));
        var stars = Events.Where(e => e.Kind == InteractionKind.Rate).Select(e => e.Value!.Value).ToList();
        Assert.InRange(stars.Average(), 3.2, 4.0);
        Assert.Equal(10, stars.Distinct().Count());
    }

    [Fact]
    public void Events_Activity_IsSkewed()
    {
        var counts = Events.CountBy(e => e.Viewer).Select(c => c.Value).OrderDescending().ToList();
        Assert.InRange(counts.Take(25).Sum() / 20_000.0, 0.2, 0.6);
        Assert.InRange(counts.Count, 480, 500);
    }

    [Fact]
    public void Events_Popularity_HasALongTail()
    {
        var counts = Events.CountBy(e => e.Movie).Select(c => c.Value).OrderDescending().ToList();
        Assert.InRange(counts.Take(100).Sum() / 20_000.0, 0.35, 0.75);
        Assert.True(counts.Count > 800, $"{counts.Count} of 1000 movies were taken");
    }

    [Fact]
    public void Events_Ratings_FollowTheHiddenTaste()
    {
        var rated = Events.Where(e => e.Kind == InteractionKind.Rate).Select(e => (Stars: e.Value!.Value, Fit: Audience.Affinity(e.Viewer, e.Movie))).ToList();
        Assert.True(Correlation(rated) > 0.8, $"correlation {Correlation(rated)}");
        var random = Enumerable.Range(0, 20_000).Average(i => Audience.Affinity(i % 500, Movies[i * 7 % 1000].Id));
        Assert.True(rated.Average(r => r.Fit) > random + 0.5, $"{rated.Average(r => r.Fit)} against {random}");
    }

    [Fact]
    public void Events_FollowUps_ComeMoreOftenThanByChance()
    {
        var (followed, all) = (0, 0);
        foreach (var viewer in Events.Where(e => e.Kind is not (InteractionKind.Skip or InteractionKind.Click or InteractionKind.Watchlist)).GroupBy(e => e.Viewer))
        {
            foreach (var (before, after) in viewer.Zip(viewer.Skip(1)))
            {
                all++;
                followed += Audience.FollowUpOf(before.Movie) == after.Movie ? 1 : 0;
            }
        }

        Assert.InRange((double)followed / all, 0.15, 0.6);
    }

    [Fact]
    public void Events_MoreThanTheAudienceCanTake_EndWhenAllHaveTakenTheirShare()
    {
        var audience = new Audience(Movies.Take(20).ToList(), 30, 1);
        var taken = audience.Events(long.MaxValue)
            .Where(e => e.Kind is not (InteractionKind.Click or InteractionKind.Watchlist))
            .CountBy(e => e.Viewer)
            .ToList();
        Assert.Equal(30, taken.Count);
        Assert.All(taken, viewer => Assert.Equal(12, viewer.Value));
    }

    [Fact]
    public void Events_MoviesWithoutAnyMetadata_Work()
    {
        var bare = Enumerable.Range(0, 50).Select(i => new MovieMetadata { Id = $"m{i}", Title = "x" }).ToList();
        Assert.Equal(500, new Audience(bare, 40, 1).Events(500).Count());
    }

    [Fact]
    public void TasteOf_Viewer_NamesWhatTheFavouritesHave()
    {
        var taste = Audience.TasteOf(3);
        Assert.Equal(taste.Genres.OrderByDescending(g => g.Value).Take(2).Select(g => g.Key), taste.FavouriteGenres);
        var best = Audience.Favourites(3, 20).Select(id => Movies.First(m => m.Id == id)).ToList();
        var share = best.Count(m => m.Genres.Intersect(taste.FavouriteGenres).Any()) / 20.0;
        var usual = Movies.Count(m => m.Genres.Intersect(taste.FavouriteGenres).Any()) / 1000.0;
        Assert.True(share > usual, $"{share} against {usual}");
    }

    [Fact]
    public async Task ToIntakeLine_EveryKind_PassesTheGate()
    {
        var fixture = new Fixture();
        var lines = Events.DistinctBy(e => e.Kind).Select((e, i) => (e with { Movie = "603" }).ToIntakeLine(i + 1, Fixture.Now.AddDays(-1))).ToList();
        var receipt = await fixture.Intake.SubmitAsync(lines, null, "simulation", CancellationToken.None);
        Assert.Equal(7, receipt.Accepted);
        Assert.All(fixture.Interactions(), i => Assert.Equal(Fixture.Now.AddDays(-1), i.At));
    }

    [Fact]
    public void Create_Catalogue_IsStableUniqueAndHasSequels()
    {
        Assert.Equal(Movies.Take(200).Select(m => (m.Title, m.Year)), SyntheticCatalogue.Create(200, 7).Select(m => (m.Title, m.Year)));
        Assert.Equal(1000, Movies.Select(m => m.Id).Distinct().Count());
        Assert.Equal(1000, Movies.Select(m => m.Title).Distinct().Count());
        Assert.All(Movies, m => Assert.InRange(m.Year!.Value, 1929, 2026));
        Assert.All(Movies, m => Assert.NotEmpty(m.Genres));
        var sequels = Movies.Where(m => m.Title.EndsWith(" 2", StringComparison.Ordinal)).ToList();
        Assert.InRange(sequels.Count, 50, 150);
        Assert.All(sequels, s => Assert.Contains(Movies, m => m.Title == s.Title[..^2] && m.Directors.SequenceEqual(s.Directors)));
    }

    private static double Correlation(List<(double X, double Y)> pairs)
    {
        var (x, y) = (pairs.Average(p => p.X), pairs.Average(p => p.Y));
        return pairs.Sum(p => (p.X - x) * (p.Y - y)) / Math.Sqrt(pairs.Sum(p => Math.Pow(p.X - x, 2)) * pairs.Sum(p => Math.Pow(p.Y - y, 2)));
    }
}
