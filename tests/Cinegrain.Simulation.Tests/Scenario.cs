using Cinegrain.Embedded.Engine;
using Cinegrain.Model.Ports;

namespace Cinegrain.Simulation.Tests;

/// <summary>Sizes of one run, drawn from its seed.</summary>
internal sealed record Scenario
{
    public required bool IsAtomic { get; init; }

    public required IReadOnlyDictionary<string, int> Partitions { get; init; }

    public required int Users { get; init; }

    public required int Movies { get; init; }

    public required int Clients { get; init; }

    /// <summary>Lives of the process before the last one.</summary>
    public required int Lives { get; init; }

    public required bool HasFaults { get; init; }

    public required bool LosesStore { get; init; }

    public required bool HasRetention { get; init; }

    public required EngineOptions Engine { get; init; }

    public static Scenario Draw(Random random)
    {
        var large = random.Next(4) == 0;
        return new Scenario
        {
            IsAtomic = random.Next(2) == 0,
            Partitions = new Dictionary<string, int>
            {
                [Topics.Interactions] = large ? random.Next(8, 34) : random.Next(1, 5),
                [Topics.Signals] = large ? random.Next(8, 34) : random.Next(1, 5),
                [Topics.Movies] = random.Next(1, 3),
                [Topics.Rejected] = 1,
            },
            Users = large ? 160 : random.Next(2, 40),
            Movies = large ? 160 : random.Next(3, 60),
            Clients = random.Next(1, 5),
            Lives = random.Next(1, 9),
            HasFaults = random.Next(4) != 0,
            LosesStore = random.Next(3) == 0,
            HasRetention = random.Next(4) == 0,
            Engine = new EngineOptions
            {
                // The least that is allowed, and shared by the partitions: with many of them, fewer actors stay than change between two checkpoints.
                ResidentUsers = 100,
                ResidentMovies = 100,
                CheckpointInterval = TimeSpan.FromMilliseconds(random.Next(50, 2_000)),
                MovieCheckpointInterval = TimeSpan.FromMilliseconds(random.Next(50, 4_000)),
                CheckpointUsers = random.Next(1, 30),
                CheckpointMovies = random.Next(1, 40),
                BatchSize = random.Next(1, 20),
                TestShare = random.Next(2),
                TestsPerSecond = 20,
            },
        };
    }
}
