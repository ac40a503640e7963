using System.Text;
using Cinegrain.Model.Events;
using Cinegrain.Model.Ports;
using FsCheck;
using FsCheck.Xunit;

namespace Cinegrain.Ingest.Tests;

public sealed class QualityGateTests
{
    private readonly Fixture _fixture = new();

    [Fact]
    public async Task Submit_Rating_IsNormalisedAndEnriched()
    {
        var interaction = await _fixture.AcceptAsync("""{"user":"alice","movie":"603","kind":"rate","value":4.5,"at":"2024-04-30T22:00:00.1234567+02:00"}""");

        Assert.Equal(_fixture.Pseudonymizer.Pseudonym("alice"), interaction.User);
        Assert.Equal("603", interaction.Movie);
        Assert.Equal(InteractionKind.Rate, interaction.Kind);
        Assert.Equal(4.5, interaction.Value);
        Assert.Equal(0.75, interaction.Preference);
        Assert.Equal(new DateTimeOffset(2024, 4, 30, 20, 0, 0, 123, TimeSpan.Zero), interaction.At);
        Assert.Equal(TimeSpan.Zero, interaction.At.Offset);
        Assert.Equal(Fixture.Matrix.Genres, interaction.Genres);
        Assert.Equal(1999, interaction.Year);
        Assert.Equal("en", interaction.Language);
        Assert.Equal(["Lana Wachowski", "Lilly Wachowski", "Keanu Reeves"], interaction.People);
        Assert.False(interaction.Idempotent);
        Assert.True(Ulid.TryParse(interaction.Id, out var id));
        Assert.Equal(Fixture.Now, id.Time);
    }

    [Theory]
    [InlineData("watch", ",\"value\":0", 0.0)]
    [InlineData("watch", ",\"value\":1", 1.0)]
    [InlineData("watch", ",\"value\":-0.0", 0.0)]
    [InlineData("rate", ",\"value\":0.5", 0.5)]
    [InlineData("rate", ",\"value\":5e0", 5.0)]
    [InlineData("like", "", null)]
    [InlineData("dislike", "", null)]
    [InlineData("click", ",\"value\":null", null)]
    [InlineData("skip", ",\"value\":17", null)]
    [InlineData("watchlist", "", null)]
    public async Task Submit_EveryKind_KeepsTheValueWhereTheKindHasOne(string kind, string value, double? expected)
    {
        var interaction = await _fixture.AcceptAsync($$"""{"user":"alice","movie":"603","kind":"{{kind}}"{{value}}}""");
        Assert.Equal(expected, interaction.Value);
        Assert.Equal(Normalisation.Preference(interaction.Kind, expected), interaction.Preference);
        Assert.Equal(Fixture.Now, interaction.At);
    }

    [Theory]
    [InlineData("\"2024-05-01T12:04:59Z\"", "2024-05-01T12:00:00Z")]
    [InlineData("\"2024-05-01T12:05:00Z\"", "2024-05-01T12:00:00Z")]
    [InlineData("\"2024-04-30T10:00:00-02:00\"", "2024-04-30T12:00:00Z")]
    [InlineData("\"2024-04-30T10:00:00\\u002B02:00\"", "2024-04-30T08:00:00Z")]
    [InlineData("\"1990-01-01T00:00:00Z\"", "1990-01-01T00:00:00Z")]
    [InlineData("1714478400", "2024-04-30T12:00:00Z")]
    [InlineData("1714478400.25", "2024-04-30T12:00:00.250Z")]
    [InlineData("1714478400250", "2024-04-30T12:00:00.250Z")]
    [InlineData("1.7144784e9", "2024-04-30T12:00:00Z")]
    [InlineData("null", "2024-05-01T12:00:00Z")]
    public async Task Submit_Time_IsReadInEveryForm(string at, string expected)
    {
        var interaction = await _fixture.AcceptAsync($$"""{"user":"alice","movie":"603","kind":"like","at":{{at}}}""");
        Assert.Equal(DateTimeOffset.Parse(expected), interaction.At);
    }

