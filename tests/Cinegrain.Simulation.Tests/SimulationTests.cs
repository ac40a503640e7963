using Xunit.Abstractions;

namespace Cinegrain.Simulation.Tests;

/// <summary>The whole loop (log, users, signals, movies, view, store) over a simulated disk and clock; see README.md.</summary>
public sealed class SimulationTests(ITestOutputHelper output)
{
    private const int DefaultSeeds = 300;

    [Fact]
    public void Engine_KilledAtAnyMoment_EndsAsIfNeverKilled()
    {
        var all = new Tally();
        var started = Environment.CpuUsage.TotalTime;
        foreach (var seed in Seeds())
        {
            var (_, tally) = World.Run(seed);
            all.Records += tally.Records;
            all.Kills += tally.Kills;
            all.Stops += tally.Stops;
            all.Drained += tally.Drained;
            all.Rebuilds += tally.Rebuilds;
            all.Trims += tally.Trims;
            all.Users += tally.Users;
            all.Movies += tally.Movies;
            all.Erased += tally.Erased;
            all.Signals += tally.Signals;
            all.Repeats += tally.Repeats;
        }

        output.WriteLine(
            $"{all.Records} records, {all.Kills} kills, {all.Stops} stops ({all.Drained} to the end), {all.Rebuilds} rebuilds, {all.Trims} trims; compared {all.Users} users, "
            + $"{all.Movies} movies with {all.Signals} signals ({all.Repeats} repeated), {all.Erased} erasures; {(Environment.CpuUsage.TotalTime - started).TotalSeconds:0.0} s of CPU");
        Assert.True(all.Signals > 0 && all.Kills > 0);
    }

    [Theory]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    public void Engine_OneSeedTwice_GivesTheSameTrace(int seed) => Assert.Equal(World.Run(seed).Trace, World.Run(seed).Trace);

    private static IEnumerable<int> Seeds() =>
        int.TryParse(Environment.GetEnvironmentVariable("CINEGRAIN_SIM_SEED"), out var seed) ? [seed]
            : Enumerable.Range(1, int.TryParse(Environment.GetEnvironmentVariable("CINEGRAIN_SIM_SEEDS"), out var count) ? count : DefaultSeeds);
}
