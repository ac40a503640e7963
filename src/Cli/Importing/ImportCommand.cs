using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Cinegrain.Cli.Client;
using Cinegrain.Cli.DataSets;
using Cinegrain.Cli.Tmdb;
using Cinegrain.Ingest.Readers;

namespace Cinegrain.Cli.Importing;

/// <summary><c>cinegrain import</c>: sends the movies and interactions of files to a server, or to Kafka.</summary>
internal static class ImportCommand
{
    private static readonly Argument<string> DataSet = new("data")
    {
        Description = "Folder, zip or ratings file of a MovieLens data set; or small (1 MB) or latest (330 MB) to download it from GroupLens.",
        HelpName = "PATH|small|latest",
    };

    private static readonly Argument<string> File = new("file") { Description = "The file.", HelpName = "FILE" };

    private static readonly Option<string?> MoviesFile = new("--movies")
    {
        Description = "NDJSON file of movies ({\"id\",\"title\",\"year\",\"genres\",…}) to add to the catalogue first.",
        HelpName = "FILE",
    };

    private static readonly Option<string?> Columns = new("--columns")
    {
        Description = $"Columns that are named otherwise than the fields {string.Join(", ", CsvInteractionOptions.Fields)}.",
        HelpName = "user=userId,…",
    };

    private static readonly Option<string> Delimiter = new("--delimiter") { Description = "What stands between two fields.", DefaultValueFactory = _ => "," };

    private static readonly Option<string?> Kind = new("--kind") { Description = "Kind of every line, where no column says it, such as rate.", HelpName = "KIND" };

    public static Command Create(Terminal terminal)
    {
        var movieLens = new Command("movielens", "Import a MovieLens data set, all its layouts: the movies, then the ratings in order of time.") { DataSet, MovieLensDownload.Yes, MovieLensDownload.Mirror, MovieLensDownload.Cache };
        movieLens.SetAction((result, cancellationToken) => RunAsync(result, terminal, ImportMovieLensAsync, cancellationToken));
        movieLens.WithExamples(
            "cinegrain import movielens small",
            "cinegrain import movielens ~/data/ml-25m.zip --server http://localhost:5080",
            "CINEGRAIN_KEY=cgk_… cinegrain import movielens ml-1m --json",
            "cinegrain import movielens ~/data/ml-25m.zip --to kafka --kafka-bootstrap kafka-1:9092 --data /var/lib/cinegrain");

        var csv = new Command("csv", "Import interactions from a CSV file with a header.") { File, MoviesFile, Columns, Delimiter, Kind };
        csv.SetAction((result, cancellationToken) => RunAsync(result, terminal, ImportCsvAsync, cancellationToken));
        csv.WithExamples(
            "cinegrain import csv events.csv",
            "cinegrain import csv ratings.csv --kind rate --columns user=userId,movie=movieId,value=rating,at=timestamp --movies movies.ndjson");

        var ndjson = new Command("ndjson", "Import interactions from a file with one JSON object a line, as POST /v1/interactions takes them.") { File, MoviesFile };
        ndjson.SetAction((result, cancellationToken) => RunAsync(result, terminal, ImportNdjsonAsync, cancellationToken));
        ndjson.WithExamples("cinegrain import ndjson events.ndjson", "cinegrain import ndjson events.ndjson --movies movies.ndjson --json");

        var import = new Command("import", "Send movies and interactions of a data set or file to a server, or to Kafka. Importing a file again adds nothing.") { movieLens, csv, ndjson, TmdbImport.Create(terminal) };
        foreach (var command in import.Subcommands)
        {
            ServerOptions.AddTo(command);
        }

        foreach (var command in new[] { movieLens, csv, ndjson })
        {
            KafkaOptions.AddTo(command);
        }

        return import.WithExamples("cinegrain import movielens small", "cinegrain import csv events.csv --movies movies.ndjson", "cinegrain import ndjson events.ndjson");
    }

