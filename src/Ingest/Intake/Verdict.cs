using Cinegrain.Model.Events;

namespace Cinegrain.Ingest;

/// <summary>What the gate says of a line: exactly one of the two is there.</summary>
/// <param name="ChosenId">The id as a number when the caller chose it, by itself or through an idempotency key.</param>
internal readonly record struct Verdict(Interaction? Accepted, UInt128? ChosenId, Rejection? Rejected);

/// <summary>A refusal.</summary>
/// <param name="Reason">One of <see cref="RejectionReason"/>.</param>
/// <param name="Detail">A sentence that says what would be right and quotes nothing of the input.</param>
/// <param name="User">Pseudonym, when the line has a valid user id.</param>
/// <param name="Fields">See <see cref="RejectedInput.Fields"/>.</param>
internal sealed record Rejection(string Reason, string Detail, string? User, IReadOnlyDictionary<string, string> Fields);
