using System.Globalization;
using System.Text.Json;
using Cinegrain.Ingest.Synthetic;
using Cinegrain.Model.Events;

namespace Cinegrain.Standalone.Tests.Support;

/// <summary>Input of the tests: a made-up catalogue and lines of interactions.</summary>
internal static class Films
{
    public static readonly IReadOnlyList<MovieMetadata> Catalogue = SyntheticCatalogue.Create(120, seed: 7);

    /// <summary>The catalogue as lines for POST /v1/movies.</summary>
    public static IEnumerable<string> Lines() => Catalogue.Select(movie => JsonSerializer.Serialize(movie, WireFormat.Default.MovieMetadata));

    /// <summary>A rating as a line for POST /v1/interactions.</summary>
    public static string Rate(string user, string movie, double stars, DateTimeOffset? at = null) => JsonSerializer.Serialize(
        new Dictionary<string, object?>
        {
            ["user"] = user,
            ["movie"] = movie,
            ["kind"] = "rate",
            ["value"] = stars,
            ["at"] = (at ?? DateTimeOffset.UtcNow.AddMinutes(-1)).ToString("O", CultureInfo.InvariantCulture),
        });

    /// <summary>Puts the catalogue.</summary>
    public static async Task PutAsync(StandaloneProcess host)
    {
        using var response = await host.PostLinesAsync("/v1/movies", Lines());
        var receipt = await StandaloneProcess.ReadAsync(response, System.Net.HttpStatusCode.OK);
        Xunit.Assert.Equal(Catalogue.Count, receipt.GetProperty("accepted").GetInt32());
    }
}
