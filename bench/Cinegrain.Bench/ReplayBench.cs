using System.Diagnostics;
using Cinegrain.Embedded.Engine;
using Cinegrain.Embedded.Sqlite;
using Cinegrain.Model;
using Cinegrain.Model.Ports;
using Microsoft.Extensions.Logging.Abstractions;

namespace Cinegrain.Bench;

/// <summary>A replay of a log into an empty store: all that a host does, from its beginning to the last checkpoint, without tests.</summary>
internal static class ReplayBench
{
    private const int ReadAtOnce = 256;

    public static async Task RunAsync(string? kafka, string data, int films, int viewers, int events)
    {
        await using var filled = await FilledLog.OpenAsync(kafka, data, films, viewers, events);
        var log = filled.Log;

        // Bare reading of the same partitions at the same time, before and after.
        var before = await ReadAsync(log, events);
        var states = Path.Combine(data, "replay");
        Directory.CreateDirectory(states);
        double rate;
        await using (var store = SqliteStateStore.Open(states, new SqliteStateStoreOptions()))
        using (var shared = new SharedModel(new ModelOptions()))
        await using (var engine = new RecommendationEngine(
            log, store, shared, new EngineOptions { TestsPerSecond = 0 }, TimeProvider.System, NullLogger<RecommendationEngine>.Instance))
        {
            var clock = Stopwatch.StartNew();
            var spent = Environment.CpuUsage.TotalTime;
            await engine.StartAsync(CancellationToken.None);
            await engine.CaughtUp;
            await engine.StopAsync(CancellationToken.None);
            rate = events / clock.Elapsed.TotalSeconds;
            Console.WriteLine(
                $"replay: {rate:N0} events/s, {(Environment.CpuUsage.TotalTime - spent).TotalMicroseconds / events:N1} µs CPU of this process each, "
                + $"{Environment.WorkingSet / 1_000_000:N0} MB resident");
        }

        var after = await ReadAsync(log, events);
        Directory.Delete(states, recursive: true);
        Console.WriteLine($"replay: {rate / ((before + after) / 2):P0} of bare reading ({before:N0} and {after:N0} records/s)");
    }

    private static async Task<double> ReadAsync(ILog log, int events)
    {
        var clock = Stopwatch.StartNew();
        await Task.WhenAll(Enumerable.Range(0, log.PartitionCount(Topics.Interactions)).Select(partition => Task.Run(async () =>
        {
            var end = log.End(Topics.Interactions, partition);
            for (var offset = 0L; offset < end;)
            {
                var records = await log.ReadAsync(Topics.Interactions, partition, offset, ReadAtOnce, CancellationToken.None);
                offset = records.Count > 0 ? records[^1].Offset + 1 : end;
            }
        })));
        return events / clock.Elapsed.TotalSeconds;
    }
}
