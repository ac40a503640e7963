namespace Cinegrain.Embedded.Engine;

/// <summary>Bounds and periods of the engine.</summary>
public sealed record EngineOptions
{
    /// <summary>Least bound on the actors of a kind in memory.</summary>
    public const int LeastResident = 100;

    /// <summary>Users that may be in memory, over all partitions; idle ones leave first and come back from the store.</summary>
    public int ResidentUsers { get; init; } = 200_000;

    /// <summary>Movie actors that may be in memory, over all partitions. The catalogue view is apart.</summary>
    public int ResidentMovies { get; init; } = 50_000;

    /// <summary>Longest time between two checkpoints of a partition of users while there is something to persist.</summary>
    public TimeSpan CheckpointInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// The same for a partition of movies. It is longer, since a checkpoint writes nearly every movie that people take, and a restart replays signals
    /// quickly.
    /// </summary>
    public TimeSpan MovieCheckpointInterval { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Changed users at which a partition makes a checkpoint early.</summary>
    public int CheckpointUsers { get; init; } = 8_000;

    /// <summary>Changed movies at which a partition makes a checkpoint early. A movie's state is larger, and changes more often.</summary>
    public int CheckpointMovies { get; init; } = 20_000;

    /// <summary>Share of the users, 0 to 1, chosen by a hash, whose events are tested before they are learned.</summary>
    public double TestShare { get; init; } = 1;

    /// <summary>Tests per second at most, over all partitions: a test costs a ranking.</summary>
    public int TestsPerSecond { get; init; } = 500;

    /// <summary>Records that a partition takes at once.</summary>
    public int BatchSize { get; init; } = 256;

    /// <summary>Each event takes full effect, in the shared model too, before the next. Needs a log with one partition of interactions.</summary>
    public bool Lockstep { get; init; }

    /// <summary>Checks the ranges.</summary>
    /// <exception cref="ArgumentException">A value is out of its range; the message says which range.</exception>
    public EngineOptions Validate()
    {
        Require(ResidentUsers >= LeastResident, nameof(ResidentUsers), $"at least {LeastResident}");
        Require(ResidentMovies >= LeastResident, nameof(ResidentMovies), $"at least {LeastResident}");
        Require(CheckpointInterval > TimeSpan.Zero, nameof(CheckpointInterval), "longer than zero");
        Require(MovieCheckpointInterval > TimeSpan.Zero, nameof(MovieCheckpointInterval), "longer than zero");
        Require(CheckpointUsers >= 1, nameof(CheckpointUsers), "at least 1");
        Require(CheckpointMovies >= 1, nameof(CheckpointMovies), "at least 1");
        Require(TestShare is >= 0 and <= 1, nameof(TestShare), "from 0 to 1");
        Require(TestsPerSecond >= 0, nameof(TestsPerSecond), "0 or more");
        Require(BatchSize is >= 1 and <= 100_000, nameof(BatchSize), "from 1 to 100,000");
        return this;

        static void Require(bool holds, string name, string range)
        {
            if (!holds)
            {
                throw new ArgumentException($"{name} must be {range}");
            }
        }
    }
}