    [Theory]
    [InlineData("""{"user":1,"movie":603,"kind":"like"}""")]
    [InlineData("""{"user":"1","movie":" 603\n","kind":"like"}""")]
    [InlineData("""{"us\u0065r":"\u0031","movie":"6\u00303","kind":"l\u0069ke"}""")]
    [InlineData("""  {"extra":{"deep":[1,{"user":"bob"}]},"user":1,"movie":603,"kind":"like","more":[]}  """)]
    [InlineData("\uFEFF{\"user\":1,\"movie\":603,\"kind\":\"like\"}")]
    public async Task Submit_OtherSpelling_IsTheSame(string line)
    {
        var interaction = await _fixture.AcceptAsync(line);
        Assert.Equal(_fixture.Pseudonymizer.Pseudonym("1"), interaction.User);
        Assert.Equal("603", interaction.Movie);
    }

    [Fact]
    public async Task Submit_MovieWithoutMetadata_IsAccepted()
    {
        var interaction = await _fixture.AcceptAsync("""{"user":"alice","movie":"bare","kind":"like"}""");
        Assert.Empty(interaction.Genres);
        Assert.Empty(interaction.People);
        Assert.Null(interaction.Year);
    }

    [Theory]
    [InlineData("", "malformed-json")]
    [InlineData("   ", "malformed-json")]
    [InlineData("{", "malformed-json")]
    [InlineData("nonsense", "malformed-json")]
    [InlineData("[]", "malformed-json")]
    [InlineData("\"text\"", "malformed-json")]
    [InlineData("42", "malformed-json")]
    [InlineData("null", "malformed-json")]
    [InlineData("""{"user":"a","movie":"603","kind":"like"}{}""", "malformed-json")]
    [InlineData("""{"user":"a","movie":"603","kind":"like",}""", "malformed-json")]
    [InlineData("""{"user":"a","movie":"603","kind":"rate","value":NaN}""", "malformed-json")]
    [InlineData("""{"user":"a","movie":"603","kind":"rate","value":Infinity}""", "malformed-json")]
    [InlineData("""{"user":"a","movie":"603","kind":"rate","value":007}""", "malformed-json")]
    [InlineData("""{"user":"a","user":"b","movie":"603","kind":"like"}""", "malformed-json")]
    [InlineData("""{"movie":7.5,"user":"a","user":"b","kind":"like"}""", "malformed-json")]
    [InlineData("""{"movie":"603","kind":"like"}""", "missing-field")]
    [InlineData("""{"user":null,"movie":"603","kind":"like"}""", "missing-field")]
    [InlineData("""{"user":"a","kind":"like"}""", "missing-field")]
    [InlineData("""{"user":"a","movie":"603"}""", "missing-field")]
    [InlineData("""{"user":"a","movie":"603","kind":"rate"}""", "missing-field")]
    [InlineData("""{"user":"a","movie":"603","kind":"watch","value":null}""", "missing-field")]
    [InlineData("""{"User":"a","movie":"603","kind":"like"}""", "missing-field")]
    [InlineData("""{"user":true,"movie":"603","kind":"like"}""", "wrong-type")]
    [InlineData("""{"user":{"id":"a"},"movie":"603","kind":"like"}""", "wrong-type")]
    [InlineData("""{"user":1.5,"movie":"603","kind":"like"}""", "wrong-type")]
    [InlineData("""{"user":1e3,"movie":"603","kind":"like"}""", "wrong-type")]
    [InlineData("""{"user":99999999999999999999,"movie":"603","kind":"like"}""", "wrong-type")]
    [InlineData("""{"user":"a","movie":["603"],"kind":"like"}""", "wrong-type")]
    [InlineData("""{"user":"a","movie":"603","kind":1}""", "wrong-type")]
    [InlineData("""{"user":"a","movie":"603","kind":"rate","value":"5"}""", "wrong-type")]
    [InlineData("""{"user":"a","movie":"603","kind":"rate","value":"NaN"}""", "wrong-type")]
    [InlineData("""{"user":"a","movie":"603","kind":"like","value":[]}""", "wrong-type")]
    [InlineData("""{"user":"a","movie":"603","kind":"like","at":true}""", "wrong-type")]
    [InlineData("""{"user":"a","movie":"603","kind":"like","id":{}}""", "wrong-type")]
    [InlineData("""{"user":"a","movie":"603","kind":"love"}""", "unknown-kind")]
    [InlineData("""{"user":"a","movie":"603","kind":"Rate","value":4}""", "unknown-kind")]
    [InlineData("""{"user":"a","movie":"603","kind":""}""", "unknown-kind")]
    [InlineData("""{"user":"a","movie":"603","kind":"rate","value":0.49}""", "value-out-of-range")]
    [InlineData("""{"user":"a","movie":"603","kind":"rate","value":5.01}""", "value-out-of-range")]
    [InlineData("""{"user":"a","movie":"603","kind":"rate","value":-3}""", "value-out-of-range")]
    [InlineData("""{"user":"a","movie":"603","kind":"rate","value":1e999}""", "value-out-of-range")]
    [InlineData("""{"user":"a","movie":"603","kind":"rate","value":-1e999}""", "value-out-of-range")]
    [InlineData("""{"user":"a","movie":"603","kind":"watch","value":1.01}""", "value-out-of-range")]
    [InlineData("""{"user":"a","movie":"603","kind":"watch","value":-0.01}""", "value-out-of-range")]
    [InlineData("""{"user":"a","movie":"603","kind":"like","at":"yesterday"}""", "invalid-time")]
    [InlineData("""{"user":"a","movie":"603","kind":"like","at":""}""", "invalid-time")]
    [InlineData("""{"user":"a","movie":"603","kind":"like","at":"2024-04-30"}""", "invalid-time")]
    [InlineData("""{"user":"a","movie":"603","kind":"like","at":"2024-04-30T10:00:00"}""", "invalid-time")]
    [InlineData("""{"user":"a","movie":"603","kind":"like","at":"2024-02-30T10:00:00Z"}""", "invalid-time")]
    [InlineData("""{"user":"a","movie":"603","kind":"like","at":"\ud800"}""", "invalid-time")]
    [InlineData("""{"user":"a","movie":"603","kind":"like","at":"2024-05-01T12:05:00.001Z"}""", "future-time")]
    [InlineData("""{"user":"a","movie":"603","kind":"like","at":"9999-12-31T23:59:59Z"}""", "future-time")]
    [InlineData("""{"user":"a","movie":"603","kind":"like","at":1e300}""", "future-time")]
    [InlineData("""{"user":"a","movie":"603","kind":"like","at":1e999}""", "future-time")]
    [InlineData("""{"user":"a","movie":"603","kind":"like","at":"1989-12-31T23:59:59.999Z"}""", "ancient-time")]
    [InlineData("""{"user":"a","movie":"603","kind":"like","at":0}""", "ancient-time")]
    [InlineData("""{"user":"a","movie":"603","kind":"like","at":-1e300}""", "ancient-time")]
    [InlineData("""{"user":"a","movie":"603","kind":"like","at":-5}""", "ancient-time")]
    [InlineData("""{"user":"","movie":"603","kind":"like"}""", "invalid-id")]
    [InlineData("""{"user":" ","movie":"603","kind":"like"}""", "invalid-id")]
    [InlineData("""{"user":"a\u0000b","movie":"603","kind":"like"}""", "invalid-id")]
    [InlineData("""{"user":"a\ud800","movie":"603","kind":"like"}""", "invalid-id")]
    [InlineData("""{"user":"a","movie":"60\u00013","kind":"like"}""", "invalid-id")]
    [InlineData("""{"user":"a","movie":"","kind":"like"}""", "invalid-id")]
    [InlineData("""{"user":"a","movie":"603","kind":"like","id":"x\u007f"}""", "invalid-id")]
    [InlineData("""{"user":"a","movie":"603","kind":"rat\ud800"}""", "unknown-kind")]
    [InlineData("""{"user":"a","movie":"603","kind":"\ud800"}""", "unknown-kind")]
    [InlineData("""{"use\ud800":"a","movie":"603","kind":"like"}""", "missing-field")]
    [InlineData("""{"\udc00":"a","movie":"603","kind":"like"}""", "missing-field")]
    [InlineData("""{"user":"a","movie":"60\udc00","kind":"like","valu\udc00":3}""", "invalid-id")]
    [InlineData("""{"user":"a","movie":"604","kind":"like"}""", "unknown-movie")]
    [InlineData("""{"user":"a","movie":-1,"kind":"like"}""", "unknown-movie")]
    public async Task Submit_BadLine_IsRefusedWithItsReason(string line, string reason)
    {
        var (refused, record) = await _fixture.RefuseAsync(line);

        Assert.Equal(reason, refused.Reason);
        Assert.Equal(1, refused.Line);
        Assert.True(refused.Detail.Length > 20, refused.Detail);
        Assert.Equal(reason, record.Reason);
        Assert.Equal(refused.Detail, record.Detail);
        Assert.Equal("test", record.Source);
        Assert.Equal(Fixture.Now, record.At);
        Assert.Equal("test", _fixture.Log.Appended[0].Key);
    }

