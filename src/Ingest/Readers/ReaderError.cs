namespace Cinegrain.Ingest.Readers;

/// <summary>A line of a file that could not be read; the reading goes on.</summary>
/// <param name="File">Name of the file, within its folder or archive.</param>
/// <param name="Line">Line in the file, from 1, header counted: what an editor shows.</param>
/// <param name="Field">Name of the field.</param>
/// <param name="Expected">What would be right.</param>
/// <param name="Found">What stands there, at most 60 characters.</param>
public sealed record ReaderError(string File, long Line, string Field, string Expected, string Found)
{
    internal static ReaderError Of(string file, long line, string field, string expected, string found) =>
        new(file, line, field, expected, found.Length <= 60 ? found : found[..59] + "…");

    /// <summary>The error in one line.</summary>
    public override string ToString() => $"{File}, line {Line}, {Field}: expected {Expected}, found {(Found.Length == 0 ? "nothing" : $"\"{Found}\"")}";
}

/// <summary>A file or folder that cannot be read at all; the message says what was expected and what is there.</summary>
public sealed class DataSetException : Exception
{
    public DataSetException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }
}
