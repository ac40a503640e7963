using Cinegrain.Model;

namespace Cinegrain.Grains.Hosting;

/// <summary>Settings of a silo's grains.</summary>
public sealed record CinegrainSiloOptions
{
    /// <summary>Settings of librdkafka for the stream providers, with <c>bootstrap.servers</c>.</summary>
    public required IReadOnlyDictionary<string, string> KafkaClient { get; init; }

    /// <summary>What stands before the names of the topics.</summary>
    public string TopicPrefix { get; init; } = "";

    /// <summary>How lists are made.</summary>
    public ModelOptions Model { get; init; } = new();

    /// <summary>Longest time between two checkpoints of a partition of users.</summary>
    public TimeSpan CheckpointInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The same for movies; their whole traits are published as often.</summary>
    public TimeSpan MovieCheckpointInterval { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>After this time without a call or a record an actor leaves memory.</summary>
    public TimeSpan IdleAfter { get; init; } = TimeSpan.FromMinutes(15);

    /// <summary>Share of the users, 0 to 1, whose events are tested before they are learned.</summary>
    public double TestShare { get; init; } = 1;

    /// <summary>Tests a second of a silo at most.</summary>
    public int TestsPerSecond { get; init; } = 500;

    /// <summary>
    /// True to give each record of a user its full effect before the next: what is tested, learned and shown is the same in every run. For one silo on a log with one
    /// partition of interactions.
    /// </summary>
    public bool Lockstep { get; init; }

    /// <summary>Records of a partition of users that are kept for replay at most: those since its last checkpoint.</summary>
    public int CachedRecords { get; init; } = 50_000;

    /// <summary>The same for movies, whose checkpoints are rarer and larger.</summary>
    public int MovieCachedRecords { get; init; } = 200_000;
}