    [Theory]
    [InlineData("user")]
    [InlineData("movie")]
    [InlineData("id")]
    public async Task Submit_IdOfTenThousandCharacters_IsRefused(string field)
    {
        var line = """{"user":"a","movie":"603","id":"i","kind":"like"}""";
        var old = field switch { "user" => "\"a\"", "movie" => "\"603\"", _ => "\"i\"" };
        foreach (var length in new[] { 257, 10_000 })
        {
            var (refused, record) = await _fixture.RefuseAsync(line.Replace(old, $"\"{new string('z', length)}\""));
            Assert.Equal("invalid-id", refused.Reason);
            Assert.All(record.Fields.Values, text => Assert.True(text.Length <= 100));
        }

        await _fixture.AcceptAsync(line.Replace(old, "\"603\"").Replace("\"i\"", $"\"{new string('z', 256)}\""));
    }

    [Fact]
    public async Task Submit_LineOverTheLimit_IsRefusedUnread()
    {
        var line = $$"""{"user":"alice","movie":"603","kind":"like","note":"{{new string('x', 64 * 1024)}}"}""";
        var (refused, record) = await _fixture.RefuseAsync(line);
        Assert.Equal("too-large", refused.Reason);
        Assert.Null(record.User);
        Assert.Empty(record.Fields);
    }

