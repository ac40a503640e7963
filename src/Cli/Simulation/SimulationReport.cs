using System.Globalization;
using System.Text.Json.Serialization;
using Spectre.Console;

namespace Cinegrain.Cli.Simulation;

/// <summary>What a simulation sent, and how well the server's lists fit the hidden tastes, as <c>--json</c> writes it.</summary>
/// <param name="Sent">Events sent.</param>
/// <param name="Accepted">Those that the server took.</param>
/// <param name="Refused">Those that it refused.</param>
/// <param name="Compared">Viewers whose lists were compared; the fits are means over them.</param>
/// <param name="RecommendedFit">Mean hidden fit of the ten movies recommended: about 0 for movies at random, 1 and more for those that a viewer chooses.</param>
/// <param name="PopularFit">The same of the ten most popular that the viewer has not taken.</param>
/// <param name="BestFit">The same of the ten that fit best of what the viewer has not taken: what one who knew the taste could reach.</param>
/// <param name="GainStandardError">Standard error of the mean difference between recommended and popular.</param>
internal sealed record SimulationReport(
    long Sent, long Accepted, long Refused, double Seconds, int Compared, double RecommendedFit, double PopularFit, double BestFit, double GainStandardError)
{
    public Table ToTable()
    {
        var table = new Table { Border = TableBorder.Rounded };
        table.AddColumn("Ten movies");
        table.AddColumn(new TableColumn("Fit to the hidden taste").RightAligned());
        table.AddRow("Recommended", Number(RecommendedFit));
        table.AddRow("Popular", Number(PopularFit));
        table.AddRow("Best there are", Number(BestFit));
        return table;
    }

    private static string Number(double value) => value.ToString("F3", CultureInfo.InvariantCulture);
}

/// <summary>JSON of a simulation's result.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(SimulationReport))]
internal sealed partial class SimulationJson : JsonSerializerContext;
