using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Cinegrain.Cli.Client;
using Cinegrain.Cli.Importing;
using Cinegrain.Ingest.Synthetic;
using Cinegrain.Model.Events;

namespace Cinegrain.Cli.Simulation;

/// <summary><c>cinegrain simulate</c>.</summary>
internal static class SimulateCommand
{
    private const string FromServer = "server";
    private const string SyntheticPrefix = "synthetic:";
    private const int FewestMovies = 10;
    private const int EventsOfViewer = 20;

    private static readonly Option<int> Viewers = new("--viewers") { Description = "Viewers of the audience.", HelpName = "N", DefaultValueFactory = _ => 1000 };

    private static readonly Option<long?> Events = new("--events") { Description = "Events to send. [default: 20 for each viewer]", HelpName = "N" };

    private static readonly Option<double?> Rate = new("--rate") { Description = "Events a second; as fast as the server takes them without it.", HelpName = "N" };

    private static readonly Option<ulong> Seed = new("--seed") { Description = "The same seed gives the same audience and events.", HelpName = "N", DefaultValueFactory = _ => 1 };

    private static readonly Option<string> Catalogue = new("--catalogue")
    {
        Description = "server: the movies that the server has; synthetic:N: adds N fictional movies and uses these.",
        HelpName = "server|synthetic:N",
        DefaultValueFactory = _ => FromServer,
    };

    static SimulateCommand()
    {
        Require(Viewers, viewers => viewers >= 1, "--viewers takes a number of 1 or more.");
        Require(Events, events => events is null or >= 1, "--events takes a number of 1 or more.");
        Require(Rate, rate => rate is null or > 0, "--rate takes a number above 0.");
        Require(Catalogue, text => text is FromServer || SizeOf(text) >= FewestMovies, "--catalogue takes server, or synthetic:N with at least 10 movies.");
    }

    public static Command Create(Terminal terminal)
    {
        var command = new Command(
            "simulate",
            "Send what a synthetic audience with hidden tastes does to a server, then compare the server's lists with these tastes.")
        {
            Viewers, Events, Rate, Seed, Catalogue,
        };
        ServerOptions.AddTo(command);
        command.SetAction((result, cancellationToken) => RunAsync(result, terminal, cancellationToken));
        return command.WithExamples(
            "cinegrain simulate --viewers 2000",
            "cinegrain simulate --catalogue synthetic:5000 --viewers 100000 --events 2000000",
            "cinegrain simulate --rate 500 --seed 7 --json");
    }

    private static async Task<int> RunAsync(ParseResult result, Terminal terminal, CancellationToken cancellationToken)
    {
        var json = result.GetValue(CommandLine.Json);
        using var client = ServerOptions.CreateClient(result, terminal.Time);
        var report = await terminal.WithProgressAsync(
            !json && !result.GetValue(CommandLine.Quiet), board => SimulateAsync(result, client, terminal.Time, board, cancellationToken)).ConfigureAwait(false);
        if (json)
        {
            await terminal.Out.WriteLineAsync(JsonSerializer.Serialize(report, SimulationJson.Default.SimulationReport)).ConfigureAwait(false);
        }
        else
        {
            terminal.Write(report.ToTable());
            await terminal.Out.WriteLineAsync(string.Create(
                CultureInfo.InvariantCulture,
                $"{report.Sent:N0} events in {report.Seconds:N1} s ({report.Sent / Math.Max(report.Seconds, 1e-3):N0}/s), {report.Refused:N0} refused. Fits are means over {report.Compared:N0} viewers; "
                + $"recommended less popular: {report.RecommendedFit - report.PopularFit:+0.000;-0.000} ± {report.GainStandardError:F3}.")).ConfigureAwait(false);
        }

        return report.Refused > 0 ? ExitCode.SomeRefused : ExitCode.Success;
    }

    private static async Task<SimulationReport> SimulateAsync(
        ParseResult result, CinegrainClient client, TimeProvider time, IProgressBoard board, CancellationToken cancellationToken)
    {
        var movies = await PrepareCatalogueAsync(result, client, board, cancellationToken).ConfigureAwait(false);
        var viewers = result.GetValue(Viewers);
        var simulation = new Simulation(client, movies, new Audience(movies, viewers, result.GetValue(Seed)), time);
        var count = result.GetValue(Events) ?? (long)viewers * EventsOfViewer;
        var start = time.GetTimestamp();
        await simulation.SendAsync(count, result.GetValue(Rate), board.Begin("Events", count), cancellationToken).ConfigureAwait(false);
        var seconds = time.GetElapsedTime(start).TotalSeconds;
        return await simulation.CompareAsync(seconds, board.Begin("Comparing lists", Simulation.MostCompared), cancellationToken).ConfigureAwait(false);
    }

    private static async Task<IReadOnlyList<MovieMetadata>> PrepareCatalogueAsync(
        ParseResult result, CinegrainClient client, IProgressBoard board, CancellationToken cancellationToken)
    {
        if (SizeOf(result.GetRequiredValue(Catalogue)) is { } size)
        {
            var created = SyntheticCatalogue.Create(size, result.GetValue(Seed));
            var report = new ImportReport();
            await new Importer(new ServerTarget(client), report).SendMoviesAsync(created, board.Begin("Movies", size), cancellationToken).ConfigureAwait(false);
            return report.Refused is [var refused, ..]
                ? throw new CommandException($"The server refused {refused.Count} of the fictional movies: {refused.Detail}")
                : created;
        }

        var movies = new List<MovieMetadata>();
        await foreach (var movie in client.MoviesAsync(cancellationToken).ConfigureAwait(false))
        {
            movies.Add(movie);
        }

        return movies.Count >= FewestMovies
            ? movies
            : throw new CommandException($"The server has {movies.Count} movies, an audience needs {FewestMovies}: import some first, or give --catalogue synthetic:1000.");
    }

    private static int? SizeOf(string? text) =>
        text is not null && text.StartsWith(SyntheticPrefix, StringComparison.Ordinal)
            && int.TryParse(text.AsSpan(SyntheticPrefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var size)
            ? size
            : null;

    private static void Require<T>(Option<T> option, Func<T?, bool> holds, string otherwise) => option.Validators.Add(result =>
    {
        if (result.Errors.Any() || !holds(result.GetValueOrDefault<T>()))
        {
            result.AddError(otherwise);
        }
    });
}
