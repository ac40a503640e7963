using Cinegrain.Ingest;
using Cinegrain.Model.Events;

namespace Cinegrain.Api.Interactions;

/// <summary>What a user did with a movie. Read by the intake; this type is its description.</summary>
internal sealed record InteractionInput
{
    /// <summary>Id of the user, 1 to 256 characters (an integer is taken, too). It is stored as a pseudonym only.</summary>
    public required string User { get; init; }

    /// <summary>Catalogue id of the movie.</summary>
    public required string Movie { get; init; }

    /// <summary>What the user did.</summary>
    public required InteractionKind Kind { get; init; }

    /// <summary>Of rate: 0.5 to 5 stars. Of watch: the fraction watched, 0 to 1. Else left out.</summary>
    public double? Value { get; init; }

    /// <summary>When it happened (RFC 3339); now, when left out. At most a little in the future.</summary>
    public DateTimeOffset? At { get; init; }

    /// <summary>An id of the caller's: a repeat with the same id changes nothing.</summary>
    public string? Id { get; init; }
}

/// <summary>What became of the interactions.</summary>
internal sealed record InteractionsResponse
{
    /// <summary>How many are durable in the log.</summary>
    public required int Accepted { get; init; }

    /// <summary>Their ids, in the order of their lines.</summary>
    public required IReadOnlyList<string> Ids { get; init; }

    /// <summary>Position that <c>after</c> takes; covers all of them.</summary>
    public required string Position { get; init; }

    /// <summary>Lines refused: the number of the line (or element, from 1), a code, and what would be right.</summary>
    public required IReadOnlyList<RejectedLine> Rejected { get; init; }
}
