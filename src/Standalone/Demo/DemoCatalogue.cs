using System.Globalization;
using Cinegrain.Model.Events;
using CsvHelper;
using CsvHelper.Configuration;

namespace Cinegrain.Standalone.Demo;

/// <summary>The films that <c>--demo</c> starts with: well-known ones from ten decades, with ids of our own.</summary>
internal static class DemoCatalogue
{
    private const string Resource = "demo-catalogue.csv";

    /// <summary>Reads the catalogue that is part of this assembly, oldest film first.</summary>
    public static IReadOnlyList<MovieMetadata> Load()
    {
        using var stream = typeof(DemoCatalogue).Assembly.GetManifestResourceStream(Resource)
            ?? throw new InvalidOperationException($"The resource {Resource} is missing from the assembly; the build is broken.");
        using var text = new StreamReader(stream);
        using var csv = new CsvReader(text, new CsvConfiguration(CultureInfo.InvariantCulture));
        var movies = new List<MovieMetadata>();
        csv.Read();
        csv.ReadHeader();
        while (csv.Read())
        {
            movies.Add(new MovieMetadata
            {
                Id = csv.GetField<string>("id")!,
                Title = csv.GetField<string>("title")!,
                Year = csv.GetField<int?>("year"),
                Genres = List(csv, "genres"),
                Language = csv.GetField("language") is { Length: > 0 } language ? language : null,
                Directors = List(csv, "directors"),
                Cast = List(csv, "cast"),
            });
        }

        return movies;
    }

    private static string[] List(CsvReader csv, string field) =>
        csv.GetField(field)!.Split('|', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
}
