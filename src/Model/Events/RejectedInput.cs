namespace Cinegrain.Model.Events;

/// <summary>Input that failed the quality gate (topic <c>cinegrain.rejected</c>, key = source), pseudonymised.</summary>
public sealed record RejectedInput
{
    /// <summary>Version of the schema of this record.</summary>
    public int V { get => field == 0 ? 1 : field; init; }

    /// <summary>Where it came from: <c>api</c>, <c>import</c>, or topic/partition.</summary>
    public required string Source { get; init; }

    /// <summary>Why it was refused: a short code such as <c>unknown-movie</c>.</summary>
    public required string Reason { get; init; }

    /// <summary>The reason in a sentence, without ids.</summary>
    public required string Detail { get; init; }

    /// <summary>Line or offset within the source.</summary>
    public long Line { get; init; }

    /// <summary>When it was refused, UTC.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>Pseudonym of the user, where the input named one.</summary>
    public string? User { get; init; }

    /// <summary>Fields on the allow-list that could be read (movie, kind, value, at), as text, each at most 100 characters.</summary>
    public IReadOnlyDictionary<string, string> Fields { get => field ?? new Dictionary<string, string>(); init; }
}
