using System.Diagnostics;
using Cinegrain.Embedded.Engine;
using Cinegrain.Embedded.Sqlite;
using Cinegrain.Ingest;
using Cinegrain.Ingest.Synthetic;
using Cinegrain.Model;
using Cinegrain.Model.Catalogue;
using Cinegrain.Model.Events;
using Cinegrain.Model.Ports;
using Microsoft.Extensions.Logging.Abstractions;

namespace Cinegrain.Bench;

/// <summary>What the engine bench is to do.</summary>
internal sealed record EngineRun(string Data, int Films, int Viewers, long Events, int ResidentUsers, bool Checkpoints, int TestsPerSecond);

/// <summary>Gate, log, users, signals, movies, view and checkpoints in one process, over SQLite.</summary>
internal static class EngineBench
{
    private const int BatchSize = 1_000;
    private const ulong Seed = 7;
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>Submits an audience's events and waits until each is learned by its movie, too; then the baseline on the same disk.</summary>
    public static async Task RunAsync(EngineRun run)
    {
        Directory.CreateDirectory(run.Data);
        var films = SyntheticCatalogue.Create(run.Films, Seed);
        var bytes = 0L;
        var rate = 0.0;
        await using (var node = await Node.OpenAsync(run))
        {
            await node.PutAsync(films);
            var lines = new List<IntakeLine>(BatchSize);
            var clock = Stopwatch.StartNew();
            var spent = Environment.CpuUsage.TotalTime;
            var (lastWall, lastSpent) = (TimeSpan.Zero, spent);
            var done = 0L;

            // Twenty lines, of a million events at most: a run that is to be flat shows it.
            var step = Math.Clamp(run.Events / 20, 50_000, 1_000_000);
            foreach (var e in new Audience(films, run.Viewers, Seed).Events(run.Events))
            {
                var line = e.ToIntakeLine(lines.Count + 1, Start + TimeSpan.FromSeconds(done));
                bytes += line.Utf8Json.Length;
                lines.Add(line);
                done++;
                if (lines.Count == BatchSize)
                {
                    await node.SubmitAsync(lines);
                }

                if (done % step == 0)
                {
                    var now = Environment.CpuUsage.TotalTime;
                    Console.WriteLine(
                        $"engine: {done:N0} events, the last {step:N0} in {(clock.Elapsed - lastWall).TotalSeconds:N1} s, "
                        + $"{(now - lastSpent).TotalMicroseconds / step:N1} µs CPU each, {Memory():N0} MB resident, lag {node.Engine.Lag:N0}");
                    (lastWall, lastSpent) = (clock.Elapsed, now);
                }
            }

            await node.SubmitAsync(lines);
            await node.DrainAsync();
            rate = done / clock.Elapsed.TotalSeconds;
            Console.WriteLine(
                $"engine: {done:N0} events of {run.Viewers:N0} users end to end: {rate:N0} events/s, "
                + $"{(Environment.CpuUsage.TotalTime - spent).TotalMicroseconds / done:N1} µs CPU each (the audience's included), {Memory():N0} MB resident, peak {Peak():N0} MB");
            if (!run.Checkpoints)
            {
                // As after kill -9: nothing is persisted on the way out.
                Environment.Exit(0);
            }
        }

        await BaselineAsync(run, (int)(bytes / Math.Max(1, run.Events)), rate);
    }

    /// <summary>Time until a host over the folder can answer, and until it has caught up.</summary>
    public static async Task RestartAsync(EngineRun run)
    {
        var clock = Stopwatch.StartNew();
        await using var node = await Node.OpenAsync(run);
        var answering = clock.Elapsed;
        var lag = node.Engine.Lag;
        await node.Engine.CaughtUp;
        Console.WriteLine(
            $"restart: answering after {answering.TotalSeconds:N2} s, caught up with {lag:N0} records after {clock.Elapsed.TotalSeconds:N2} s "
            + $"({lag / Math.Max(0.001, (clock.Elapsed - answering).TotalSeconds):N0} records/s), {Memory():N0} MB resident");
    }

