using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Cinegrain.Cli.DataSets;
using Cinegrain.Cli.Evaluation.Baselines;
using Cinegrain.Model;
using Cinegrain.Model.Reranking;

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

    private static readonly Option<string> Stage = new("--stage")
    {
        Description = "Lists of Cinegrain to measure. 2: those that are shown, of stages 1 and 2; 1: those of stage 1 alone; both: side by side.",
        DefaultValueFactory = _ => "both",
    };

    private static readonly Option<string[]> Ablate = new("--ablate")
    {
        Description = $"Leave a group of features out of stage 2; may be repeated. Groups: {string.Join(", ", RerankFeatures.Groups.Keys)}.",
        HelpName = "GROUP",
        DefaultValueFactory = _ => [],
    };

    private static readonly Option<int> Seed = new("--seed")
    {
        Description = "Seed of the first weights of stage 2, and of --shuffle-ties.",
        HelpName = "N",
        DefaultValueFactory = _ => new ModelOptions().Seed,
    };

    private static readonly Option<double> Diversity = new("--diversity")
    {
        Description = "Spread the lists of Cinegrain, as the parameter of the API does: 0 by score alone, 1 as different from each other as possible.",
        HelpName = "SHARE",
        DefaultValueFactory = _ => 0,
    };

    private static readonly Option<bool> ShuffleTies = new("--shuffle-ties")
    {
        Description = "Put events of the same second into a random order instead of that of the file.",
    };

    private static readonly Option<int> Jobs = new("--jobs")
    {
        Description = "Methods that run at the same time, each on one core and in its own memory. Take 1 to compare their times.",
        HelpName = "N",
        DefaultValueFactory = _ => Math.Min(2, Environment.ProcessorCount),
    };

    private static readonly Option<bool> WithBaselines = new("--baselines")
    {
        Description = "Run popularity, decayed popularity, cosine item-kNN and incremental matrix factorisation beside Cinegrain.",
    };

    private static readonly Option<string?> Plot = new("--plot")
    {
        Description = "Draw the moving Recall@10 and the moving coverage (window of 2,000 scored events) as SVG.",
        HelpName = "FILE.svg",
    };

    private static readonly Option<string?> Lists = new("--lists")
    {
        Description = "Write each list of Cinegrain (of stage 2, unless --stage is 1): 'line,movie movie …', line being the event's data line in the ratings file.",
        HelpName = "FILE",
    };

    private const int ErrorsShown = 5;

    static EvaluateCommand()
    {
        LearnFrom.AcceptOnlyFromAmong("positives", "all");
        Stage.AcceptOnlyFromAmong("1", "2", "both");
        Refuse(Limit, limit => limit is < 1, "--limit takes a number of events, 1 or more.");
        Refuse(Jobs, jobs => jobs < 1, "--jobs takes a number of methods, 1 or more.");
        Refuse(Diversity, diversity => diversity is not (>= 0 and <= 1), "--diversity takes a number from 0 to 1.");
        Refuse(
            Ablate,
            groups => groups?.All(RerankFeatures.Groups.ContainsKey) == false,
            $"--ablate takes a group of features: {string.Join(", ", RerankFeatures.Groups.Keys)}.");
    }

    public static Command Create(Terminal terminal)
    {
        var command = new Command(
            "evaluate",
            "Measure recommendations on a data set by test-then-learn: before each event is learned, a list of ten is made over the whole catalogue "
            + "minus what the user has; it hits if the event's movie is on it.")
        {
            Data, LearnFrom, Positives, Limit, Stage, WithBaselines, Ablate, Seed, Diversity, ShuffleTies, Plot, Lists, Jobs,
        };
        command.SetAction((result, cancellationToken) => RunAsync(result, terminal, cancellationToken));
        return command.WithExamples(
            "cinegrain evaluate --data ml-latest-small",
            "cinegrain evaluate --data ml-latest-small --learn-from positives --baselines --plot recall.svg",
            "cinegrain evaluate --data ml-latest-small --stage 2 --ablate content --ablate user",
            "cinegrain evaluate --data ml-25m.zip --limit 1000000 --stage 2 --lists lists.csv --json");
    }

    private static async Task<int> RunAsync(ParseResult result, Terminal terminal, CancellationToken cancellationToken)
    {
        var json = result.GetValue(CommandLine.Json);
        var options = new EvaluationOptions { LearnAll = result.GetValue(LearnFrom) == "all", Positives = result.GetValue(Positives) };
        if (result.GetValue(Stage) == "1" && result.GetRequiredValue(Ablate).Length > 0)
        {
            throw new CommandException("--ablate leaves features out of stage 2: take --stage 2 or both.");
        }

        await using var lists = OpenLists(result.GetValue(Lists));
        var (report, scores) = await terminal.WithProgressAsync(
            !json && !result.GetValue(CommandLine.Quiet),
            board => EvaluateAsync(result, options, lists, board, cancellationToken)).ConfigureAwait(false);
        if (result.GetValue(Plot) is { } plot)
        {
            await File.WriteAllTextAsync(plot, MovingPlot.Draw(scores), cancellationToken).ConfigureAwait(false);
        }

        if (json)
        {
            await terminal.Out.WriteLineAsync(JsonSerializer.Serialize(report, EvaluationJson.Default.EvaluationReport)).ConfigureAwait(false);
        }
        else
        {
            terminal.Write(report.ToTable());
            terminal.Write(report.ToColdStartTable());
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

    private static async Task<(EvaluationReport Report, IReadOnlyList<Scores> Scores)> EvaluateAsync(
        ParseResult result, EvaluationOptions options, TextWriter? lists, IProgressBoard board, CancellationToken cancellationToken)
    {
        var errors = new List<string>();
        var refused = 0;
        var data = await Task.Run(
            () => RatingData.Load(
                result.GetRequiredValue(Data),
                board,
                error =>
                {
                    if (refused++ < ErrorsShown)
                    {
                        errors.Add(error.ToString());
                    }
                },
                cancellationToken),
            cancellationToken).ConfigureAwait(false);
        var count = Math.Min(result.GetValue(Limit) ?? int.MaxValue, data.Ratings.Length);
        if (count == 0)
        {
            throw new CommandException($"{result.GetValue(Data)} has no ratings: name a folder, zip or file with MovieLens ratings.");
        }

        var seed = result.GetValue(Seed);
        if (result.GetValue(ShuffleTies))
        {
            data.ShuffleTies(seed);
        }

        Scores Run(Func<Audience, IMethod> create, ListsWriter? writer = null)
        {
            var audience = new Audience(data);
            using var method = create(audience);
            return Evaluator.Run(method, audience, data, count, options, writer, board.Begin(method.Name, count), cancellationToken);
        }

        var cinegrain = new CinegrainOptions { Seed = seed, Ablate = result.GetRequiredValue(Ablate), Diversity = result.GetValue(Diversity) };
        var stage = result.GetValue(Stage);
        var runs = new List<Func<Scores>>();
        foreach (var setup in new[] { cinegrain, new CinegrainOptions { Stage1 = true, Diversity = cinegrain.Diversity } })
        {
            if (stage == "both" || stage == (setup.Stage1 ? "1" : "2"))
            {
                var writer = lists is null || runs.Count > 0 ? null : new ListsWriter(lists, data);
                runs.Add(() => Run(_ => new CinegrainMethod(data, setup), writer));
            }
        }

        var decayed = runs.Count + 1;
        if (result.GetValue(WithBaselines))
        {
            runs.Add(() => Run(audience => new Popularity(data, audience)));
            runs.AddRange(DecayedPopularity.Candidates.Select(days => (Func<Scores>)(() => Run(audience => new DecayedPopularity(data, audience, days)))));
            if (data.Movies.Count <= ItemKnn.MostMovies)
            {
                runs.Add(() => Run(audience => new ItemKnn(data, audience)));
            }

            runs.Add(() => Run(audience => new IncrementalFactorisation(data, audience)));
        }

        var all = (await RunAllAsync(runs, result.GetValue(Jobs), cancellationToken).ConfigureAwait(false)).ToList();
        if (all.Count > decayed)
        {
            var best = all.Skip(decayed).Take(DecayedPopularity.Candidates.Count).MaxBy(scores => scores.Recall.Value)!;
            all.RemoveRange(decayed, DecayedPopularity.Candidates.Count);
            all.Insert(decayed, best);
        }

        var report = new EvaluationReport(
            options.LearnAll ? "all" : "positives",
            options.Positives,
            seed,
            cinegrain.Ablate,
            cinegrain.Diversity,
            result.GetValue(ShuffleTies),
            count,
            data.Users.Count,
            data.Movies.Count,
            refused,
            errors,
            [.. all.Select(scores => MethodReport.Of(scores, scores == all[0] ? null : all[0]))]);
        return (report, all);
    }

    /// <summary>Runs so many at the same time, in their order; returns their results in their order.</summary>
    private static async Task<Scores[]> RunAllAsync(List<Func<Scores>> runs, int jobs, CancellationToken cancellationToken)
    {
        var results = new Scores[runs.Count];
        await Parallel.ForEachAsync(
            Enumerable.Range(0, runs.Count),
            new ParallelOptions { MaxDegreeOfParallelism = jobs, CancellationToken = cancellationToken },
            (run, _) =>
            {
                results[run] = runs[run]();
                return ValueTask.CompletedTask;
            }).ConfigureAwait(false);
        return results;
    }

    private static void Refuse<T>(Option<T> option, Func<T?, bool> isWrong, string message) => option.Validators.Add(result =>
    {
        if (isWrong(result.GetValueOrDefault<T>()))
        {
            result.AddError(message);
        }
    });

    private static StreamWriter? OpenLists(string? path) => path is null ? null : new StreamWriter(path, append: false);
}
