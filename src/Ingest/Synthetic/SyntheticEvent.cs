using System.Globalization;
using Cinegrain.Model.Events;

namespace Cinegrain.Ingest.Synthetic;

/// <summary>What a simulated viewer did.</summary>
/// <param name="Viewer">Number of the viewer, from 0.</param>
/// <param name="Movie">Catalogue id.</param>
/// <param name="Value">Stars of a rating or fraction of a watch; null for the other kinds.</param>
public readonly record struct SyntheticEvent(int Viewer, string Movie, InteractionKind Kind, double? Value)
{
    /// <summary>Raw user id of the viewer.</summary>
    public string User => UserOf(Viewer);

    /// <summary>Raw user id of a viewer.</summary>
    public static string UserOf(int viewer) => string.Create(CultureInfo.InvariantCulture, $"viewer-{viewer}");

    /// <summary>The event as a line for the intake.</summary>
    /// <param name="at">Event time, to the millisecond; null: the time when the intake takes it.</param>
    public IntakeLine ToIntakeLine(int number, DateTimeOffset? at = null) => new(
        number,
        InteractionJson.Write(
            User,
            Movie,
            Kind switch
            {
                InteractionKind.Rate => "rate",
                InteractionKind.Watch => "watch",
                InteractionKind.Like => "like",
                InteractionKind.Dislike => "dislike",
                InteractionKind.Click => "click",
                InteractionKind.Skip => "skip",
                InteractionKind.Watchlist => "watchlist",
                _ => throw new InvalidOperationException($"unknown kind {Kind}"),
            },
            Value,
            at?.ToUnixTimeMilliseconds()));
}

/// <summary>What a simulated viewer is like, which no event says.</summary>
/// <param name="Genres">Weight of each genre of the catalogue, around 0.</param>
/// <param name="FavouriteGenres">The two with the highest weights, where the viewer looks for movies.</param>
/// <param name="Year">Centre of the years of release the viewer likes.</param>
/// <param name="YearSpread">Years away from it at which the viewer likes a movie clearly less.</param>
/// <param name="PopularityBias">0: looks anywhere; 1: looks among the most popular.</param>
/// <param name="FollowUp">Probability that the viewer is drawn to the follow-up of the movie just taken.</param>
public sealed record HiddenTaste(
    IReadOnlyDictionary<string, double> Genres, IReadOnlyList<string> FavouriteGenres, double Year, double YearSpread, double PopularityBias, double FollowUp);