    [Fact]
    public async Task Submit_InvalidUtf8_IsRefused()
    {
        byte[] line = [.. "{\"user\":\"a"u8, 0xC3, 0x28, .. "\",\"movie\":\"603\",\"kind\":\"like\"}"u8];
        Assert.Equal("malformed-json", (await _fixture.RefuseAsync(line)).Line.Reason);
    }

    [Fact]
    public async Task Submit_DeepNesting_IsRefused()
    {
        var line = $$"""{"user":"a","movie":"603","kind":"like","x":{{new string('[', 5000)}}{{new string(']', 5000)}}}""";
        Assert.Equal("malformed-json", (await _fixture.RefuseAsync(line)).Line.Reason);
    }

    [Fact]
    public async Task Submit_RefusedLine_KeepsPseudonymAndAllowedFieldsOnly()
    {
        var (_, record) = await _fixture.RefuseAsync(
            $$"""{"user":"alice","movie":"{{new string('m', 150)}}","kind":"like","value":2.50,"at":"2024-04-30T10:00:00Z","id":"order 7","email":"alice@example.org"}""");

        Assert.Equal(_fixture.Pseudonymizer.Pseudonym("alice"), record.User);
        Assert.Equal(
            new Dictionary<string, string> { ["movie"] = new('m', 100), ["kind"] = "like", ["value"] = "2.50", ["at"] = "2024-04-30T10:00:00Z" },
            record.Fields);
    }

