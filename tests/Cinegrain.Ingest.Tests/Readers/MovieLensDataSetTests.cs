using System.IO.Compression;
using System.Text;
using Cinegrain.Ingest.Readers;
using Cinegrain.Model.Events;

namespace Cinegrain.Ingest.Tests;

public sealed class MovieLensDataSetTests : IDisposable
{
    private static readonly Dictionary<string, byte[]> Csv = new()
    {
        ["ratings.csv"] = "userId,movieId,rating,timestamp\n1,1,4.0,964982703\n1,2,0.5,964981247\n2,1,5,964982224\n"u8.ToArray(),
        ["movies.csv"] = Encoding.UTF8.GetBytes(
            "movieId,title,genres\r\n1,Toy Story (1995),Adventure|Children\r\n2,\"City of Lost Children, The (Cité des enfants perdus, La) (1995)\",Sci-Fi\r\n3,Bare,(no genres listed)\r\n"),
    };

    private static readonly Dictionary<string, byte[]> Dat = new()
    {
        ["ratings.dat"] = "1::1::4::964982703\n1::2::0.5::964981247\n2::1::5::964982224\n"u8.ToArray(),
        ["movies.dat"] = Encoding.Latin1.GetBytes(
            "1::Toy Story (1995)::Adventure|Children's\n2::City of Lost Children, The (Cité des enfants perdus, La) (1995)::Sci-Fi\n3::Bare::(no genres listed)\n"),
    };

    private static readonly Dictionary<string, byte[]> Tab = new()
    {
        ["u.data"] = "1\t1\t4\t964982703\n1\t2\t0.5\t964981247\n2\t1\t5\t964982224\n"u8.ToArray(),
        ["u.item"] = Encoding.Latin1.GetBytes(
            "1|Toy Story (1995)|01-Jan-1995||http://x|0|0|1|0|1|0|0|0|0|0|0|0|0|0|0|0|0|0|0\n" +
            "2|City of Lost Children, The (Cité des enfants perdus, La) (1995)|||http://x|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0|1|0|0|0\n" +
            "3|Bare||||1|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0\n"),
    };

    private readonly string _root = Directory.CreateTempSubdirectory("cinegrain").FullName;

    public static TheoryData<MovieLensLayout, string> Places()
    {
        var places = new TheoryData<MovieLensLayout, string>();
        foreach (var layout in Enum.GetValues<MovieLensLayout>())
        {
            foreach (var place in new[] { "folder", "folder/inner", "file", "zip", "zip/inner" })
            {
                places.Add(layout, place);
            }
        }

        return places;
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Theory]
    [MemberData(nameof(Places))]
    public void Open_EveryLayoutAndPlace_ReadsTheSame(MovieLensLayout layout, string place)
    {
        var set = MovieLensDataSet.Open(Lay(Files(layout), place));
        Assert.Equal(layout, set.Layout);

        RatingEvent[] ratings = [.. set.ReadRatings(e => Assert.Fail(e.ToString()))];
        Assert.Equal([new("1", "1", 4, 964982703, 1), new("1", "2", 0.5, 964981247, 2), new("2", "1", 5, 964982224, 3)], ratings);
        Assert.Equal(set.RatingsBytes, set.RatingsBytesRead);

        MovieMetadata[] movies = [.. set.ReadMovies(e => Assert.Fail(e.ToString()))];
        Assert.Equal(["Toy Story", "The City of Lost Children (La Cité des enfants perdus)", "Bare"], movies.Select(m => m.Title));
        Assert.Equal([1995, 1995, null], movies.Select(m => m.Year));
        Assert.Equal(["Adventure", "Children"], movies[0].Genres);
        Assert.Equal(["Sci-Fi"], movies[1].Genres);
        Assert.Empty(movies[2].Genres);
        Assert.Equal(layout == MovieLensLayout.Tab ? new DateOnly(1995, 1, 1) : null, movies[0].Released);
    }

    [Theory]
    [InlineData("Toy Story (1995)", "Toy Story", 1995)]
    [InlineData(" Matrix, The (1999) ", "The Matrix", 1999)]
    [InlineData("Avventura, L' (a.k.a. Adventure, The) (1960)", "L'Avventura (a.k.a. The Adventure)", 1960)]
    [InlineData("Good, the Bad and the Ugly, The (Buono, il brutto, il cattivo, Il) (1966)", "The Good, the Bad and the Ugly (Il Buono, il brutto, il cattivo)", 1966)]
    [InlineData("Crazy, Stupid, Love. (2011)", "Crazy, Stupid, Love.", 2011)]
    [InlineData("Big Bang Theory, The (2007-)", "The Big Bang Theory", 2007)]
    [InlineData("Fawlty Towers (1975-1979)", "Fawlty Towers", 1975)]
    [InlineData("2001: A Space Odyssey (1968)", "2001: A Space Odyssey", 1968)]
    [InlineData("Babylon 5", "Babylon 5", null)]
    [InlineData("Something (3000)", "Something (3000)", null)]
    [InlineData("(1995)", "(1995)", null)]
    [InlineData("Women, The", "The Women", null)]
    public void ReadMovies_Title_IsSplit(string text, string title, int? year)
    {
        var files = new Dictionary<string, byte[]>(Csv) { ["movies.csv"] = Encoding.UTF8.GetBytes($"movieId,title,genres\n1,\"{text}\",Drama\n") };
        var movie = Assert.Single(MovieLensDataSet.Open(Lay(files, "folder")).ReadMovies());
        Assert.Equal((title, year), (movie.Title, movie.Year));
    }

