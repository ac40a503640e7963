using System.Globalization;
using Cinegrain.Model.Ports;

namespace Cinegrain.Ingest;

/// <summary>
/// Raw interactions that others wrote to <see cref="Topics.Intake"/>, on their way through the same gate as those of the API. A record that brings no id of its
/// own is known by its place, so what is taken again after a crash changes nothing.
/// </summary>
public static class RawInteractions
{
    /// <summary>Records that may be taken twice at most: a user knows the last 64 ids of callers again.</summary>
    public const int BatchSize = 64;

    /// <summary>Takes records of a partition, in order; completes when all are durable or refused.</summary>
    /// <exception cref="UnavailableException">Not all are; take them again.</exception>
    public static Task SubmitAsync(Intake intake, int partition, IReadOnlyList<LogRecord> records, CancellationToken cancellationToken) =>

        // Not one after the other: they land in the order of the calls.
        Task.WhenAll(records.Select(record => intake.SubmitAsync(
            [new IntakeLine((int)Math.Min(record.Offset, int.MaxValue), record.Value)],
            string.Create(CultureInfo.InvariantCulture, $"{Topics.Intake}/{partition}/{record.Offset}/{record.ArrivedMs}"),
            string.Create(CultureInfo.InvariantCulture, $"{Topics.Intake}/{partition}"),
            cancellationToken)));
}
