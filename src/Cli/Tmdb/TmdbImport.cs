using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Cinegrain.Cli.Client;
using Cinegrain.Cli.Importing;
using Cinegrain.Model.Events;

namespace Cinegrain.Cli.Tmdb;

/// <summary><c>cinegrain import tmdb</c>: movies of The Movie Database into the catalogue.</summary>
internal static class TmdbImport
{
    /// <summary>Environment variable with the key.</summary>
    public const string KeyVariable = "TMDB_TOKEN";

    private const string IdPrefix = "tmdb-";
    private const int MostCast = 5, BatchSize = 50, MostPages = 500, DaysOfChanges = 14;

    private static readonly Option<bool> Popular = new("--popular") { Description = "The films that are popular now." };

    private static readonly Option<bool> TopRated = new("--top-rated") { Description = "The films that are rated best." };

    private static readonly Option<bool> NowPlaying = new("--now-playing") { Description = "The films in cinemas now." };

    private static readonly Option<string?> Years = new("--years") { Description = "The most popular films of each of these years.", HelpName = "1990-1999|1994" };

    private static readonly Option<string?> Ids = new("--ids") { Description = "The films of a file with a TMDB id a line.", HelpName = "FILE" };

    private static readonly Option<bool> Changes = new("--changes") { Description = "What has changed since the last run, of the films in the catalogue." };

    private static readonly Option<int> Pages = new("--pages") { Description = "Pages of 20 films of each list.", DefaultValueFactory = _ => 5 };

    private static readonly Option<string?> KeyFile = new("--key-file")
    {
        Description = $"File with the read access token (or API key) of TMDB; without it, what the variable {KeyVariable} holds.",
        HelpName = "FILE",
    };

    private static readonly Option<double> Rate = new("--rate") { Description = "Requests a second at most; TMDB bears about 40.", DefaultValueFactory = _ => 20 };

    private static readonly Option<string> Progress = new("--progress")
    {
        Description = "File in which the import writes down where it is; the next one goes on there.",
        HelpName = "FILE",
        DefaultValueFactory = _ => "tmdb-import.json",
    };

    private static readonly Option<string> Source = new("--tmdb-url") { Description = "Address of TMDB.", HelpName = "URL", DefaultValueFactory = _ => "https://api.themoviedb.org/3" };

