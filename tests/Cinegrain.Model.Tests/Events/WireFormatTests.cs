using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using Cinegrain.Model.Events;

namespace Cinegrain.Model.Tests.Events;

public sealed class WireFormatTests
{
    private static readonly DateTimeOffset At = new(2024, 5, 6, 7, 8, 9, 123, TimeSpan.Zero);

    private static readonly Dictionary<string, (object Record, JsonTypeInfo Type, string Json)> Golden = new()
    {
        ["interaction"] = (
            new Interaction
            {
                Id = "01HX", User = "k1-abc", At = At, Movie = "42", Kind = InteractionKind.Rate, Value = 4.5, Preference = 0.75, Idempotent = true,
                Genres = ["Drama", "War"], Year = 1957, Language = "ru", People = ["Mikhail Kalatozov"],
            },
            WireFormat.Default.UserRecord,
            """
            {"type":"interaction","movie":"42","kind":"rate","value":4.5,"preference":0.75,"idempotent":true,"genres":["Drama","War"],"year":1957,
            "language":"ru","people":["Mikhail Kalatozov"],"v":1,"id":"01HX","user":"k1-abc","at":"2024-05-06T07:08:09.123+00:00"}
            """),
        ["bare interaction"] = (
            new Interaction { Id = "01HX", User = "k1-abc", At = At, Movie = "42", Kind = InteractionKind.Click, Preference = 0.2 },
            WireFormat.Default.UserRecord,
            """
            {"type":"interaction","movie":"42","kind":"click","preference":0.2,"idempotent":false,"genres":[],"people":[],
            "v":1,"id":"01HX","user":"k1-abc","at":"2024-05-06T07:08:09.123+00:00"}
            """),
        ["consent"] = (
            new ConsentChange { Id = "01HY", User = "k1-abc", At = At, Learning = false },
            WireFormat.Default.UserRecord,
            """{"type":"consent","learning":false,"v":1,"id":"01HY","user":"k1-abc","at":"2024-05-06T07:08:09.123+00:00"}"""),
        ["erasure"] = (
            new Erasure { Id = "01HZ", User = "k1-abc", At = At },
            WireFormat.Default.UserRecord,
            """{"type":"erasure","v":1,"id":"01HZ","user":"k1-abc","at":"2024-05-06T07:08:09.123+00:00"}"""),
        ["signal"] = (
            new Signal
            {
                Movie = "42", At = At, Kind = InteractionKind.Watchlist, Preference = 0.4, Context = ["7", "3"], SecondsBefore = [60], LikedBefore = 2, History = 9,
                Source = new SignalSource(2, 5, 1234, 1200),
            },
            WireFormat.Default.MovieRecord,
            """
            {"type":"signal","at":"2024-05-06T07:08:09.123+00:00","kind":"watchlist","preference":0.4,"context":["7","3"],"secondsBefore":[60],"likedBefore":2,"history":9,
            "source":{"epoch":2,"partition":5,"offset":1234,"checkpoint":1200},"v":1,"movie":"42"}
            """),
        ["catalogue"] = (
            new CatalogueChange { Movie = "42", Metadata = new MovieMetadata { Id = "42", Title = "Letyat zhuravli", Year = 1957 } },
            WireFormat.Default.MovieRecord,
            """
            {"type":"catalogue","metadata":{"id":"42","title":"Letyat zhuravli","year":1957,"genres":[],"directors":[],"cast":[]},"v":1,"movie":"42"}
            """),
        ["withdrawal"] = (
            new CatalogueChange { Movie = "42", Metadata = null },
            WireFormat.Default.MovieRecord,
            """{"type":"catalogue","metadata":null,"v":1,"movie":"42"}"""),
        ["metadata"] = (
            new MovieMetadata
            {
                Id = "42", Title = "The Cranes Are Flying", Year = 1957, Released = new DateOnly(1957, 10, 12), Genres = ["Drama"], Language = "ru",
                Directors = ["Mikhail Kalatozov"], Cast = ["Tatyana Samoylova"],
            },
            WireFormat.Default.MovieMetadata,
            """
            {"id":"42","title":"The Cranes Are Flying","year":1957,"released":"1957-10-12","genres":["Drama"],"language":"ru",
            "directors":["Mikhail Kalatozov"],"cast":["Tatyana Samoylova"]}
            """),
        ["rejected"] = (
            new RejectedInput
            {
                Source = "api", Reason = "unknown-movie", Detail = "no such movie", Line = 3, At = At, User = "k1-abc",
                Fields = new Dictionary<string, string> { ["kind"] = "rate" },
            },
            WireFormat.Default.RejectedInput,
            """
            {"v":1,"source":"api","reason":"unknown-movie","detail":"no such movie","line":3,"at":"2024-05-06T07:08:09.123+00:00","user":"k1-abc",
            "fields":{"kind":"rate"}}
            """),
    };

