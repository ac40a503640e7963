using System.Diagnostics.Metrics;

namespace Cinegrain.Ingest;

/// <summary>Metrics of the intake, of the meter <c>Cinegrain</c>.</summary>
internal static class IntakeMetrics
{
    private static readonly Meter Meter = new("Cinegrain");

    public static readonly Counter<long> Accepted =
        Meter.CreateCounter<long>("cinegrain.intake.accepted", "{interaction}", "Interactions made durable in the log.");

    public static readonly Counter<long> Repeated =
        Meter.CreateCounter<long>("cinegrain.intake.repeated", "{interaction}", "Repeats of an interaction whose id was still remembered; not appended.");

    public static readonly Counter<long> Rejected =
        Meter.CreateCounter<long>("cinegrain.intake.rejected", "{line}", "Lines refused by the quality gate, by reason.");

    public static readonly UpDownCounter<long> Remembered =
        Meter.CreateUpDownCounter<long>("cinegrain.intake.remembered_ids", "{id}", "Ids chosen by callers that are remembered to know a repeat.");
}
