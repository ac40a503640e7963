using System.Text.Json.Serialization;

namespace Cinegrain.Model.Events;

/// <summary>One record of a movie's log (topic <c>cinegrain.signals</c>, key = movie id).</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "type")]
[JsonDerivedType(typeof(Signal), "signal")]
[JsonDerivedType(typeof(CatalogueChange), "catalogue")]
public abstract record MovieRecord
{
    /// <summary>Version of the schema of this record.</summary>
    [JsonPropertyName("v")]
    public int SchemaVersion { get => field == 0 ? 1 : field; init; }

    /// <summary>Catalogue id of the movie.</summary>
    public required string Movie { get; init; }
}

/// <summary>One interaction seen from its movie. It carries no user.</summary>
public sealed record Signal : MovieRecord
{
    /// <summary>Beyond it a preceding movie is not near in time: its weight would be below 1/512.</summary>
    public const int NearSeconds = 750;

    /// <summary>Event time, UTC.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>What was done.</summary>
    public required InteractionKind Kind { get; init; }

    /// <summary>The value on the one scale of all kinds, −1 to 1.</summary>
    public required double Preference { get; init; }

    /// <summary>The movies that the same user took just before, newest first, at most <see cref="ModelConstants.ContextLength"/>.</summary>
    public required IReadOnlyList<string> Context { get; init; }

    /// <summary>
    /// Seconds between each movie of the context and this one, as far as they are within <see cref="NearSeconds"/>: as long as the context or
    /// shorter. Empty in records of older versions.
    /// </summary>
    public IReadOnlyList<int> SecondsBefore { get => field ?? []; init; }

    /// <summary>Bit d − 1 is set when the user liked the movie at place d of the context (<see cref="ModelConstants.LikedPreference"/>).</summary>
    public uint LikedBefore { get; init; }

    /// <summary>Movies that the user had taken before this one, ever.</summary>
    public int History { get; init; }

    /// <summary>Which event of which user partition this signal comes from.</summary>
    public required SignalSource Source { get; init; }
}

/// <summary>The catalogue's entry of the movie changed.</summary>
public sealed record CatalogueChange : MovieRecord
{
    /// <summary>The new entry, whole; null when the movie was withdrawn.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.Never)]
    public required MovieMetadata? Metadata { get; init; }
}

/// <summary>
/// Origin of a signal. A movie applies each (partition, offset) once: a signal below <paramref name="Checkpoint"/> was in the
/// log before any signal that names that checkpoint, so a movie forgets the offsets below it.
/// </summary>
/// <param name="Epoch">Counts the rebuilds of the user partition from an empty store; movies ignore older epochs.</param>
/// <param name="Partition">User partition.</param>
/// <param name="Offset">Offset of the interaction in that partition.</param>
/// <param name="Checkpoint">Last checkpoint of that partition when the signal was made: events below it emit nothing again.</param>
public readonly record struct SignalSource(int Epoch, int Partition, long Offset, long Checkpoint);
