using System.Globalization;
using System.Text.Json.Serialization;
using Spectre.Console;

namespace Cinegrain.Cli.Evaluation;

/// <summary>Result of an evaluation, as <c>--json</c> writes it.</summary>
/// <param name="Events">Events of the data set that were looked at, after <c>--limit</c>.</param>
/// <param name="Movies">Movies of the catalogue.</param>
/// <param name="Refused">Lines of the files that could not be read.</param>
/// <param name="Errors">The first of them, each with file, line, field and what was expected.</param>
internal sealed record EvaluationReport(
    string LearnFrom, double Positives, int Events, int Users, int Movies, int Refused, IReadOnlyList<string> Errors, IReadOnlyList<MethodReport> Methods)
{
    /// <summary>The table for people.</summary>
    public Table ToTable()
    {
        var table = new Table { Border = TableBorder.Rounded };
        table.AddColumn("Method");
        foreach (var name in new[] { "Recall@10", "± s.e.", "NDCG@10", "MRR", "Coverage", "Novelty", "µs/event", "Recall@10 of all" })
        {
            table.AddColumn(new TableColumn(name).RightAligned());
        }

        foreach (var method in Methods)
        {
            table.AddRow(
                Markup.Escape(method.Method),
                Number(method.RecallAt10, "F4"),
                Number(method.RecallStandardError, "F4"),
                Number(method.NdcgAt10, "F4"),
                Number(method.Mrr, "F4"),
                Number(method.Coverage, "P1"),
                Number(method.Novelty, "F2"),
                Number(method.MicrosecondsPerEvent, "F1"),
                Number(method.RecallAt10OfAll, "F4"));
        }

        return table;
    }

    private static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}

/// <summary>What one method reached; see <see cref="Scores"/> for the measures.</summary>
/// <param name="Scored">Scored events.</param>
/// <param name="Known">Those of known users, which the measures are over.</param>
/// <param name="RecallAt10OfAll">Recall@10 over all scored events.</param>
internal sealed record MethodReport(
    string Method,
    int Scored,
    int Known,
    double RecallAt10,
    double RecallStandardError,
    double NdcgAt10,
    double Mrr,
    double Coverage,
    double Novelty,
    double MicrosecondsPerEvent,
    double RecallAt10OfAll)
{
    public static MethodReport Of(Scores scores) => new(
        scores.Method,
        scores.Scored,
        scores.Known,
        scores.Recall,
        scores.RecallStandardError,
        scores.Ndcg,
        scores.Mrr,
        scores.Coverage,
        scores.Novelty,
        scores.MicrosecondsPerEvent,
        scores.RecallOfAll);
}

/// <summary>JSON of the results of commands.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(EvaluationReport))]
internal sealed partial class EvaluationJson : JsonSerializerContext;
