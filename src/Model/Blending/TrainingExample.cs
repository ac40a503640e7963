using Cinegrain.Model.Ranking;

namespace Cinegrain.Model.Blending;

/// <summary>One step for the blend: the best unseen candidates just before an event was learned, and which of them the event was.</summary>
public sealed class TrainingExample
{
    /// <summary>Candidates that a step is taken over.</summary>
    public const int Candidates = 50;

    /// <summary>User partition and offset of the event, for the owner's marks.</summary>
    public required int Partition { get; init; }

    /// <inheritdoc cref="Partition"/>
    public required long Offset { get; init; }

    /// <summary>Bucket of the weights.</summary>
    public required int Bucket { get; init; }

    /// <summary>Place of the event's movie among the candidates.</summary>
    public required int Target { get; init; }

    /// <summary>Candidates × <see cref="Ranking.Features.Number"/> features, row by row.</summary>
    public required float[] Features { get; init; }
}
