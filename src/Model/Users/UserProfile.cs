using Cinegrain.Model.Events;

namespace Cinegrain.Model.Users;

/// <summary>A name and how much the user leans to it, −1 to 1 against the strongest.</summary>
public sealed record TasteEntry(string Name, double Weight);

/// <summary>One movie of a user's history.</summary>
/// <param name="Value">Stars or fraction watched, as far as the kind has a value.</param>
public sealed record HistoryEntry(string Movie, string Title, InteractionKind Kind, double? Value, DateTimeOffset At);

/// <summary>What a user's actor knows, for the user to see and the API to explain.</summary>
public sealed record UserProfile
{
    /// <summary>Pseudonym of the user.</summary>
    public required string User { get; init; }

    /// <summary>Records below it of the user's log are in here.</summary>
    public required long Position { get; init; }

    /// <summary>False when the user withdrew consent to learning.</summary>
    public required bool Learning { get; init; }

    /// <summary>Interactions learned.</summary>
    public required int Interactions { get; init; }

    /// <summary>Different movies taken.</summary>
    public required int Movies { get; init; }

    public required IReadOnlyList<TasteEntry> Genres { get; init; }

    /// <summary>Decades, such as "1990s".</summary>
    public required IReadOnlyList<TasteEntry> Years { get; init; }

    public required IReadOnlyList<TasteEntry> Languages { get; init; }

    public required IReadOnlyList<TasteEntry> People { get; init; }

    /// <summary>The last movies, newest first.</summary>
    public required IReadOnlyList<HistoryEntry> Recent { get; init; }
}
