namespace Cinegrain.Ingest;

/// <summary>One raw interaction as a producer sent it.</summary>
/// <param name="Number">Line in the request or file, from 1.</param>
/// <param name="Utf8Json">The JSON object.</param>
public readonly record struct IntakeLine(int Number, ReadOnlyMemory<byte> Utf8Json);

/// <summary>A line that was refused.</summary>
/// <param name="Line">Its number.</param>
/// <param name="Reason">Short code, such as <c>unknown-movie</c>.</param>
/// <param name="Detail">The reason in a sentence that says what would be right.</param>
public sealed record RejectedLine(int Line, string Reason, string Detail);

/// <summary>What became of a request.</summary>
/// <param name="Accepted">Interactions that are durable in the log.</param>
/// <param name="Ids">Their ids, in the order of their lines.</param>
/// <param name="Position">Position that <c>after</c> takes; covers all of them. Empty when nothing was accepted.</param>
/// <param name="Rejected">Lines refused.</param>
public sealed record IntakeReceipt(int Accepted, IReadOnlyList<string> Ids, string Position, IReadOnlyList<RejectedLine> Rejected);
