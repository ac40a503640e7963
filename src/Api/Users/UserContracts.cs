using System.Text.Json;
using Cinegrain.Model.Users;

namespace Cinegrain.Api.Users;

/// <summary>What is known of a user.</summary>
internal sealed record ProfileResponse
{
    /// <summary>The user's id, as the caller sent it.</summary>
    public required string User { get; init; }

    /// <summary>The name under which the user is stored.</summary>
    public required string Pseudonym { get; init; }

    /// <summary>False when the user withdrew consent to learning.</summary>
    public required bool Learning { get; init; }

    /// <summary>Interactions learned.</summary>
    public required int Interactions { get; init; }

    /// <summary>Different movies taken.</summary>
    public required int Movies { get; init; }

    /// <summary>Leanings by genre, strongest first.</summary>
    public required IReadOnlyList<TasteEntry> Genres { get; init; }

    /// <summary>Leanings by decade.</summary>
    public required IReadOnlyList<TasteEntry> Years { get; init; }

    /// <summary>Leanings by original language.</summary>
    public required IReadOnlyList<TasteEntry> Languages { get; init; }

    /// <summary>Leanings by director and actor.</summary>
    public required IReadOnlyList<TasteEntry> People { get; init; }

    /// <summary>The last movies, newest first.</summary>
    public required IReadOnlyList<HistoryEntry> Recent { get; init; }

    public static ProfileResponse Of(string user, UserProfile profile) => new()
    {
        User = user,
        Pseudonym = profile.User,
        Learning = profile.Learning,
        Interactions = profile.Interactions,
        Movies = profile.Movies,
        Genres = profile.Genres,
        Years = profile.Years,
        Languages = profile.Languages,
        People = profile.People,
        Recent = profile.Recent,
    };
}

/// <summary>All that is held of a user.</summary>
internal sealed record ExportResponse
{
    /// <summary>The user's id, as the caller sent it.</summary>
    public required string User { get; init; }

    /// <summary>When the export was made, UTC.</summary>
    public required DateTimeOffset ExportedAt { get; init; }

    /// <summary>What was learned.</summary>
    public required ProfileResponse Profile { get; init; }

    /// <summary>The records of the user's log as they are stored, oldest first.</summary>
    public required IReadOnlyList<JsonElement> Records { get; init; }
}

/// <summary>What an erasure removed.</summary>
internal sealed record ErasureResponse
{
    /// <summary>The user's id, as the caller sent it.</summary>
    public required string User { get; init; }

    /// <summary>Position of the erasure in the user's log.</summary>
    public required string Position { get; init; }

    /// <summary>When, UTC.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>How much was removed from where.</summary>
    public required IReadOnlyDictionary<string, long> Removed { get; init; }

    /// <summary>What stays, why, and until when.</summary>
    public required IReadOnlyList<RemainingData> Remaining { get; init; }
}

/// <summary>Consent to learning.</summary>
internal sealed record ConsentInput
{
    /// <summary>False: nothing more is learned of the user, and lists are the popular ones. True: as before.</summary>
    public required bool Learning { get; init; }
}

/// <summary>Consent as it stands now.</summary>
internal sealed record ConsentResponse
{
    /// <summary>The user's id, as the caller sent it.</summary>
    public required string User { get; init; }

    /// <summary>Whether the user's interactions are learned.</summary>
    public required bool Learning { get; init; }

    /// <summary>Position of the change, as <c>after</c> takes it.</summary>
    public required string Position { get; init; }
}
