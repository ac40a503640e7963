using System.Text.RegularExpressions;
using Cinegrain.Model.Events;
using Cinegrain.Standalone.Demo;
using Xunit;

namespace Cinegrain.Standalone.Tests.Demo;

public sealed partial class DemoCatalogueTests
{
    private static readonly string[] KnownGenres =
    [
        "Action", "Adventure", "Animation", "Comedy", "Crime", "Documentary", "Drama", "Family", "Fantasy", "History", "Horror", "Music",
        "Mystery", "Romance", "Science Fiction", "Thriller", "War", "Western",
    ];

    private static readonly IReadOnlyList<MovieMetadata> Movies = DemoCatalogue.Load();

    [Fact]
    public void Load_Always_GivesAtLeast480FilmsWithUniqueIds()
    {
        Assert.True(Movies.Count >= 480, $"{Movies.Count} films");
        Assert.All(Movies, movie => Assert.Matches(IdPattern(), movie.Id));
        Assert.Equal(Movies.Count, Movies.Select(movie => movie.Id).Distinct().Count());
    }

    [Fact]
    public void Load_Always_RepeatsNoTitleOfOneYear()
    {
        var repeated = Movies.GroupBy(movie => (movie.Title.ToUpperInvariant(), movie.Year)).Where(group => group.Count() > 1).Select(group => group.Key);
        Assert.Empty(repeated);
    }

    [Fact]
    public void Load_Always_GivesYearsOfFilmHistoryInEveryDecade()
    {
        Assert.All(Movies, movie => Assert.InRange(movie.Year ?? 0, 1895, 2026));
        var decades = Movies.Select(movie => movie.Year!.Value / 10 * 10).ToHashSet();
        Assert.Superset(Enumerable.Range(0, 11).Select(decade => 1920 + (decade * 10)).ToHashSet(), decades);
    }

    [Fact]
    public void Load_Always_HasFiveFilmsOrMoreOfEveryGenre()
    {
        var counts = Movies.SelectMany(movie => movie.Genres).CountBy(genre => genre).ToDictionary();
        Assert.Equal(KnownGenres.Order(), counts.Keys.Order());
        Assert.All(counts, genre => Assert.True(genre.Value >= 5, $"{genre.Key}: {genre.Value}"));
        Assert.All(Movies, movie => Assert.NotEmpty(movie.Genres));
        Assert.All(Movies, movie => Assert.Equal(movie.Genres.Distinct(), movie.Genres));
    }

    [Fact]
    public void Load_Always_GivesTwoLetterLanguagesOrNone()
    {
        Assert.All(Movies, movie => Assert.Matches(LanguagePattern(), movie.Language ?? "en"));
        Assert.True(Movies.Select(movie => movie.Language).Distinct().Count() >= 20);
    }

    [Fact]
    public void Load_Always_LeavesNoEmptyNames()
    {
        Assert.All(Movies, movie => Assert.All(movie.Directors.Concat(movie.Cast).Append(movie.Title), name =>
        {
            Assert.NotEmpty(name);
            Assert.Equal(name.Trim(), name);
        }));
    }

    [GeneratedRegex("^cg-[0-9]{4}$")]
    private static partial Regex IdPattern();

    [GeneratedRegex("^[a-z]{2}$")]
    private static partial Regex LanguagePattern();
}
