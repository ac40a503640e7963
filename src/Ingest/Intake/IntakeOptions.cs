namespace Cinegrain.Ingest;

/// <summary>Limits of the intake. Checked when an <see cref="Intake"/> is made.</summary>
public sealed record IntakeOptions
{
    /// <summary>Longest line, in bytes.</summary>
    public int MaximumLineBytes { get; init; } = 64 * 1024;

    /// <summary>How far ahead of the clock an event time may be; such a time becomes the present.</summary>
    public TimeSpan MaximumAhead { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Earliest event time.</summary>
    public DateTimeOffset Earliest { get; init; } = new(1990, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>How many ids chosen by callers are remembered, to know a repeat.</summary>
    public int RememberedIds { get; init; } = 100_000;

    /// <summary>Throws when a setting is out of its range.</summary>
    /// <exception cref="ArgumentException">The message names the setting and its range.</exception>
    public void Validate()
    {
        Require(MaximumLineBytes is >= 256 and <= 16 * 1024 * 1024, nameof(MaximumLineBytes), "256 to 16777216 bytes");
        Require(MaximumAhead >= TimeSpan.Zero && MaximumAhead <= TimeSpan.FromDays(1), nameof(MaximumAhead), "0 to 1 day");
        Require(Earliest >= DateTimeOffset.UnixEpoch && Earliest.Year < 2100, nameof(Earliest), "1970-01-01 to 2099-12-31");
        Require(RememberedIds is >= 0 and <= 10_000_000, nameof(RememberedIds), "0 to 10000000");
    }

    private static void Require(bool holds, string setting, string range)
    {
        if (!holds)
        {
            throw new ArgumentException($"IntakeOptions.{setting} must be {range}");
        }
    }
}