    static TmdbImport()
    {
        Pages.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() is < 1 or > MostPages)
            {
                result.AddError($"--pages is from 1 to {MostPages}.");
            }
        });
        Rate.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<double>() is not (>= 0.1 and <= 40))
            {
                result.AddError("--rate is from 0.1 to 40.");
            }
        });
        Source.Validators.Add(result =>
        {
            if (!Uri.TryCreate(result.GetValueOrDefault<string>(), UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https"))
            {
                result.AddError("--tmdb-url takes an address such as https://api.themoviedb.org/3.");
            }
        });
    }

    public static Command Create(Terminal terminal)
    {
        var command = new Command(
            "tmdb",
            "Import films of The Movie Database (TMDB) into the catalogue: title, release, genres, language, directors, leading cast. Uses the TMDB API; "
            + "not endorsed or certified by TMDB.")
        {
            Popular, TopRated, NowPlaying, Years, Ids, Changes, Pages, KeyFile, Rate, Progress, Source,
        };
        command.SetAction((result, cancellationToken) => RunAsync(result, terminal, cancellationToken));
        return command.WithExamples(
            $"{KeyVariable}=eyJ… cinegrain import tmdb --popular --top-rated --pages 50",
            "cinegrain import tmdb --years 1990-1999 --key-file tmdb.key",
            "cinegrain import tmdb --changes --key-file tmdb.key");
    }

    private static async Task<int> RunAsync(ParseResult result, Terminal terminal, CancellationToken cancellationToken)
    {
        var json = result.GetValue(CommandLine.Json);
        var path = result.GetRequiredValue(Progress);
        var lists = Lists(result);
        if (lists.Count == 0 && result.GetValue(Ids) is null && !result.GetValue(Changes))
        {
            throw new CommandException("Say which films: --popular, --top-rated, --now-playing, --years, --ids or --changes.");
        }

        using var server = ServerOptions.CreateClient(result, terminal.Time);
        using var tmdb = new TmdbClient(new Uri(result.GetRequiredValue(Source)), ReadKey(result), result.GetValue(Rate), terminal.Time);
        var report = new ImportReport();
        var start = terminal.Time.GetTimestamp();
        var missing = await terminal.WithProgressAsync(!json && !result.GetValue(CommandLine.Quiet), async board =>
        {
            var progress = await BeginAsync(result, path, lists, tmdb, server, terminal.Time, cancellationToken).ConfigureAwait(false);
            return await SendAsync(progress, path, tmdb, server, report, board.Begin("Movies", progress.Ids.Count), cancellationToken).ConfigureAwait(false);
        }).ConfigureAwait(false);
        report.Seconds = terminal.Time.GetElapsedTime(start).TotalSeconds;

        if (json)
        {
            await terminal.Out.WriteLineAsync(JsonSerializer.Serialize(report, ImportJson.Default.ImportReport)).ConfigureAwait(false);
        }
        else
        {
            terminal.Write(report.ToTable());
            if (missing > 0)
            {
                await terminal.Out.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"{missing:N0} ids are none of TMDB's, or have no title, or are for adults only.")).ConfigureAwait(false);
            }
        }

        return report.Refused.Count > 0 ? ExitCode.SomeRefused : ExitCode.Success;
    }

    private static List<string> Lists(ParseResult result)
    {
        var lists = new List<string>();
        if (result.GetValue(Popular))
        {
            lists.Add("movie/popular");
        }

        if (result.GetValue(TopRated))
        {
            lists.Add("movie/top_rated");
        }

        if (result.GetValue(NowPlaying))
        {
            lists.Add("movie/now_playing");
        }

        if (result.GetValue(Years) is { } years)
        {
            var ends = years.Split('-');
            if (ends.Length > 2
                || !int.TryParse(ends[0], NumberStyles.None, CultureInfo.InvariantCulture, out var first)
                || !int.TryParse(ends[^1], NumberStyles.None, CultureInfo.InvariantCulture, out var last)
                || first < 1874 || last > 2100 || last < first)
            {
                throw new CommandException("--years takes a year or a range of years, such as 1994 or 1990-1999.");
            }

            for (var year = first; year <= last; year++)
            {
                lists.Add(string.Create(
                    CultureInfo.InvariantCulture, $"discover/movie?include_adult=false&sort_by=popularity.desc&primary_release_year={year}"));
            }
        }

        return lists;
    }

    private static string ReadKey(ParseResult result)
    {
        var key = (result.GetValue(KeyFile) is { } file ? File.ReadAllText(file) : Environment.GetEnvironmentVariable(KeyVariable))?.Trim();
        return key is { Length: > 0 } && !key.AsSpan().ContainsAnyExceptInRange('!', '~')
            ? key
            : throw new CommandException(
                $"A key of TMDB is needed: take the read access token of https://www.themoviedb.org/settings/api, in {KeyVariable} or --key-file.");
    }

    /// <summary>What is to be done: the rest of an import of the same films that was cut off, or all of it.</summary>
    private static async Task<TmdbProgress> BeginAsync(
        ParseResult result, string path, List<string> lists, TmdbClient tmdb, CinegrainClient server, TimeProvider time, CancellationToken cancellationToken)
    {
        var before = await TmdbProgress.ReadAsync(path, cancellationToken).ConfigureAwait(false);
        var wish = string.Join(' ', [.. lists, $"pages={result.GetValue(Pages)}", $"ids={result.GetValue(Ids)}", $"changes={result.GetValue(Changes)}"]);
        if (before.Wish == wish && before.Done < before.Ids.Count)
        {
            return before;
        }

        var ids = new List<long>();
        var seen = new HashSet<long>();
        if (result.GetValue(Ids) is { } file)
        {
            var number = 0;
            await foreach (var line in File.ReadLinesAsync(file, cancellationToken).ConfigureAwait(false))
            {
                number++;
                if (line.Trim() is { Length: > 0 } text)
                {
                    Add(long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var id)
                        ? id
                        : throw new CommandException($"Line {number} of {file} is no id of TMDB: a whole number is."));
                }
            }
        }

        foreach (var list in lists)
        {
            await foreach (var id in tmdb.ListAsync(list, result.GetValue(Pages), cancellationToken).ConfigureAwait(false))
            {
                Add(id);
            }
        }

        var today = DateOnly.FromDateTime(time.GetUtcNow().UtcDateTime);
        if (result.GetValue(Changes))
        {
            var known = new HashSet<string>(StringComparer.Ordinal);
            await foreach (var movie in server.MoviesAsync(cancellationToken).ConfigureAwait(false))
            {
                known.Add(movie.Id);
            }

            // The last day again: it was not over.
            for (var from = before.ChangesFrom ?? today.AddDays(-1); from <= today; from = from.AddDays(DaysOfChanges))
            {
                var to = from.AddDays(DaysOfChanges - 1) < today ? from.AddDays(DaysOfChanges - 1) : today;
                await foreach (var id in tmdb.ListAsync(
                    string.Create(CultureInfo.InvariantCulture, $"movie/changes?start_date={from:yyyy-MM-dd}&end_date={to:yyyy-MM-dd}"),
                    int.MaxValue,
                    cancellationToken).ConfigureAwait(false))
                {
                    if (known.Contains(string.Create(CultureInfo.InvariantCulture, $"{IdPrefix}{id}")))
                    {
                        Add(id);
                    }
                }
            }
        }

        // The day to which changes were asked for counts when what it brought is in the catalogue, and that is written down with the ids.
        var progress = new TmdbProgress { Wish = wish, Ids = ids, ChangesFrom = result.GetValue(Changes) ? today : before.ChangesFrom };
        await progress.WriteAsync(path, cancellationToken).ConfigureAwait(false);
        return progress;

        void Add(long id)
        {
            if (seen.Add(id))
            {
                ids.Add(id);
            }
        }
    }

    /// <returns>Ids that are no film to be taken.</returns>
    private static async Task<int> SendAsync(
        TmdbProgress progress,
        string path,
        TmdbClient tmdb,
        CinegrainClient server,
        ImportReport report,
        IMeter meter,
        CancellationToken cancellationToken)
    {
        var missing = 0;
        while (progress.Done < progress.Ids.Count)
        {
            var ids = progress.Ids.Skip(progress.Done).Take(BatchSize).ToList();
            var movies = await Task.WhenAll(ids.Select(id => tmdb.MovieAsync(id, cancellationToken))).ConfigureAwait(false);
            var batch = new LineBatch();
            foreach (var (id, movie) in ids.Zip(movies))
            {
                if (movie is { Adult: false } && ToMetadata(movie) is { } metadata)
                {
                    batch.Add(JsonSerializer.SerializeToUtf8Bytes(metadata, WireFormat.Default.MovieMetadata), progress.Done + ids.IndexOf(id) + 1);
                }
                else
                {
                    missing++;
                }
            }

            if (batch.Count > 0)
            {
                report.AddMovies(await server.PutMoviesAsync(batch.Body, cancellationToken).ConfigureAwait(false), batch);
            }

            progress = progress with { Done = progress.Done + ids.Count };
            await progress.WriteAsync(path, cancellationToken).ConfigureAwait(false);
            meter.Report(progress.Done);
        }

        return missing;
    }

    /// <summary>What the catalogue keeps of a movie; null without a title.</summary>
    internal static MovieMetadata? ToMetadata(TmdbMovie movie)
    {
        if (movie.Title is not { Length: > 0 } title)
        {
            return null;
        }

        DateOnly? released = DateOnly.TryParseExact(movie.ReleaseDate, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day) ? day : null;
        return new MovieMetadata
        {
            Id = string.Create(CultureInfo.InvariantCulture, $"{IdPrefix}{movie.Id}"),
            Title = title,
            Year = released?.Year,
            Released = released,
            Language = movie.OriginalLanguage is { Length: > 0 } language ? language : null,
            Genres = [.. Names(movie.Genres.Select(genre => genre.Name))],
            Directors = [.. Names((movie.Credits?.Crew ?? []).Where(person => person.Job == "Director").Select(person => person.Name))],
            Cast = [.. Names((movie.Credits?.Cast ?? []).OrderBy(person => person.Order ?? int.MaxValue).Select(person => person.Name)).Take(MostCast)],
        };
    }

    private static IEnumerable<string> Names(IEnumerable<string?> names) => names.OfType<string>().Where(name => name.Length > 0).Distinct(StringComparer.Ordinal);
}
