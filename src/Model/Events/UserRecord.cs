using System.Text.Json.Serialization;

namespace Cinegrain.Model.Events;

/// <summary>
/// One record of a user's log (topic <c>cinegrain.interactions</c>, key = the user's pseudonym). On the wire: JSON with a
/// <c>type</c> that names the kind of record and a <c>v</c> that names the version of the schema.
/// </summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "type")]
[JsonDerivedType(typeof(Interaction), "interaction")]
[JsonDerivedType(typeof(ConsentChange), "consent")]
[JsonDerivedType(typeof(Erasure), "erasure")]
public abstract record UserRecord
{
    /// <summary>Version of the schema of this record.</summary>
    [JsonPropertyName("v")]
    public int SchemaVersion { get => field == 0 ? 1 : field; init; }

    /// <summary>Id of the record: a ULID, or made from the caller's idempotency key and line.</summary>
    public required string Id { get; init; }

    /// <summary>Pseudonym of the user.</summary>
    public required string User { get; init; }

    /// <summary>Event time, UTC. Milliseconds are kept, what is finer is not.</summary>
    public required DateTimeOffset At { get; init; }
}

/// <summary>An interaction, normalised and enriched: all that a user's actor learns from it is in here.</summary>
public sealed record Interaction : UserRecord
{
    /// <summary>Catalogue id of the movie.</summary>
    public required string Movie { get; init; }

    /// <summary>What the user did.</summary>
    public required InteractionKind Kind { get; init; }

    /// <summary>The caller's value: stars of a rating, fraction of a watch; null for the other kinds.</summary>
    public double? Value { get; init; }

    /// <summary>The value on the one scale of all kinds, −1 (rejected) to 1 (loved); see <see cref="Normalisation"/>.</summary>
    public required double Preference { get; init; }

    /// <summary>True when the caller chose the id (or an idempotency key): then the id is what makes a repeat harmless.</summary>
    public bool Idempotent { get; init; }

    /// <summary>The movie's genres when the event came in.</summary>
    public IReadOnlyList<string> Genres { get => field ?? []; init; }

    /// <summary>The movie's year of release, if known.</summary>
    public int? Year { get; init; }

    /// <summary>The movie's original language (ISO 639-1), if known.</summary>
    public string? Language { get; init; }

    /// <summary>Directors and leading cast of the movie.</summary>
    public IReadOnlyList<string> People { get => field ?? []; init; }
}

/// <summary>The user withdrew consent to learning, or gave it again.</summary>
public sealed record ConsentChange : UserRecord
{
    /// <summary>True when events of the user may be learned from.</summary>
    public required bool Learning { get; init; }
}

/// <summary>The user is erased: whatever came before this record in the user's log is forgotten.</summary>
public sealed record Erasure : UserRecord;