    /// <summary>The same lines appended to a bare log in the same batches: what durability alone costs here.</summary>
    private static async Task BaselineAsync(EngineRun run, int lineBytes, double rate)
    {
        var folder = Path.Combine(run.Data, "baseline");
        Directory.CreateDirectory(folder);
        await using (var log = SqliteLog.Open(folder, new SqliteLogOptions(), TimeProvider.System))
        {
            var value = new byte[lineBytes];
            const int Batches = 200;
            var clock = Stopwatch.StartNew();
            for (var batch = 0; batch < Batches; batch++)
            {
                await log.AppendAsync(
                    [.. Enumerable.Range(0, BatchSize).Select(i => new LogEntry(Topics.Interactions, $"viewer-{i}", value))], CancellationToken.None);
            }

            var bare = Batches * BatchSize / clock.Elapsed.TotalSeconds;
            Console.WriteLine($"engine: {rate / bare:P0} of what a bare durable append of the raw lines does ({bare:N0} lines/s)");
        }

        Directory.Delete(folder, recursive: true);
    }

    private static long Memory() => Environment.WorkingSet / 1_000_000;

    private static long Peak() => Process.GetCurrentProcess().PeakWorkingSet64 / 1_000_000;

    private sealed class Node : IAsyncDisposable
    {
        private readonly DataFolder _folder;
        private readonly SqliteLog _log;
        private readonly SqliteStateStore _store;
        private readonly SharedModel _shared;
        private readonly Intake _intake;
        private readonly bool _checkpoints;

        private Node(EngineRun run)
        {
            _folder = DataFolder.Open(run.Data);
            _log = SqliteLog.Open(run.Data, new SqliteLogOptions(), TimeProvider.System);
            _store = SqliteStateStore.Open(run.Data, new SqliteStateStoreOptions());
            _shared = new SharedModel(new ModelOptions());
            _checkpoints = run.Checkpoints;
            var options = new EngineOptions { ResidentUsers = run.ResidentUsers, TestsPerSecond = run.TestsPerSecond };
            Engine = new RecommendationEngine(
                _log,
                _store,
                _shared,
                run.Checkpoints ? options : options with { CheckpointInterval = TimeSpan.FromDays(1), MovieCheckpointInterval = TimeSpan.FromDays(1), CheckpointUsers = int.MaxValue / 2, CheckpointMovies = int.MaxValue / 2 },
                TimeProvider.System,
                NullLogger<RecommendationEngine>.Instance);
            _intake = new Intake(
                _log, new Lookup(_shared.View), new Pseudonymizer([new PseudonymKey(1, new byte[32])]), TimeProvider.System,
                new IntakeOptions { MaximumAhead = TimeSpan.FromDays(1), Earliest = DateTimeOffset.UnixEpoch });
        }

        public RecommendationEngine Engine { get; }

        public static async Task<Node> OpenAsync(EngineRun run)
        {
            var node = new Node(run);
            await node.Engine.StartAsync(CancellationToken.None);
            return node;
        }

        public async Task PutAsync(IReadOnlyList<MovieMetadata> films)
        {
            var positions = await _log.AppendAsync(
                [.. films.Select(film => new LogEntry(
                    Topics.Movies, film.Id, System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(film, WireFormat.Default.MovieMetadata)))],
                CancellationToken.None);
            await Engine.WaitForCatalogueAsync(0, positions[^1].Offset + 1, CancellationToken.None);
        }

        public async Task SubmitAsync(List<IntakeLine> lines)
        {
            if (lines.Count == 0)
            {
                return;
            }

            var receipt = await _intake.SubmitAsync(lines, null, "bench", CancellationToken.None);
            if (receipt.Rejected.Count > 0)
            {
                throw new InvalidOperationException($"refused: {receipt.Rejected[0].Detail}");
            }

            lines.Clear();

            // Keeps the log at most so far ahead of the learning, as a polite producer would.
            while (Engine.Lag > 200_000)
            {
                await Task.Delay(10);
            }
        }

        public async Task DrainAsync()
        {
            while (Engine.Lag > 0)
            {
                await Task.Delay(10);
            }
        }

        public async ValueTask DisposeAsync()
        {
            if (_checkpoints)
            {
                await Engine.StopAsync(CancellationToken.None);
            }

            await Engine.DisposeAsync();
            await _store.DisposeAsync();
            await _log.DisposeAsync();
            _shared.Dispose();
            _folder.Dispose();
        }
    }

    private sealed class Lookup(CatalogueView view) : IMovieLookup
    {
        public bool TryGet(string id, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out MovieMetadata? metadata) =>
            (metadata = view.Metadata(id)) is not null;
    }
}
