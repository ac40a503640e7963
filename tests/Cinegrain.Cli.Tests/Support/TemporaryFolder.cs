namespace Cinegrain.Cli.Tests.Support;

/// <summary>A folder that is gone after the test.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("cinegrain-cli-");

    public string Path => _folder.FullName;

    public string this[string name] => System.IO.Path.Combine(Path, name);

    /// <summary>Writes a MovieLens data set; returns its folder.</summary>
    public string WriteDataSet(string name, IEnumerable<string> movies, IEnumerable<string> ratings)
    {
        var folder = Directory.CreateDirectory(this[name]).FullName;
        File.WriteAllLines(System.IO.Path.Combine(folder, "movies.csv"), movies.Prepend("movieId,title,genres"));
        File.WriteAllLines(System.IO.Path.Combine(folder, "ratings.csv"), ratings.Prepend("userId,movieId,rating,timestamp"));
        return folder;
    }

    public void Dispose() => _folder.Delete(recursive: true);
}
