using Cinegrain.Model.Measuring;
using Cinegrain.Model.Reranking;

namespace Cinegrain.Model.Blending;

/// <summary>
/// One step for the owners of the weights: the best unseen candidates just before an event was learned, and which of them the event was. It carries what the
/// step needs, not a reference to state that has moved on.
/// </summary>
public sealed class TrainingExample
{
    /// <summary>Candidates that a step of stage 1 is taken over: the best so many of <see cref="Movies"/>.</summary>
    public const int BlendCandidates = 50;

    /// <summary>User partition and offset of the event, for the owner's marks.</summary>
    public required int Partition { get; init; }

    /// <inheritdoc cref="Partition"/>
    public required long Offset { get; init; }

    /// <summary>Bucket of the weights.</summary>
    public required int Bucket { get; init; }

    /// <summary>Place of the event's movie among the candidates, best of stage 1 first; −1 when it is not among them.</summary>
    public required int Target { get; init; }

    /// <summary>Handles of the candidates in the process's index, at most <see cref="CandidateTable.Candidates"/>, best of stage 1 first.</summary>
    public required int[] Movies { get; init; }

    /// <summary>Handles of the last movies of the history, newest first, at most <see cref="RerankFeatures.Length"/>.</summary>
    public required int[] History { get; init; }

    /// <summary><see cref="RerankFeatures.Number"/> columns of <see cref="CandidateTable.Stride"/> values each.</summary>
    public required float[] Features { get; init; }

    /// <summary>
    /// What the test found for the lists that the weights make; null where nothing can be said of them: the user's first event, or a user of another variant.
    /// </summary>
    public TestOutcome? Outcome { get; init; }

    private const float LargestFeature = 1e4f;

    /// <summary>False when a feature is no number, or far beyond what any can be: one such step would spoil the weights for ever.</summary>
    internal bool IsSound()
    {
        foreach (var feature in Features)
        {
            if (!(Math.Abs(feature) <= LargestFeature))
            {
                return false;
            }
        }

        return true;
    }
}
