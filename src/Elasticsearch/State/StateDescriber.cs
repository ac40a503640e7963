using System.Text.Json;
using Cinegrain.Model;
using Cinegrain.Model.Catalogue;
using Cinegrain.Model.Movies;
using Cinegrain.Model.Ports;
using Cinegrain.Model.Users;

namespace Cinegrain.Elasticsearch;

/// <summary>
/// What analysts read of users and movies, from the state's bytes themselves, so a document never says something else than the state it stands beside.
/// </summary>
/// <param name="index">Numbers of the movies of this process.</param>
internal sealed class StateDescriber(MovieIndex index) : IStateDescriber
{
    /// <summary>Of the strongest leaning, what counts as one.</summary>
    private const double Notable = 0.2;
    private const int Listed = 5;

    private static readonly int Week = Array.IndexOf(ModelConstants.PopularityDays, 7), Quarter = Array.IndexOf(ModelConstants.PopularityDays, 90);

    /// <inheritdoc/>
    public void Describe(ActorState state, Utf8JsonWriter json)
    {
        switch (state.Kind)
        {
            case ActorKind.User:
                Describe(UserState.FromBytes(state.Id, state.Version, state.State.Span, index), json);
                break;
            case ActorKind.Movie:
                Describe(MovieState.FromBytes(state.Id, state.Version, state.State.Span, index), json);
                break;
            default:
                break;
        }
    }

    private static void Describe(UserState user, Utf8JsonWriter json)
    {
        json.WriteBoolean("learning"u8, user.Learning);
        json.WriteNumber("interactions"u8, user.Interactions);
        json.WriteNumber("movies"u8, user.MovieCount);
        if (user.LastEventSeconds > 0)
        {
            json.WriteString("last_event"u8, DateTimeOffset.FromUnixTimeSeconds(user.LastEventSeconds).UtcDateTime);
        }

        var taste = user.ToProfile(static movie => movie);
        if (taste.Genres.MaxBy(entry => entry.Weight) is { Weight: > 0 } favourite)
        {
            json.WriteString("favourite_genre"u8, favourite.Name);
        }

        WriteNames(json, "genres"u8, taste.Genres, likes: true);
        WriteNames(json, "disliked_genres"u8, taste.Genres, likes: false);
        WriteNames(json, "decades"u8, taste.Years, likes: true);
        WriteNames(json, "languages"u8, taste.Languages, likes: true);
        WriteNames(json, "people"u8, taste.People, likes: true);
        json.WriteStartObject("taste"u8);
        WriteWeights(json, "genres"u8, taste.Genres);
        WriteWeights(json, "decades"u8, taste.Years);
        WriteWeights(json, "languages"u8, taste.Languages);
        WriteWeights(json, "people"u8, taste.People);
        json.WriteEndObject();
    }

    private static void Describe(MovieState movie, Utf8JsonWriter json)
    {
        json.WriteBoolean("listed"u8, movie.Metadata is not null);
        json.WriteNumber("interactions"u8, movie.Count);
        if (movie.Count > 0)
        {
            json.WriteString("first_event"u8, DateTimeOffset.FromUnixTimeSeconds(movie.FirstSeenSeconds).UtcDateTime);
            json.WriteNumber("popularity_7d"u8, movie.Popularity(Week));
            json.WriteNumber("popularity_90d"u8, movie.Popularity(Quarter));

            // The logarithm of the popularity at one moment for all movies: all fade alike, so their order is that of now.
            json.WriteNumber("trend_7d"u8, Math.Log(movie.Popularity(Week)) + (movie.LatestSeconds / (7 * 86_400.0)));
        }

        if (movie.Metadata is not { } metadata)
        {
            return;
        }

        json.WriteString("title"u8, metadata.Title);
        if (metadata.Year is { } year)
        {
            json.WriteNumber("year"u8, year);
        }

        if (metadata.Released is { } day)
        {
            json.WriteString("release_date"u8, day.ToString("yyyy-MM-dd"));
        }
        else if (metadata.Year is >= 1 and <= 9999)
        {
            json.WriteString("release_date"u8, $"{metadata.Year:0000}-01-01");
        }

        if (metadata.Language is { } language)
        {
            json.WriteString("language"u8, language);
        }

        WriteStrings(json, "genres"u8, metadata.Genres);
        WriteStrings(json, "directors"u8, metadata.Directors);
        WriteStrings(json, "cast"u8, metadata.Cast);
    }

    private static void WriteNames(Utf8JsonWriter json, ReadOnlySpan<byte> name, IReadOnlyList<TasteEntry> entries, bool likes)
    {
        json.WriteStartArray(name);
        var left = Listed;
        foreach (var entry in entries)
        {
            if (left > 0 && (likes ? entry.Weight >= Notable : entry.Weight <= -Notable))
            {
                json.WriteStringValue(entry.Name);
                left--;
            }
        }

        json.WriteEndArray();
    }

    private static void WriteWeights(Utf8JsonWriter json, ReadOnlySpan<byte> name, IReadOnlyList<TasteEntry> entries)
    {
        json.WriteStartObject(name);
        foreach (var entry in entries)
        {
            json.WriteNumber(entry.Name, entry.Weight);
        }

        json.WriteEndObject();
    }

    private static void WriteStrings(Utf8JsonWriter json, ReadOnlySpan<byte> name, IReadOnlyList<string> values)
    {
        json.WriteStartArray(name);
        foreach (var value in values)
        {
            json.WriteStringValue(value);
        }

        json.WriteEndArray();
    }
}
