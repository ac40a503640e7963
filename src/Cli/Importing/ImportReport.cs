using System.Globalization;
using System.Text.Json.Serialization;
using Cinegrain.Cli.Client;
using Cinegrain.Ingest.Readers;
using Spectre.Console;

namespace Cinegrain.Cli.Importing;

/// <summary>What was taken and what was refused, as <c>--json</c> writes it.</summary>
internal sealed class ImportReport
{
    private readonly Dictionary<(string What, string Reason), RefusedGroup> _refused = [];

    /// <summary>Movies that are in the catalogue now.</summary>
    public long Movies { get; private set; }

    /// <summary>Interactions that are durable in the log.</summary>
    public long Interactions { get; private set; }

    /// <summary>Lines refused, by reason, most frequent first.</summary>
    public IReadOnlyList<RefusedGroup> Refused => [.. _refused.Values.OrderByDescending(group => group.Count).ThenBy(group => group.Reason, StringComparer.Ordinal)];

    /// <summary>Time taken.</summary>
    public double Seconds { get; set; }

    /// <summary>Position of the last interaction, as <c>after</c> of the API takes it.</summary>
    public string? Position { get; private set; }

    public void AddMovies(Receipt receipt, LineBatch batch)
    {
        Movies += receipt.Accepted;
        Add("movie", receipt, batch);
    }

    public void AddInteractions(Receipt receipt, LineBatch batch)
    {
        Interactions += receipt.Accepted;
        Position = receipt.Position ?? Position;
        Add("interaction", receipt, batch);
    }

    /// <summary>Takes a line that could not even be read.</summary>
    public void AddUnreadable(ReaderError error) => Refuse("line", "unreadable", (int)error.Line, error.ToString());

    public Table ToTable()
    {
        var table = new Table { Border = TableBorder.Rounded };
        table.AddColumn("What");
        table.AddColumn(new TableColumn("Count").RightAligned());
        table.AddColumn(new TableColumn("First line").RightAligned());
        table.AddColumn("Why");
        table.AddRow("Movies taken", Movies.ToString("N0", CultureInfo.InvariantCulture), "", "");
        table.AddRow("Interactions taken", Interactions.ToString("N0", CultureInfo.InvariantCulture), "", "");
        foreach (var group in Refused)
        {
            table.AddRow(
                Markup.Escape($"Refused {group.What}: {group.Reason}"),
                group.Count.ToString("N0", CultureInfo.InvariantCulture),
                group.FirstLine.ToString(CultureInfo.InvariantCulture),
                Markup.Escape(group.Detail));
        }

        return table;
    }

    private void Add(string what, Receipt receipt, LineBatch batch)
    {
        foreach (var line in receipt.Refused)
        {
            Refuse(what, line.Reason, batch.NumberInFile(line.Line), line.Detail);
        }
    }

    private void Refuse(string what, string reason, int line, string detail)
    {
        _refused[(what, reason)] = _refused.TryGetValue((what, reason), out var group)
            ? group with { Count = group.Count + 1 }
            : new RefusedGroup(what, reason, 1, line, detail);
    }
}

/// <summary>Lines refused for one reason.</summary>
/// <param name="What">movie, interaction, or line where it could not be read as either.</param>
/// <param name="FirstLine">The first of them in the file.</param>
/// <param name="Detail">What would have been right for it.</param>
internal sealed record RefusedGroup(string What, string Reason, long Count, int FirstLine, string Detail);

/// <summary>JSON of an import's result.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(ImportReport))]
internal sealed partial class ImportJson : JsonSerializerContext;