    private static async Task<int> RunAsync(
        ParseResult result, Terminal terminal, Func<Source, CancellationToken, Task> import, CancellationToken cancellationToken)
    {
        var json = result.GetValue(CommandLine.Json);
        var report = new ImportReport();
        var dataSet = result.GetValue(DataSet) is { } name
            ? await MovieLensDownload.LocateAsync(name, result, terminal, cancellationToken).ConfigureAwait(false)
            : "";
        var start = terminal.Time.GetTimestamp();
        await terminal.WithProgressAsync(!json && !result.GetValue(CommandLine.Quiet), async board =>
        {
            await using var target = KafkaOptions.AreMeant(result)
                ? await KafkaTarget.OpenAsync(KafkaOptions.Log(result), KafkaOptions.Pseudonyms(result), terminal.Time, board, cancellationToken).ConfigureAwait(false)
                : (IImportTarget)new ServerTarget(ServerOptions.CreateClient(result, terminal.Time));
            await import(new Source(result, dataSet, new Importer(target, report), report, board), cancellationToken).ConfigureAwait(false);
            return true;
        }).ConfigureAwait(false);
        report.Seconds = terminal.Time.GetElapsedTime(start).TotalSeconds;

        if (json)
        {
            await terminal.Out.WriteLineAsync(JsonSerializer.Serialize(report, ImportJson.Default.ImportReport)).ConfigureAwait(false);
        }
        else
        {
            terminal.Write(report.ToTable());
            await terminal.Out.WriteLineAsync(string.Create(
                CultureInfo.InvariantCulture, $"{report.Seconds:N1} s, {report.Interactions / Math.Max(report.Seconds, 1e-3):N0} interactions/s.")).ConfigureAwait(false);
        }

        return report.Refused.Count > 0 ? ExitCode.SomeRefused : ExitCode.Success;
    }

    private static async Task ImportMovieLensAsync(Source source, CancellationToken cancellationToken)
    {
        var data = RatingData.Load(source.DataSet, source.Board, source.Report.AddUnreadable, cancellationToken);
        var movies = data.Movies.Take(data.CatalogueSize);
        await source.Importer.SendMoviesAsync(movies, source.Board.Begin("Movies", data.CatalogueSize), cancellationToken).ConfigureAwait(false);

        var meter = source.Board.Begin("Ratings", data.Ratings.Length);
        var lines = data.Ratings.Select(rating => new RatingEvent(
            data.Users[rating.User], data.Movies[rating.Movie].Id, rating.Value, rating.Seconds, rating.Line).ToIntakeLine(rating.Line));
        await source.Importer.SendInteractionsAsync(lines, done => meter.Report(done), cancellationToken).ConfigureAwait(false);
    }

    private static Task ImportCsvAsync(Source source, CancellationToken cancellationToken)
    {
        var result = source.Result;
        CsvInteractionOptions options;
        try
        {
            options = new CsvInteractionOptions
            {
                Columns = CsvInteractionOptions.ParseColumns(result.GetValue(Columns) ?? ""),
                Delimiter = result.GetRequiredValue(Delimiter) is "\\t" ? "\t" : result.GetRequiredValue(Delimiter),
                DefaultKind = result.GetValue(Kind),
            };
            return ImportFileAsync(new CsvInteractionFile(result.GetRequiredValue(File), options), source, cancellationToken);
        }
        catch (Exception error) when (error is FormatException or ArgumentException)
        {
            throw new CommandException($"The options do not fit: {error.Message}.", error);
        }
    }

    private static Task ImportNdjsonAsync(Source source, CancellationToken cancellationToken) =>
        ImportFileAsync(new NdjsonInteractionFile(source.Result.GetRequiredValue(File)), source, cancellationToken);

    private static async Task ImportFileAsync(InteractionFile file, Source source, CancellationToken cancellationToken)
    {
        if (source.Result.GetValue(MoviesFile) is { } path)
        {
            var movies = new NdjsonInteractionFile(path);
            var moviesMeter = source.Board.Begin("Movies (bytes)", movies.Bytes);
            await source.Importer.SendMoviesAsync(
                movies.Read(source.Report.AddUnreadable), _ => moviesMeter.Report(movies.BytesRead), cancellationToken).ConfigureAwait(false);
        }

        var meter = source.Board.Begin("Interactions (bytes)", file.Bytes);
        await source.Importer.SendInteractionsAsync(
            file.Read(source.Report.AddUnreadable), _ => meter.Report(file.BytesRead), cancellationToken).ConfigureAwait(false);
    }

    private sealed record Source(ParseResult Result, string DataSet, Importer Importer, ImportReport Report, IProgressBoard Board);
}
