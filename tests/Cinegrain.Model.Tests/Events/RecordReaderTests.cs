using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Cinegrain.Model.Events;
using FsCheck.Xunit;

namespace Cinegrain.Model.Tests.Events;

public sealed class RecordReaderTests
{
    private const string AnInteraction =
        """
        {"type":"interaction","movie":"603","kind":"rate","value":4.5,"preference":0.75,"idempotent":true,"genres":["Action","Sci-Fi"],"year":1999,
        "language":"en","people":["Lana Wachowski","Am\u00e9lie"],"v":1,"id":"01HZ","user":"k1-abc","at":"2024-05-06T07:08:09.123+00:00"}
        """;

    private const string ASignal =
        """
        {"type":"signal","at":"2024-05-06T07:08:09.123+00:00","kind":"like","preference":1,"context":["1","2","\u0033"],"secondsBefore":[5,60],"likedBefore":5,
        "history":12,"source":{"epoch":1,"partition":3,"offset":99,"checkpoint":90},"v":1,"movie":"603"}
        """;

    private static readonly string[] Values =
    [
        "null", "true", "false", "0", "-1", "1.5", "1e400", "4294967295", "99999999999999999999", "\"\"", "\"like\"", "\"LIKE\"", "\"\\u006cike\"", "\"2\"",
        "\"\\ud800\"", "\"2024-05-06T07:08:09Z\"", "\"2024-05-06\"", "\"2024-05-06T07:08:09.1234567891+02:00\"", "[]", "[null]", "[1]", "[\"a\",\"b\"]", "[\"a\",1]",
        "[[]]", "{}", "{\"epoch\":1}", "{\"epoch\":1,\"partition\":2,\"offset\":3,\"checkpoint\":4,\"more\":[5]}",
    ];

    // Infinity can be read, as 1e400, and is then refused by its value.
    private static readonly WireFormat Printed = new(new(WireFormat.Default.Options) { NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals });

    private static readonly string[] Others = ["flavour", "type", "$type", "$id", "", "V", "\\u0069d", "v", "user"];

    [Property(MaxTest = 40, Arbitrary = [typeof(Generators)])]
    public void Interaction_OfWhatIsWritten_IsWhatWasWritten(UserLog log)
    {
        foreach (var written in log.Records.OfType<Interaction>())
        {
            Assert.Equivalent(written, RecordReader.Interaction(JsonSerializer.SerializeToUtf8Bytes(written, WireFormat.Default.UserRecord)), strict: true);
        }
    }

    [Property(MaxTest = 40, Arbitrary = [typeof(Generators)])]
    public void Signal_OfWhatIsWritten_IsWhatWasWritten(SignalLog log)
    {
        foreach (var written in log.Signals)
        {
            var signal = written with { SecondsBefore = [.. written.Context.Select((_, i) => i * 7)], LikedBefore = 0x8000_0001, History = written.Context.Count };
            Assert.Equivalent(signal, RecordReader.Signal(JsonSerializer.SerializeToUtf8Bytes(signal, WireFormat.Default.MovieRecord)), strict: true);
        }
    }

    [Fact]
    public void Read_OfOtherKinds_IsLeftToTheSerializer()
    {
        Assert.Null(RecordReader.Interaction(JsonSerializer.SerializeToUtf8Bytes(Make.Erasure(), WireFormat.Default.UserRecord)));
        Assert.Null(RecordReader.Signal(Encoding.UTF8.GetBytes(AnInteraction)));
        Assert.Null(RecordReader.Interaction("[]"u8));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Read_OfRecordsThatWereChanged_SaysWhatTheSerializerSays(int seed)
    {
        var random = new Random(seed);
        int read = 0, left = 0, refused = 0;
        for (var i = 0; i < 10_000; i++)
        {
            Compare(Change(AnInteraction, random), RecordReader.Interaction, WireFormat.Default.UserRecord);
            Compare(Change(ASignal, random), RecordReader.Signal, WireFormat.Default.MovieRecord);
        }

        Assert.All([read, left, refused], count => Assert.InRange(count, 500, 20_000));

        void Compare<TRecord>(byte[] json, Func<ReadOnlySpan<byte>, TRecord?> reader, JsonTypeInfo<TRecord> type)
            where TRecord : class
        {
            string said;
            try
            {
                if (reader(json) is not { } record)
                {
                    left++;
                    return;
                }

                read++;
                said = Print(record);
            }
            catch (Exception exception) when (exception is JsonException or InvalidOperationException)
            {
                refused++;
                said = "refused";
            }

            Assert.True(said == Serializer(json, type), $"{Encoding.UTF8.GetString(json)} was read as {said}");
        }
    }

    private static string Serializer<TRecord>(byte[] json, JsonTypeInfo<TRecord> type)
        where TRecord : class
    {
        try
        {
            return Print(JsonSerializer.Deserialize(json, type)!);
        }
        catch (JsonException)
        {
            return "refused";
        }
    }

    private static string Print<TRecord>(TRecord record) => JsonSerializer.Serialize(record, typeof(TRecord), Printed);

    /// <summary>The record with one to three changes: of fields, and now and then of any byte.</summary>
    private static byte[] Change(string json, Random random)
    {
        using var parsed = JsonDocument.Parse(json);
        var fields = parsed.RootElement.EnumerateObject().Select(field => (Name: $"\"{field.Name}\"", Value: field.Value.GetRawText())).ToList();
        for (var changes = random.Next(1, 4); changes > 0; changes--)
        {
            var place = random.Next(fields.Count);
            var value = Values[random.Next(Values.Length)];
            switch (random.Next(7))
            {
                case 0: fields[place] = fields[place] with { Value = value }; break;
                case 1: fields.Insert(place, (fields[random.Next(fields.Count)].Name, value)); break;
                case 2: fields.Insert(random.Next(1, fields.Count), ($"\"{Others[random.Next(Others.Length)]}\"", value)); break;
                case 3: fields.RemoveAt(place); break;
                case 4: (fields[0], fields[place]) = (fields[place], fields[0]); break;
                case 5: (fields[^1], fields[place]) = (fields[place], fields[^1]); break;
                case 6 when fields[place].Value.StartsWith('{'): fields[place] = fields[place] with { Value = fields[place].Value.Replace("\"offset\":99", $"\"offset\":{value}", StringComparison.Ordinal) }; break;
            }
        }

        var bytes = Encoding.UTF8.GetBytes($"{{{string.Join(random.Next(2) == 0 ? "," : " ,\n ", fields.Select(field => $"{field.Name}:{field.Value}"))}}}");
        switch (random.Next(10))
        {
            case 0: bytes[random.Next(bytes.Length)] = (byte)random.Next(256); break;
            case 1: bytes = bytes[..random.Next(bytes.Length)]; break;
            case 2: bytes = [.. bytes, .. "  {}"u8[..random.Next(5)]]; break;
        }

        return bytes;
    }
}
