namespace Cinegrain.Ingest.Readers;

/// <summary>How a CSV file of interactions is laid out.</summary>
public sealed record CsvInteractionOptions
{
    /// <summary>Fields that a column may give.</summary>
    public static readonly IReadOnlyList<string> Fields = ["user", "movie", "kind", "value", "at", "id"];

    /// <summary>Column of a field, where its name is another than that of the field.</summary>
    public IReadOnlyDictionary<string, string> Columns { get; init; } = new Dictionary<string, string>();

    /// <summary>What stands between two fields: one character or more.</summary>
    public string Delimiter { get; init; } = ",";

    /// <summary>Kind of every line when there is no column for it, or null.</summary>
    public string? DefaultKind { get; init; }

    /// <summary>Reads <c>user=userId,movie=item</c>.</summary>
    /// <exception cref="FormatException">Not of this form, or of another field; the message says what would be right.</exception>
    public static IReadOnlyDictionary<string, string> ParseColumns(string map)
    {
        ArgumentNullException.ThrowIfNull(map);
        var columns = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var pair in map.Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            var parts = pair.Split('=', 2, StringSplitOptions.TrimEntries);
            if (parts.Length != 2 || parts[1].Length == 0 || !Fields.Contains(parts[0]))
            {
                throw new FormatException($"\"{pair}\" maps no field; write field=column, with a field of {string.Join(", ", Fields)}");
            }

            if (!columns.TryAdd(parts[0], parts[1]))
            {
                throw new FormatException($"{parts[0]} is mapped twice; name one column for it");
            }
        }

        return columns;
    }
}

/// <summary>
/// A CSV file (RFC 4180, UTF-8) with a header that names the columns user, movie, kind, value, at and id, in any order; other columns are left
/// alone. A column that is empty in a line is a field that is absent.
/// </summary>
public sealed class CsvInteractionFile : InteractionFile
{
    private readonly CsvInteractionOptions _options;

    /// <exception cref="DataSetException">There is no such file.</exception>
    /// <exception cref="ArgumentException">An empty delimiter.</exception>
    public CsvInteractionFile(string path, CsvInteractionOptions? options = null)
        : base(path)
    {
        _options = options ?? new CsvInteractionOptions();
        if (_options.Delimiter.Length == 0)
        {
            throw new ArgumentException("the delimiter is empty; name one or more characters", nameof(options));
        }
    }

    /// <inheritdoc/>
    public override IEnumerable<IntakeLine> Read(Action<ReaderError>? onError = null)
    {
        using var rows = new Delimited(Delimited.Text(Open()), System.IO.Path.GetFileName(Path), _options.Delimiter, quoted: true);
        var required = new List<string> { Column("user"), Column("movie") };
        if (_options.DefaultKind is null)
        {
            required.Add(Column("kind"));
        }

        // A column that was named has to be there, too.
        required.AddRange(_options.Columns.Values);
        var header = rows.ReadHeader(required);
        var width = rows.Count;
        var columns = CsvInteractionOptions.Fields
            .Where(field => header.ContainsKey(Column(field)))
            .Select(field => (Field: field, Index: header[Column(field)]))
            .ToArray();
        var fixedKind = header.ContainsKey(Column("kind")) ? null : _options.DefaultKind;
        var fields = new (string Name, string Text)[columns.Length + (fixedKind is null ? 0 : 1)];
        while (rows.Read())
        {
            if (rows.Count > width)
            {
                onError?.Invoke(ReaderError.Of(rows.File, rows.Line, "line", $"{width} fields as in the header", $"{rows.Count} fields"));
                continue;
            }

            string? broken = null;
            for (var i = 0; i < columns.Length; i++)
            {
                fields[i] = (columns[i].Field, rows[columns[i].Index]);

                // What stands for bytes that are not UTF-8: ids that differ in them would become one.
                if (fields[i].Text.Contains('\uFFFD'))
                {
                    broken = columns[i].Field;
                }
            }

            if (broken is not null)
            {
                onError?.Invoke(ReaderError.Of(rows.File, rows.Line, broken, "text in UTF-8", "bytes that are not"));
                continue;
            }

            if (fixedKind is not null)
            {
                fields[^1] = ("kind", fixedKind);
            }

            yield return new IntakeLine(rows.Line, InteractionJson.WriteTexts(fields));
        }
    }

    private string Column(string field) => _options.Columns.TryGetValue(field, out var column) ? column : field;
}
