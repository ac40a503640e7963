using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Cinegrain.Embedded.Engine;
using Cinegrain.Embedded.Sqlite;
using Cinegrain.Model;
using Cinegrain.Model.Ports;
using Microsoft.Extensions.Logging.Abstractions;

namespace Cinegrain.Cli.Replay;

/// <summary>
/// <c>cinegrain replay</c>: forgets the states of a stopped server's data folder and learns them anew from its log, in a new epoch. When it is
/// stopped half way, the next start of the server, or of this, goes on.
/// </summary>
internal static class ReplayCommand
{
    private static readonly TimeSpan ReportInterval = TimeSpan.FromMilliseconds(200);

    private static readonly Option<string> Data = new("--data") { Description = "Data folder of the server, which must be stopped.", HelpName = "DIR", DefaultValueFactory = _ => "data" };

    private static readonly Option<bool> Lockstep = new("--lockstep") { Description = "Each event takes full effect before the next, as on a server with --lockstep." };

    private static readonly Option<bool> Yes = new("--yes", "-y") { Description = "Do not ask, even when the log no longer holds all that was learned." };

    public static Command Create(Terminal terminal)
    {
        var command = new Command(
            "replay",
            "Rebuild the state of a stopped server from its log: after a change of the model, or when the state is lost or damaged. "
            + "What has left the log by retention is forgotten; keys, audit trail and erasures stay.")
        {
            Data, Lockstep, Yes,
        };
        command.SetAction((result, cancellationToken) => RunAsync(result, terminal, cancellationToken));
        return command.WithExamples("cinegrain replay", "cinegrain replay --data /var/lib/cinegrain --yes --json");
    }

    private static async Task<int> RunAsync(ParseResult result, Terminal terminal, CancellationToken cancellationToken)
    {
        var json = result.GetValue(CommandLine.Json);
        var path = result.GetRequiredValue(Data);
        if (!File.Exists(Path.Combine(path, SqliteLog.FileName)))
        {
            throw new CommandException($"{path} has no {SqliteLog.FileName}: name the data folder of a server with --data.");
        }

        try
        {
            using var folder = DataFolder.Open(path);
            await using var log = SqliteLog.Open(folder.Path, new SqliteLogOptions(), terminal.Time);
            var expired = Partitions(log, Topics.Interactions).Sum(partition => log.First(Topics.Interactions, partition));
            if (expired > 0 && !result.GetValue(Yes) && !await terminal.ConfirmAsync(
                string.Create(CultureInfo.InvariantCulture, $"The log no longer holds its first {expired:N0} records; what was learned from them will be forgotten."),
                cancellationToken).ConfigureAwait(false))
            {
                throw new CommandException("Nothing was changed: answer yes, or give --yes.");
            }

            var start = terminal.Time.GetTimestamp();
            await using var store = SqliteStateStore.Open(folder.Path, new SqliteStateStoreOptions());
            var report = await terminal.WithProgressAsync(
                !json && !result.GetValue(CommandLine.Quiet),
                board => RebuildAsync(log, store, result.GetValue(Lockstep), terminal.Time, board, cancellationToken)).ConfigureAwait(false);
            report = report with { Expired = expired, Seconds = terminal.Time.GetElapsedTime(start).TotalSeconds };
            await terminal.Out.WriteLineAsync(json
                ? JsonSerializer.Serialize(report, ReplayJson.Default.ReplayReport)
                : string.Create(CultureInfo.InvariantCulture, $"Learned {report.Records:N0} records anew in {report.Seconds:N1} s.")).ConfigureAwait(false);
            return ExitCode.Success;
        }
        catch (Exception error) when (error is DataFolderException or StorageDamagedException or WrongLogException or UnavailableException or ArgumentException)
        {
            throw new CommandException(error.Message, error);
        }
    }

    private static async Task<ReplayReport> RebuildAsync(
        SqliteLog log, SqliteStateStore store, bool lockstep, TimeProvider time, IProgressBoard board, CancellationToken cancellationToken)
    {
        await store.ClearAsync(cancellationToken).ConfigureAwait(false);

        // Nobody waits for a list meanwhile: every event trains the blend.
        var options = new EngineOptions { Lockstep = lockstep, TestsPerSecond = int.MaxValue };
        using var shared = new SharedModel(new ModelOptions());
        await using var engine = new RecommendationEngine(log, store, shared, options, time, NullLogger<RecommendationEngine>.Instance);
        var records = Partitions(log, Topics.Interactions).Sum(partition => log.End(Topics.Interactions, partition) - log.First(Topics.Interactions, partition));
        var meter = board.Begin("Records", records);
        await engine.StartAsync(cancellationToken).ConfigureAwait(false);
        var caughtUp = Task.WhenAny(engine.CaughtUp, engine.Completion);
        while (!caughtUp.IsCompleted && !cancellationToken.IsCancellationRequested)
        {
            meter.Report(Math.Max(0, records - engine.Lag));
            await Task.WhenAny(caughtUp, Task.Delay(ReportInterval, time, cancellationToken)).ConfigureAwait(false);
        }

        // The last checkpoint: what was learned until now stays.
        await engine.StopAsync(CancellationToken.None).ConfigureAwait(false);
        await engine.Completion.ConfigureAwait(false);
        cancellationToken.ThrowIfCancellationRequested();
        return new ReplayReport(records, 0, 0);
    }

    private static IEnumerable<int> Partitions(SqliteLog log, string topic) => Enumerable.Range(0, log.PartitionCount(topic));
}

/// <summary>Result of a replay, as <c>--json</c> writes it.</summary>
/// <param name="Records">Records of users that were learned anew.</param>
/// <param name="Expired">Records that had left the log.</param>
internal sealed record ReplayReport(long Records, long Expired, double Seconds);

/// <summary>JSON of a replay's result.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(ReplayReport))]
internal sealed partial class ReplayJson : JsonSerializerContext;
