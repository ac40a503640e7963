using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Cinegrain.Cli.DataSets;
using Cinegrain.Cli.Evaluation.Baselines;

namespace Cinegrain.Cli.Evaluation;

/// <summary><c>cinegrain evaluate</c>.</summary>
internal static class EvaluateCommand
{
    private static readonly Option<string> Data = new("--data")
    {
        Description = "Data set: a MovieLens folder, zip or ratings file (ratings.csv, u.data or ratings.dat, with its movies file).",
        HelpName = "PATH",
        Required = true,
    };

    private static readonly Option<string> LearnFrom = new("--learn-from")
    {
        Description = "positives: only ratings of at least --positives are learned and count as had; all: every rating is.",
        DefaultValueFactory = _ => "all",
    };

    private static readonly Option<double> Positives = new("--positives")
    {
        Description = "Stars from which a rating is scored.",
        HelpName = "STARS",
        DefaultValueFactory = _ => 4,
    };

    private static readonly Option<int?> Limit = new("--limit")
    {
        Description = "Take only the first N events, in order of time.",
        HelpName = "N",
    };

    private static readonly Option<bool> WithBaselines = new("--baselines")
    {
        Description = "Run popularity, decayed popularity, cosine item-kNN and incremental matrix factorisation beside Cinegrain.",
    };

    private static readonly Option<string?> Plot = new("--plot")
    {
        Description = "Draw the moving Recall@10 (window of 2,000 scored events) as SVG.",
        HelpName = "FILE.svg",
    };

    private static readonly Option<string?> Lists = new("--lists")
    {
        Description = "Write each list of Cinegrain: 'line,movie movie …', line being the event's data line in the ratings file.",
        HelpName = "FILE",
    };

    private const int ErrorsShown = 5;

    static EvaluateCommand()
    {
        LearnFrom.AcceptOnlyFromAmong("positives", "all");
        Limit.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int?>() is < 1)
            {
                result.AddError("--limit takes a number of events, 1 or more.");
            }
        });
    }

    public static Command Create(Terminal terminal)
    {
        var command = new Command(
            "evaluate",
            "Measure recommendations on a data set by test-then-learn: before each event is learned, a list of ten is made over the whole catalogue "
            + "minus what the user has; it hits if the event's movie is on it.")
        {
            Data, LearnFrom, Positives, Limit, WithBaselines, Plot, Lists,
        };
        command.SetAction((result, cancellationToken) => RunAsync(result, terminal, cancellationToken));
        return command.WithExamples(
            "cinegrain evaluate --data ml-latest-small",
            "cinegrain evaluate --data ml-latest-small --learn-from positives --baselines --plot recall.svg",
            "cinegrain evaluate --data ml-25m.zip --limit 1000000 --lists lists.csv --json");
    }

    private static async Task<int> RunAsync(ParseResult result, Terminal terminal, CancellationToken cancellationToken)
    {
        var json = result.GetValue(CommandLine.Json);
        var options = new EvaluationOptions { LearnAll = result.GetValue(LearnFrom) == "all", Positives = result.GetValue(Positives) };
        await using var lists = OpenLists(result.GetValue(Lists));
        var (report, scores) = await terminal.WithProgressAsync(
            !json && !result.GetValue(CommandLine.Quiet),
            board => Task.Run(() => Evaluate(result, options, lists, board, cancellationToken), cancellationToken)).ConfigureAwait(false);
        if (result.GetValue(Plot) is { } plot)
        {
            await File.WriteAllTextAsync(plot, RecallPlot.Draw(scores), cancellationToken).ConfigureAwait(false);
        }

        if (json)
        {
            await terminal.Out.WriteLineAsync(JsonSerializer.Serialize(report, EvaluationJson.Default.EvaluationReport)).ConfigureAwait(false);
        }
        else
        {
            terminal.Write(report.ToTable());
            var first = report.Methods[0];
            await terminal.Out.WriteLineAsync(string.Create(
                CultureInfo.InvariantCulture,
                $"{report.Events:N0} events, learned from {report.LearnFrom}; measured over {first.Known:N0} of known users among {first.Scored:N0} of {report.Positives:0.#} stars or more.")).ConfigureAwait(false);
        }

        if (report.Refused > 0)
        {
            await terminal.Error.WriteLineAsync(string.Create(
                CultureInfo.InvariantCulture, $"{report.Refused:N0} lines could not be read and were left out: {string.Join("; ", report.Errors)}.")).ConfigureAwait(false);
            return ExitCode.SomeRefused;
        }

        return ExitCode.Success;
    }

    private static (EvaluationReport Report, IReadOnlyList<Scores> Scores) Evaluate(
        ParseResult result, EvaluationOptions options, TextWriter? lists, IProgressBoard board, CancellationToken cancellationToken)
    {
        var errors = new List<string>();
        var refused = 0;
        var data = RatingData.Load(
            result.GetRequiredValue(Data),
            board,
            error =>
            {
                if (refused++ < ErrorsShown)
                {
                    errors.Add(error.ToString());
                }
            },
            cancellationToken);
        var count = Math.Min(result.GetValue(Limit) ?? int.MaxValue, data.Ratings.Length);
        if (count == 0)
        {
            throw new CommandException($"{result.GetValue(Data)} has no ratings: name a folder, zip or file with MovieLens ratings.");
        }

        var all = new List<Scores>();
        using (var cinegrain = new CinegrainMethod(data))
        {
            var writer = lists is null ? null : new ListsWriter(lists, data);
            all.Add(Evaluator.Run(cinegrain, new Audience(data), data, count, options, writer, board.Begin(cinegrain.Name, count), cancellationToken));
        }

        if (result.GetValue(WithBaselines))
        {
            all.AddRange(RunBaselines(data, count, options, board, cancellationToken));
        }

        var report = new EvaluationReport(
            options.LearnAll ? "all" : "positives",
            options.Positives,
            count,
            data.Users.Count,
            data.Movies.Count,
            refused,
            errors,
            [.. all.Select(MethodReport.Of)]);
        return (report, all);
    }

    private static IEnumerable<Scores> RunBaselines(
        RatingData data, int count, EvaluationOptions options, IProgressBoard board, CancellationToken cancellationToken)
    {
        Scores Run(Func<Audience, IMethod> create)
        {
            var audience = new Audience(data);
            using var method = create(audience);
            return Evaluator.Run(method, audience, data, count, options, null, board.Begin(method.Name, count), cancellationToken);
        }

        yield return Run(audience => new Popularity(data, audience));
        yield return DecayedPopularity.Candidates
            .Select(days => Run(audience => new DecayedPopularity(data, audience, days)))
            .MaxBy(scores => scores.Recall)!;
        if (data.Movies.Count <= ItemKnn.MostMovies)
        {
            yield return Run(audience => new ItemKnn(data, audience));
        }

        yield return Run(audience => new IncrementalFactorisation(data, audience));
    }

    private static StreamWriter? OpenLists(string? path) => path is null ? null : new StreamWriter(path, append: false);
}
