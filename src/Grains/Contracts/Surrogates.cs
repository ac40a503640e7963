using Cinegrain.Model.Events;
using Cinegrain.Model.Ranking;
using Cinegrain.Model.Users;

namespace Cinegrain.Grains;

// How types of the model, which knows no Orleans, travel between processes. Numbers of members stay for ever; new ones are added at the end.

[GenerateSerializer]
[Alias("Cinegrain.RecommendationQuery")]
internal struct QuerySurrogate
{
    [Id(0)]
    public int Count;
    [Id(1)]
    public string[]? Genres;
    [Id(2)]
    public int? YearFrom;
    [Id(3)]
    public int? YearTo;
    [Id(4)]
    public string[]? Languages;
    [Id(5)]
    public int MinVotes;
    [Id(6)]
    public string[]? Exclude;
    [Id(7)]
    public bool IncludeSeen;
    [Id(8)]
    public double Diversity;
    [Id(9)]
    public bool Explain;
}

[RegisterConverter]
internal sealed class QueryConverter : IConverter<RecommendationQuery, QuerySurrogate>
{
    public RecommendationQuery ConvertFromSurrogate(in QuerySurrogate surrogate) => new()
    {
        Count = surrogate.Count,
        Genres = surrogate.Genres ?? [],
        YearFrom = surrogate.YearFrom,
        YearTo = surrogate.YearTo,
        Languages = surrogate.Languages ?? [],
        MinVotes = surrogate.MinVotes,
        Exclude = surrogate.Exclude ?? [],
        IncludeSeen = surrogate.IncludeSeen,
        Diversity = surrogate.Diversity,
        Explain = surrogate.Explain,
    };

    public QuerySurrogate ConvertToSurrogate(in RecommendationQuery value) => new()
    {
        Count = value.Count,
        Genres = Some(value.Genres),
        YearFrom = value.YearFrom,
        YearTo = value.YearTo,
        Languages = Some(value.Languages),
        MinVotes = value.MinVotes,
        Exclude = Some(value.Exclude),
        IncludeSeen = value.IncludeSeen,
        Diversity = value.Diversity,
        Explain = value.Explain,
    };

    private static string[]? Some(IReadOnlyList<string> values) => values.Count == 0 ? null : [.. values];
}

[GenerateSerializer]
[Alias("Cinegrain.RecommendationList")]
internal struct ListSurrogate
{
    [Id(0)]
    public long Position;
    [Id(1)]
    public long ViewVersion;
    [Id(2)]
    public ItemSurrogate[] Items;
}

[GenerateSerializer]
[Alias("Cinegrain.Recommendation")]
internal struct ItemSurrogate
{
    [Id(0)]
    public string Movie;
    [Id(1)]
    public string Title;
    [Id(2)]
    public double Score;
    [Id(3)]
    public ReasonSurrogate[]? Reasons;
}

[GenerateSerializer]
[Alias("Cinegrain.Reason")]
internal struct ReasonSurrogate
{
    [Id(0)]
    public ReasonKind Kind;
    [Id(1)]
    public string? Movie;
    [Id(2)]
    public double Share;
    [Id(3)]
    public double Contribution;
    [Id(4)]
    public string Text;
}

[RegisterConverter]
internal sealed class ListConverter : IConverter<RecommendationList, ListSurrogate>
{
    public RecommendationList ConvertFromSurrogate(in ListSurrogate surrogate) => new(
        surrogate.Position,
        surrogate.ViewVersion,
        Array.ConvertAll(surrogate.Items, item => new Recommendation(
            item.Movie,
            item.Title,
            item.Score,
            item.Reasons is null ? null : Array.ConvertAll(item.Reasons, r => new Reason(r.Kind, r.Movie, r.Share, r.Contribution, r.Text)))));

    public ListSurrogate ConvertToSurrogate(in RecommendationList value) => new()
    {
        Position = value.Position,
        ViewVersion = value.ViewVersion,
        Items = [.. value.Items.Select(item => new ItemSurrogate
        {
            Movie = item.Movie,
            Title = item.Title,
            Score = item.Score,
            Reasons = item.Reasons is null ? null : [.. item.Reasons.Select(r => new ReasonSurrogate
            {
                Kind = r.Kind, Movie = r.Movie, Share = r.Share, Contribution = r.Contribution, Text = r.Text,
            })],
        })],
    };
}

[GenerateSerializer]
[Alias("Cinegrain.UserProfile")]
internal struct ProfileSurrogate
{
    [Id(0)]
    public string User;
    [Id(1)]
    public long Position;
    [Id(2)]
    public bool Learning;
    [Id(3)]
    public int Interactions;
    [Id(4)]
    public int Movies;
    [Id(5)]
    public TasteSurrogate[] Genres;
    [Id(6)]
    public TasteSurrogate[] Years;
    [Id(7)]
    public TasteSurrogate[] Languages;
    [Id(8)]
    public TasteSurrogate[] People;
    [Id(9)]
    public HistorySurrogate[] Recent;
}

[GenerateSerializer]
[Alias("Cinegrain.TasteEntry")]
internal struct TasteSurrogate
{
    [Id(0)]
    public string Name;
    [Id(1)]
    public double Weight;
}

[GenerateSerializer]
[Alias("Cinegrain.HistoryEntry")]
internal struct HistorySurrogate
{
    [Id(0)]
    public string Movie;
    [Id(1)]
    public string Title;
    [Id(2)]
    public InteractionKind Kind;
    [Id(3)]
    public double? Value;
    [Id(4)]
    public DateTimeOffset At;
}

[RegisterConverter]
internal sealed class ProfileConverter : IConverter<UserProfile, ProfileSurrogate>
{
    public UserProfile ConvertFromSurrogate(in ProfileSurrogate surrogate) => new()
    {
        User = surrogate.User,
        Position = surrogate.Position,
        Learning = surrogate.Learning,
        Interactions = surrogate.Interactions,
        Movies = surrogate.Movies,
        Genres = Taste(surrogate.Genres),
        Years = Taste(surrogate.Years),
        Languages = Taste(surrogate.Languages),
        People = Taste(surrogate.People),
        Recent = Array.ConvertAll(surrogate.Recent, entry => new HistoryEntry(entry.Movie, entry.Title, entry.Kind, entry.Value, entry.At)),
    };

    public ProfileSurrogate ConvertToSurrogate(in UserProfile value) => new()
    {
        User = value.User,
        Position = value.Position,
        Learning = value.Learning,
        Interactions = value.Interactions,
        Movies = value.Movies,
        Genres = Taste(value.Genres),
        Years = Taste(value.Years),
        Languages = Taste(value.Languages),
        People = Taste(value.People),
        Recent = [.. value.Recent.Select(entry => new HistorySurrogate
        {
            Movie = entry.Movie, Title = entry.Title, Kind = entry.Kind, Value = entry.Value, At = entry.At,
        })],
    };

    private static TasteEntry[] Taste(TasteSurrogate[] entries) => Array.ConvertAll(entries, entry => new TasteEntry(entry.Name, entry.Weight));

    private static TasteSurrogate[] Taste(IReadOnlyList<TasteEntry> entries) =>
        [.. entries.Select(entry => new TasteSurrogate { Name = entry.Name, Weight = entry.Weight })];
}
