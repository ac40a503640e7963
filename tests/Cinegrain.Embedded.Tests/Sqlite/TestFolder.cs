namespace Cinegrain.Embedded.Tests.Sqlite;

/// <summary>A folder that a test has for itself.</summary>
internal sealed class TestFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("cinegrain-").FullName;

    public string File(string name) => System.IO.Path.Combine(Path, name);

    /// <summary>Names of the files that hold some bytes anywhere.</summary>
    public IReadOnlyList<string> FilesWith(ReadOnlySpan<byte> bytes)
    {
        var found = new List<string>();
        foreach (var file in Directory.EnumerateFiles(Path, "*", SearchOption.AllDirectories))
        {
            using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            var content = new byte[stream.Length];
            stream.ReadExactly(content);
            if (content.AsSpan().IndexOf(bytes) >= 0)
            {
                found.Add(System.IO.Path.GetFileName(file));
            }
        }

        return found;
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
