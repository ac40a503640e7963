using System.Runtime.CompilerServices;
using System.Text.Json;
using Cinegrain.Api.Requests;
using Cinegrain.Model.Ranking;

namespace Cinegrain.Api.Recommendations;

/// <summary>A list as it goes over the wire.</summary>
internal sealed record RenderedList(RecommendationList List, string User, byte[] Body, string EntityTag);

/// <summary>
/// Bodies of lists that were asked for twice. A host hands out the same instance until something changes, so the instance is the key.
/// A fixed table where a newcomer takes the place: bounded, and it costs a list that is asked for once no more than a store.
/// </summary>
/// <remarks>Weak keys (ConditionalWeakTable) would cost the collector a dependent handle for every list.</remarks>
internal sealed class RenderedLists(IRecommender recommender)
{
    private const int Capacity = 1 << 14;

    private static readonly JsonEncodedText UserName = JsonEncodedText.Encode("user");
    private static readonly JsonEncodedText PositionName = JsonEncodedText.Encode("modelPosition");
    private static readonly JsonEncodedText ItemsName = JsonEncodedText.Encode("items");
    private static readonly JsonEncodedText MovieName = JsonEncodedText.Encode("movie");
    private static readonly JsonEncodedText TitleName = JsonEncodedText.Encode("title");
    private static readonly JsonEncodedText ScoreName = JsonEncodedText.Encode("score");
    private static readonly JsonEncodedText ReasonsName = JsonEncodedText.Encode("reasons");
    private static readonly JsonEncodedText KindName = JsonEncodedText.Encode("kind");
    private static readonly JsonEncodedText ShareName = JsonEncodedText.Encode("share");
    private static readonly JsonEncodedText ContributionName = JsonEncodedText.Encode("contribution");
    private static readonly JsonEncodedText TextName = JsonEncodedText.Encode("text");

    private static readonly JsonEncodedText[] Kinds =
        [.. Enum.GetValues<ReasonKind>().Select(k => JsonEncodedText.Encode(JsonSerializer.SerializeToElement(k).GetString()!))];

    /// <summary>In each place: nothing, a list seen once, or a <see cref="RenderedList"/>.</summary>
    private readonly object?[] _places = new object?[Capacity];

    /// <summary>Bodies held, for the metric.</summary>
    public int Count => _places.Count(p => p is RenderedList);

    /// <param name="user">The id that the caller used.</param>
    /// <param name="pseudonym">The user's pseudonym.</param>
    /// <param name="list">The list to write.</param>
    public RenderedList Render(string user, string pseudonym, RecommendationList list)
    {
        ref var place = ref _places[RuntimeHelpers.GetHashCode(list) & (Capacity - 1)];
        var held = Volatile.Read(ref place);
        if (held is RenderedList rendered && ReferenceEquals(rendered.List, list) && rendered.User == user)
        {
            return rendered;
        }

        var body = Write(user, recommender.FormatPosition(pseudonym, list), list);
        var fresh = new RenderedList(list, user, body, EntityTags.Of(body));
        Volatile.Write(ref place, ReferenceEquals(held, list) ? fresh : list);
        return fresh;
    }

    /// <summary>Lets go of everything written for a user.</summary>
    public void Forget(string user)
    {
        foreach (ref var place in _places.AsSpan())
        {
            if (Volatile.Read(ref place) is RenderedList rendered && rendered.User == user)
            {
                Interlocked.CompareExchange(ref place, null, rendered);
            }
        }
    }

    private static byte[] Write(string user, string position, RecommendationList list)
    {
        var writer = Json.Rent();
        writer.WriteStartObject();
        writer.WriteString(UserName, user);
        writer.WriteString(PositionName, position);
        writer.WriteStartArray(ItemsName);
        var items = list.Items;
        for (var i = 0; i < items.Count; i++)
        {
            var item = items[i];
            writer.WriteStartObject();
            writer.WriteString(MovieName, item.Movie);
            writer.WriteString(TitleName, item.Title);
            writer.WriteNumber(ScoreName, item.Score);
            writer.WriteStartArray(ReasonsName);
            if (item.Reasons is { } reasons)
            {
                for (var j = 0; j < reasons.Count; j++)
                {
                    var reason = reasons[j];
                    writer.WriteStartObject();
                    writer.WriteString(KindName, Kinds[(int)reason.Kind]);
                    if (reason.Movie is not null)
                    {
                        writer.WriteString(MovieName, reason.Movie);
                    }

                    writer.WriteNumber(ShareName, reason.Share);
                    writer.WriteNumber(ContributionName, Math.Round(reason.Contribution, 6));
                    writer.WriteString(TextName, reason.Text);
                    writer.WriteEndObject();
                }
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
        return Json.Take(writer);
    }
}
