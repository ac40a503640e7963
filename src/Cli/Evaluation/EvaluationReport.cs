using System.Globalization;
using System.Text.Json.Serialization;
using Spectre.Console;

namespace Cinegrain.Cli.Evaluation;

/// <summary>Result of an evaluation, as <c>--json</c> writes it.</summary>
/// <param name="Seed">Of the first weights of stage 2, and of <c>--shuffle-ties</c>.</param>
/// <param name="Ablated">Groups of features that stage 2 did without.</param>
/// <param name="TiesShuffled">True when events of the same second were in a random order, false when in that of the file.</param>
/// <param name="Events">Events of the data set that were looked at, after <c>--limit</c>.</param>
/// <param name="Movies">Movies of the catalogue.</param>
/// <param name="Refused">Lines of the files that could not be read.</param>
/// <param name="Errors">The first of them, each with file, line, field and what was expected.</param>
internal sealed record EvaluationReport(
    string LearnFrom,
    double Positives,
    int Seed,
    IReadOnlyList<string> Ablated,
    double Diversity,
    bool TiesShuffled,
    int Events,
    int Users,
    int Movies,
    int Refused,
    IReadOnlyList<string> Errors,
    IReadOnlyList<MethodReport> Methods)
{
    /// <summary>The table for people.</summary>
    public Table ToTable()
    {
        var table = NewTable(["Recall@10", "± s.e.", "against the first", "NDCG@10", "± s.e.", "MRR", "Coverage", "Novelty", "Distance", "µs/event"]);
        foreach (var method in Methods)
        {
            table.AddRow(
                Markup.Escape(method.Method),
                Number(method.RecallAt10, "F4"),
                Number(method.RecallStandardError, "F4"),
                method.Difference is { } difference ? $"{Number(difference.RecallAt10, "+0.0000;−0.0000")} ± {Number(difference.StandardError, "F4")}" : "",
                Number(method.NdcgAt10, "F4"),
                Number(method.NdcgStandardError, "F4"),
                Number(method.Mrr, "F4"),
                Number(method.Coverage, "P1"),
                Number(method.Novelty, "F2"),
                Number(method.IntraListDistance, "F3"),
                Number(method.MicrosecondsPerEvent, "F1"));
        }

        return table;
    }

    /// <summary>Recall@10 where little was known, with the number of events.</summary>
    public Table ToColdStartTable()
    {
        var table = NewTable(Methods[0].ColdStart.Select(segment => string.Create(CultureInfo.InvariantCulture, $"{segment.Segment}\n({segment.Scored:N0})")));
        foreach (var method in Methods)
        {
            table.AddRow(
                [Markup.Escape(method.Method), .. method.ColdStart.Select(segment => $"{Number(segment.RecallAt10, "F4")} ± {Number(segment.StandardError, "F4")}")]);
        }

        return table;
    }

    private static Table NewTable(IEnumerable<string> columns)
    {
        var table = new Table { Border = TableBorder.Rounded };
        table.AddColumn("Method");
        foreach (var name in columns)
        {
            table.AddColumn(new TableColumn(name).RightAligned());
        }

        return table;
    }

    private static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}

/// <summary>What one method reached; see <see cref="Scores"/> for the measures.</summary>
/// <param name="Scored">Scored events.</param>
/// <param name="Known">Those of known users, which the measures are over.</param>
/// <param name="Difference">Against the first method; null for the first.</param>
/// <param name="RecallAt10OfAll">Recall@10 over all scored events.</param>
internal sealed record MethodReport(
    string Method,
    int Scored,
    int Known,
    double RecallAt10,
    double RecallStandardError,
    DifferenceReport? Difference,
    double NdcgAt10,
    double NdcgStandardError,
    double Mrr,
    double Coverage,
    double Novelty,
    double IntraListDistance,
    double MicrosecondsPerEvent,
    double RecallAt10OfAll,
    IReadOnlyList<SegmentReport> ColdStart)
{
    /// <param name="first">What a difference is told to; null for the first method itself.</param>
    public static MethodReport Of(Scores scores, Scores? first) => new(
        scores.Method,
        scores.Scored,
        scores.Known,
        scores.Recall.Value,
        scores.Recall.StandardError,
        first is not null && scores.Recall.Less(first.Recall) is var (recall, error) ? new DifferenceReport(recall, error) : null,
        scores.Ndcg.Value,
        scores.Ndcg.StandardError,
        scores.Mrr,
        scores.Coverage,
        scores.Novelty,
        scores.IntraListDistance,
        scores.MicrosecondsPerEvent,
        scores.RecallOfAll,
        [.. Segment.All.Zip(scores.Segments, (segment, mean) => new SegmentReport(segment.Name, mean.Count, mean.Value, mean.StandardError))]);
}

/// <summary>Recall@10 less that of the first method, over the same events.</summary>
internal sealed record DifferenceReport(double RecallAt10, double StandardError);

/// <summary>Recall@10 over a part of the scored events (<see cref="Segment"/>).</summary>
internal sealed record SegmentReport(string Segment, int Scored, double RecallAt10, double StandardError);

/// <summary>JSON of the results of commands.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(EvaluationReport))]
internal sealed partial class EvaluationJson : JsonSerializerContext;
