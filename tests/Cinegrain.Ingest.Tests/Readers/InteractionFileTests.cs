using System.Text;
using Cinegrain.Ingest.Readers;
using FsCheck;
using FsCheck.Xunit;

namespace Cinegrain.Ingest.Tests;

public sealed class InteractionFileTests : IDisposable
{
    private readonly string _path = Path.GetTempFileName();

    public void Dispose() => File.Delete(_path);

    [Fact]
    public void ReadCsv_ColumnsInAnyOrder_AreMapped()
    {
        File.WriteAllText(_path, "when;ITEM;ignored;userId;stars\n1714478400;603;x;\"al;ice\";4.5\n;604;x;7;\n");
        var file = new CsvInteractionFile(_path, new CsvInteractionOptions
        {
            Columns = CsvInteractionOptions.ParseColumns("user=userId, movie=item,value=stars,at=when"),
            Delimiter = ";",
            DefaultKind = "rate",
        });

        Assert.Equal(
            [
                (2, """{"user":"al;ice","movie":"603","value":4.5,"at":1714478400,"kind":"rate"}"""),
                (3, """{"user":"7","movie":"604","kind":"rate"}"""),
            ],
            Lines(file));
        Assert.Equal(file.Bytes, file.BytesRead);
    }

    [Fact]
    public async Task ReadCsv_EveryKindOfLine_IsJudgedByTheGate()
    {
        File.WriteAllText(
            _path,
            "user,movie,kind,value,at,id\nalice,603,rate,4.5,2024-04-30T10:00:00Z,1\nalice,603,rate,NaN,,\nalice,603,rate,1e999,,\nalice,603,like\nalice,,like,,,\nalice,603,rate,3,1714478400250,\n");
        var fixture = new Fixture();
        var receipt = await fixture.Intake.SubmitAsync([.. new CsvInteractionFile(_path).Read()], null, "import", CancellationToken.None);

        Assert.Equal(3, receipt.Accepted);
        Assert.Equal([(3, "wrong-type"), (4, "wrong-type"), (6, "missing-field")], receipt.Rejected.Select(r => (r.Line, r.Reason)));
    }

    [Fact]
    public void ReadCsv_LinesThatCannotBeGivenOn_AreReported()
    {
        File.WriteAllBytes(_path, [.. "user,movie,kind\na,b,like,4\n"u8, .. "Jos"u8, 0xE9, .. ",b,like\nc,d,like\n"u8]);
        var errors = new List<ReaderError>();
        Assert.Equal([(4, """{"user":"c","movie":"d","kind":"like"}""")], Lines(new CsvInteractionFile(_path), errors.Add));
        Assert.Equal([(2L, "line"), (3L, "user")], errors.Select(e => (e.Line, e.Field)));
    }

    [Theory]
    [InlineData("movie,kind", null, "column user")]
    [InlineData("user,movie", null, "column kind")]
    [InlineData("user,movie,kind", "at=when", "column when")]
    [InlineData("", null, "found nothing")]
    public void ReadCsv_MissingColumn_NamesIt(string header, string? map, string expected)
    {
        File.WriteAllText(_path, header + "\n");
        var file = new CsvInteractionFile(_path, new CsvInteractionOptions { Columns = CsvInteractionOptions.ParseColumns(map ?? "") });
        Assert.Contains(expected, Assert.Throws<DataSetException>(() => file.Read().Count()).Message);
    }

    [Theory]
    [InlineData("user")]
    [InlineData("user=")]
    [InlineData("usr=a")]
    [InlineData("user=a,user=b")]
    public void ParseColumns_BadMap_SaysWhatIsRight(string map) =>
        Assert.Throws<FormatException>(() => CsvInteractionOptions.ParseColumns(map));

    [Fact]
    public void ReadNdjson_Lines_AreNumberedAndBlankOnesLeftOut()
    {
        File.WriteAllText(_path, "{\"a\":1}\r\n\n  \n{\"b\":2}\nlast");
        Assert.Equal([(1, "{\"a\":1}"), (4, "{\"b\":2}"), (5, "last")], Lines(new NdjsonInteractionFile(_path)));
    }

    [Fact]
    public void ReadNdjson_LongLines_AreCutForTheGateToRefuse()
    {
        File.WriteAllText(_path, new string('a', 100) + "\n" + new string('b', 101) + "\n" + new string('c', 300_000) + "\n{}\n" + new string('d', 300_000));
        Assert.Equal(
            [(1, 100, 'a'), (2, 101, 'b'), (3, 101, 'c'), (4, 2, '{'), (5, 101, 'd')],
            Lines(new NdjsonInteractionFile(_path, 100)).Select(l => (l.Number, l.Text.Length, l.Text[0])));
    }

    [Property(MaxTest = 200)]
    public bool ReadNdjson_AnyLines_ComeBackInOrder(NonNegativeInt[] lengths)
    {
        var lines = lengths.Select((n, i) => new string((char)('a' + (i % 26)), 1 + (n.Get * 7919 % 70_000))).ToArray();
        File.WriteAllText(_path, string.Join('\n', lines));
        return Lines(new NdjsonInteractionFile(_path, 70_000)).Select(l => l.Text).SequenceEqual(lines);
    }

    [Fact]
    public void Constructor_NoFile_SaysSo()
    {
        Assert.Contains("does not exist", Assert.Throws<DataSetException>(() => new NdjsonInteractionFile(_path + "x")).Message);
        Assert.Contains("is a folder", Assert.Throws<DataSetException>(() => new CsvInteractionFile(Path.GetTempPath())).Message);
    }

    [Fact]
    public async Task RatingEvent_ToIntakeLine_PassesTheGate()
    {
        var fixture = new Fixture();
        var line = new RatingEvent("9", "603", 3.5, 964982703, 17).ToIntakeLine(5);
        var receipt = await fixture.Intake.SubmitAsync([line], null, "import", CancellationToken.None);
        Assert.Empty(receipt.Rejected);
        var interaction = fixture.Interactions()[0];
        Assert.Equal((3.5, 964982703), (interaction.Value, interaction.At.ToUnixTimeSeconds()));
    }

    private static List<(int Number, string Text)> Lines(InteractionFile file, Action<ReaderError>? onError = null) =>
        [.. file.Read(onError).Select(line => (line.Number, Encoding.UTF8.GetString(line.Utf8Json.Span)))];
}