    [Theory]
    [InlineData("""{"user":"Zaphod.Beeblebrox","movie":"zaphod.beeblebrox","kind":"like"}""")]
    [InlineData("""{"user":"Zaphod.Beeblebrox","movie":"603","kind":"like: Zaphod.Beeblebrox"}""")]
    [InlineData("""{"user":" Zaphod.Beeblebrox ","movie":"604 of Zaphod.Beeblebrox","kind":"like","at":"Zaphod.Beeblebrox"}""")]
    [InlineData("""{"user":"Zaphod.Beeblebrox","movie":"603","kind":"rate","value":"Zaphod.Beeblebrox"}""")]
    [InlineData("""{"user":"Zaphod.Beeblebrox","user":"Zaphod.Beeblebrox","movie":"603","kind":"like"}""")]
    [InlineData("""{"user":"Zaphod.Beeblebrox\u0000","movie":"Zaphod.Beeblebrox\u0000","kind":"like"}""")]
    [InlineData("""{"user":"Zaphod.Beeblebrox" "movie":"603","kind":"like"}""")]
    [InlineData("""{"user":"Zaphod.Beeblebrox","movie":"603","kind":"like","id":"Zaphod.Beeblebrox-1"}""")]
    [InlineData("""{"user":"Zaphod.Beeblebrox","movie":"603","kind":"rate","value":4,"name":"Zaphod.Beeblebrox"}""")]
    public async Task Submit_AnyLine_NeverAppendsTheRawUserId(string line)
    {
        await _fixture.SubmitAsync([Encoding.UTF8.GetBytes(line)], key: "Zaphod.Beeblebrox");
        await _fixture.Intake.AppendControlAsync(
            new Erasure { Id = "1", User = _fixture.Pseudonymizer.Pseudonym("Zaphod.Beeblebrox"), At = Fixture.Now }, CancellationToken.None);

        Assert.NotEmpty(_fixture.Log.Appended);
        Assert.All(_fixture.Log.Appended, entry =>
            Assert.DoesNotContain("zaphod", (entry.Key + Encoding.UTF8.GetString(entry.Value.Span)).ToLowerInvariant()));
    }

    [Property(MaxTest = 1000)]
    public bool Submit_RandomBytes_NeverThrows(byte[] line) => Answers(line);

    [Property(MaxTest = 1000)]
    public bool Submit_LineWithSomeBytesChanged_NeverThrows((NonNegativeInt Index, byte Value)[] changes)
    {
        var line = """{"user":"alice","movie":"603","kind":"rate","value":4.5,"at":"2024-04-30T10:00:00Z","id":"é\u00e9"}"""u8.ToArray();
        foreach (var (index, value) in changes.Take(4))
        {
            line[index.Get % line.Length] = value;
        }

        return Answers(line);
    }

    [Property(MaxTest = 1000)]
    public bool Submit_LineWithFragmentsInserted_NeverThrows((NonNegativeInt Index, NonNegativeInt Fragment)[] inserts)
    {
        string[] fragments = [@"\ud800", @"\udc00", @"\u0000", "\\", "\"", "{", "}", "[", "]", ",", ":", "null", "1e999", "-", "\ud83c\udfac", "\uFEFF", "\"user\":1,"];
        var line = """{"user":"alice","movie":"603","kind":"rate","value":4.5,"at":"2024-04-30T10:00:00Z","id":"x"}""";
        foreach (var (index, fragment) in inserts.Take(3))
        {
            line = line.Insert(index.Get * 7919 % line.Length, fragments[fragment.Get % fragments.Length]);
        }

        return Answers(Encoding.UTF8.GetBytes(line));
    }

    private bool Answers(byte[] line)
    {
        var before = _fixture.Log.Appended.Count;
        var receipt = _fixture.SubmitAsync([line]).GetAwaiter().GetResult();
        var appended = _fixture.Log.Appended.Skip(before).ToArray();
        return receipt.Accepted + receipt.Rejected.Count == 1
            && appended.All(e => receipt.Accepted == 1 ? e.Topic == Topics.Interactions : e.Topic == Topics.Rejected);
    }
}