    [Fact]
    public void ReadRatings_BadLines_AreReportedAndTheReadGoesOn()
    {
        var files = new Dictionary<string, byte[]>(Csv)
        {
            ["ratings.csv"] = Encoding.UTF8.GetBytes("timestamp,rating,userId,movieId,more\n5,4,1,1\n5,4,,1\n5,4,1,\n5,6,1,1\n5,NaN,1,1\nx,4,1,1\n4\n\n7,\"3.5\",9,2,x\n"),
        };
        var errors = new List<ReaderError>();
        var ratings = MovieLensDataSet.Open(Lay(files, "folder")).ReadRatings(errors.Add).ToArray();

        Assert.Equal([new("1", "1", 4, 5, 1), new("9", "2", 3.5, 7, 9)], ratings);
        Assert.Equal(
            [(3, "user id", ""), (4, "movie id", ""), (5, "rating", "6"), (6, "rating", "NaN"), (7, "timestamp", "x"), (8, "user id", "")],
            errors.Select(e => ((int)e.Line, e.Field, e.Found)));
        Assert.All(errors, e => Assert.Equal("ratings.csv", e.File));
        Assert.Equal("ratings.csv, line 5, rating: expected a number from 0.5 to 5, found \"6\"", errors[2].ToString());
    }

    [Fact]
    public void ReadMovies_BadLines_AreReportedAndTheReadGoesOn()
    {
        var files = new Dictionary<string, byte[]>(Tab) { ["u.item"] = "1|A (1990)|too short\n|B||||0\n"u8.ToArray().Concat(Tab["u.item"]).Concat(Tab["u.item"]).ToArray() };
        var errors = new List<ReaderError>();
        var movies = MovieLensDataSet.Open(Lay(files, "folder")).ReadMovies(errors.Add).ToArray();
        Assert.Equal(["1", "2", "3"], movies.Select(m => m.Id));
        Assert.Equal([(1, "genres"), (2, "movie id"), (6, "movie id"), (7, "movie id"), (8, "movie id")], errors.Select(e => ((int)e.Line, e.Field)));
    }

    [Fact]
    public void ReadRatings_MissingColumn_NamesItAndWhatIsThere()
    {
        var files = new Dictionary<string, byte[]>(Csv) { ["ratings.csv"] = "user,movieId,rating,timestamp\n"u8.ToArray() };
        var e = Assert.Throws<DataSetException>(() => MovieLensDataSet.Open(Lay(files, "folder")).ReadRatings().Count());
        Assert.Contains("column userId", e.Message);
        Assert.Contains("found user, movieId", e.Message);
    }

    [Fact]
    public void ReadRatings_QuoteNeverClosed_SaysSo()
    {
        var files = new Dictionary<string, byte[]>(Csv) { ["ratings.csv"] = Encoding.UTF8.GetBytes("userId,movieId,rating,timestamp\n\"" + new string('1', 2_000_000)) };
        var e = Assert.Throws<DataSetException>(() => MovieLensDataSet.Open(Lay(files, "folder")).ReadRatings().Count());
        Assert.Contains("quote is not closed", e.Message);
    }

    [Fact]
    public void Open_NoLayoutFits_SaysWhatIsExpectedAndThere()
    {
        var path = Lay(new() { ["ratings.csv"] = Csv["ratings.csv"], ["u.item"] = Tab["u.item"] }, "folder");
        var e = Assert.Throws<DataSetException>(() => MovieLensDataSet.Open(path));
        Assert.Contains("ratings.csv and movies.csv, or ratings.dat and movies.dat, or u.data and u.item; found ", e.Message);
        Assert.Contains("u.item", e.Message[e.Message.IndexOf("found", StringComparison.Ordinal)..]);
    }

    [Fact]
    public void Open_TwoDataSets_AsksForOne()
    {
        Lay(Csv, "folder/inner");
        foreach (var (name, content) in Dat)
        {
            Directory.CreateDirectory(Path.Combine(_root, "set", "other"));
            File.WriteAllBytes(Path.Combine(_root, "set", "other", name), content);
        }

        Assert.Contains("several data sets", Assert.Throws<DataSetException>(() => MovieLensDataSet.Open(Path.Combine(_root, "set"))).Message);
    }

    [Fact]
    public void Open_NothingThereOrNoArchive_SaysSo()
    {
        Assert.Contains("does not exist", Assert.Throws<DataSetException>(() => MovieLensDataSet.Open(Path.Combine(_root, "none"))).Message);
        var broken = Path.Combine(_root, "broken.zip");
        File.WriteAllText(broken, "PK no archive");
        Assert.Contains("not a zip archive", Assert.Throws<DataSetException>(() => MovieLensDataSet.Open(broken)).Message);
    }

    private static Dictionary<string, byte[]> Files(MovieLensLayout layout) => layout switch
    {
        MovieLensLayout.Csv => Csv,
        MovieLensLayout.Dat => Dat,
        _ => Tab,
    };

    private string Lay(Dictionary<string, byte[]> files, string place)
    {
        var inner = place.EndsWith("inner", StringComparison.Ordinal) ? "ml-x/" : "";
        if (place.StartsWith("zip", StringComparison.Ordinal))
        {
            var path = Path.Combine(_root, "set.zip");
            using var archive = ZipFile.Open(path, ZipArchiveMode.Create);
            archive.CreateEntry(inner + "README.txt");
            foreach (var (name, content) in files)
            {
                using var stream = archive.CreateEntry(inner + name).Open();
                stream.Write(content);
            }

            return path;
        }

        var folder = Path.Combine(_root, "set");
        Directory.CreateDirectory(Path.Combine(folder, inner));
        foreach (var (name, content) in files)
        {
            File.WriteAllBytes(Path.Combine(folder, inner, name), content);
        }

        return place == "file" ? Path.Combine(folder, files.Keys.First()) : folder;
    }
}
