using System.Text.Json;
using System.Text.Json.Nodes;
using Cinegrain.Kafka.Erasing;
using Cinegrain.Model.Events;

namespace Cinegrain.Kafka.Tests.Documents;

public sealed class TopicDocumentTests
{
    private const string Update = "CINEGRAIN_UPDATE_DOCUMENTS";

    private static readonly DateTimeOffset At = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly string Docs = FindDocs();

    public static TheoryData<string, string> Values() => new()
    {
        { "interactions", Json(new Interaction { Id = "i", User = "u", At = At, Movie = "m", Kind = InteractionKind.Rate, Value = 4, Preference = 0.5, Genres = ["Drama"], Year = 1999, Language = "en" }) },
        { "interactions", Json(new Interaction { Id = "i", User = "u", At = At, Movie = "m", Kind = InteractionKind.Watchlist, Preference = 0.5 }) },
        { "interactions", Json(new ConsentChange { Id = "i", User = "u", At = At, Learning = false }) },
        { "interactions", Json(new Erasure { Id = "i", User = "u", At = At }) },
        { "signals", Json(new Signal { Movie = "m", At = At, Kind = InteractionKind.Like, Preference = 1, Context = ["a", "b"], Source = new SignalSource(1, 2, 3, 4) }) },
        { "signals", Json(new CatalogueChange { Movie = "m", Metadata = null }) },
        { "signals", Json(new CatalogueChange { Movie = "m", Metadata = new MovieMetadata { Id = "m", Title = "t", Year = 1999 } }) },
        { "movies", JsonSerializer.Serialize(new MovieMetadata { Id = "m", Title = "t", Released = new DateOnly(1999, 1, 1), Cast = ["c"] }, WireFormat.Default.MovieMetadata) },
        { "rejected", JsonSerializer.Serialize(new RejectedInput { Source = "s", Reason = "r", Detail = "d", At = At, Fields = new Dictionary<string, string> { ["movie"] = "x" } }, WireFormat.Default.RejectedInput) },
        { "erasures", System.Text.Encoding.UTF8.GetString(new ErasureRegister(4).Entry("u1-abc", 12).Value.Span) },
        { "intake", """{"user":"ann","movie":"m","kind":"rate","value":4.5,"at":"2026-03-01T12:00:00Z"}""" },
        { "intake", """{"user":7,"movie":8,"kind":"like","id":"mine"}""" },
    };

    public static TheoryData<string, string> WrongValues() => new()
    {
        { "interactions", """{"type":"interaction","v":1,"id":"i","user":"u"}""" },
        { "interactions", """{"type":"unheard-of","v":1,"id":"i","user":"u","at":"2026-03-01T12:00:00Z"}""" },
        { "signals", """{"type":"signal","movie":7}""" },
        { "movies", """{"id":"m"}""" },
        { "rejected", """{"source":"s","reason":"r"}""" },
        { "erasures", """{"v":1,"partition":1}""" },
        { "intake", """{"user":"ann","movie":"m","kind":"stare"}""" },
    };

    [Fact]
    public void Documents_OfTheTopics_AreWhatWritesAndReadsThem()
    {
        foreach (var (file, text) in TopicDocuments.Files())
        {
            var path = Path.Combine(Docs, file);
            if (Environment.GetEnvironmentVariable(Update) is { Length: > 0 })
            {
                File.WriteAllText(path, text);
            }

            Assert.True(File.Exists(path) && File.ReadAllText(path) == text, $"docs/{file} is out of date: run this test with {Update}=1, and commit it");
        }
    }

    [Fact]
    public void Documents_OfTheTopics_NameOnlySchemasThatAreThere()
    {
        var document = JsonNode.Parse(File.ReadAllText(Path.Combine(Docs, "asyncapi.json")))!;
        var addresses = document["channels"]!.AsObject().Select(channel => (string)channel.Value!["address"]!).Order();
        Assert.Equal(KafkaLogOptions.DefaultPartitions.Keys.Order(), addresses);
        foreach (var (name, channel) in document["channels"]!.AsObject())
        {
            Assert.True(File.Exists(Path.Combine(Docs, (string)channel!["messages"]![name]!["payload"]!["$ref"]!)), name);
        }
    }

    [Theory]
    [MemberData(nameof(Values))]
    public void Schema_OfWhatIsWritten_HoldsIt(string schema, string value) => Assert.Null(Problem(schema, value));

    [Theory]
    [MemberData(nameof(WrongValues))]
    public void Schema_OfWhatIsRefused_RefusesIt(string schema, string value) => Assert.NotNull(Problem(schema, value));

    private static string? Problem(string schema, string value) =>
        SchemaCheck.Problem(JsonNode.Parse(File.ReadAllText(Path.Combine(Docs, "schemas", $"{schema}.schema.json")))!, JsonNode.Parse(value));

    private static string Json(UserRecord record) => JsonSerializer.Serialize(record, WireFormat.Default.UserRecord);

    private static string Json(MovieRecord record) => JsonSerializer.Serialize(record, WireFormat.Default.MovieRecord);

    private static string FindDocs()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Cinegrain.slnx")))
            {
                return Path.Combine(folder.FullName, "docs");
            }
        }

        throw new InvalidOperationException("these tests read the documents: run them from within the work tree");
    }
}