    public static TheoryData<string> Kinds => [.. Golden.Keys];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Serialize_OfEachKind_GivesTheJsonThatLogsHold(string kind)
    {
        var (record, type, json) = Golden[kind];
        Assert.Equal(json.ReplaceLineEndings(""), JsonSerializer.Serialize(record, type));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Deserialize_OfTheJsonOfEachKind_GivesItBack(string kind)
    {
        var (record, type, json) = Golden[kind];
        Assert.Equivalent(record, JsonSerializer.Deserialize(json, type), strict: true);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Deserialize_WithUnknownFieldsAndInAnotherOrder_IgnoresThem(string kind)
    {
        var (record, type, json) = Golden[kind];
        var fields = JsonNode.Parse(json)!.AsObject();
        var later = new JsonObject { ["flavour"] = new JsonObject { ["salt"] = 1 } };
        foreach (var (name, value) in fields.Reverse().ToArray())
        {
            later[name] = value?.DeepClone();
        }

        Assert.Equivalent(record, JsonSerializer.Deserialize(later.ToJsonString(), type), strict: true);
    }

    [Theory]
    [InlineData("interaction", "id", "user", "at", "movie", "kind", "preference")]
    [InlineData("consent", "id", "user", "at", "learning")]
    [InlineData("erasure", "id", "user", "at")]
    [InlineData("signal", "movie", "at", "kind", "preference", "context", "source")]
    [InlineData("catalogue", "movie", "metadata")]
    [InlineData("metadata", "id", "title")]
    [InlineData("rejected", "source", "reason", "detail", "at")]
    public void Deserialize_WithoutARequiredField_ThrowsJsonException(string kind, params string[] required)
    {
        var (_, type, json) = Golden[kind];
        foreach (var name in required)
        {
            var fields = JsonNode.Parse(json)!.AsObject();
            Assert.True(fields.Remove(name));
            Assert.Throws<JsonException>(() => JsonSerializer.Deserialize(fields.ToJsonString(), type));
        }
    }

    [Fact]
    public void Deserialize_WithoutOptionalFields_GivesTheirDefaults()
    {
        var interaction = (Interaction)JsonSerializer.Deserialize(
            """{"type":"interaction","movie":"1","kind":"like","preference":1,"id":"1","user":"u","at":"2024-05-06T07:08:09Z"}""",
            WireFormat.Default.UserRecord)!;
        Assert.Equal(1, interaction.SchemaVersion);
        Assert.Empty(interaction.Genres.Concat(interaction.People));
        var movie = JsonSerializer.Deserialize("""{"id":"1","title":"T"}""", WireFormat.Default.MovieMetadata)!;
        Assert.Empty(movie.Genres.Concat(movie.Directors).Concat(movie.Cast).Concat(movie.People()));
        var rejected = JsonSerializer.Deserialize(
            """{"source":"api","reason":"r","detail":"d","at":"2024-05-06T07:08:09Z"}""", WireFormat.Default.RejectedInput)!;
        Assert.Equal(1, rejected.V);
        Assert.Empty(rejected.Fields);
    }

    [Theory]
    [InlineData("""{"type":"interaction","movie":null,"kind":"like","preference":1,"id":"1","user":"u","at":"2024-05-06T07:08:09Z"}""")]
    [InlineData("""{"type":"interaction","movie":"1","kind":"adore","preference":1,"id":"1","user":"u","at":"2024-05-06T07:08:09Z"}""")]
    [InlineData("""{"type":"interaction","movie":"1","kind":"like","preference":1,"id":"1","user":"u","at":"yesterday"}""")]
    [InlineData("""{"type":"greeting","id":"1","user":"u","at":"2024-05-06T07:08:09Z"}""")]
    [InlineData("[]")]
    [InlineData("{")]
    public void Deserialize_OfWhatIsNoRecord_ThrowsJsonException(string json) =>
        Assert.Throws<JsonException>(() => JsonSerializer.Deserialize(json, WireFormat.Default.UserRecord));
}
