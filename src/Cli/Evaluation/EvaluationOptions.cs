namespace Cinegrain.Cli.Evaluation;

/// <summary>The protocol's parameters.</summary>
internal sealed record EvaluationOptions
{
    /// <summary>True: every rating is learned and counts as had. False: only those of at least <see cref="Positives"/>.</summary>
    public required bool LearnAll { get; init; }

    /// <summary>Stars from which a rating is scored.</summary>
    public double Positives { get; init; } = 4;
}
