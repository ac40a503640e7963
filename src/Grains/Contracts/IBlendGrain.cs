using Orleans.Concurrency;

namespace Cinegrain.Grains;

/// <summary>The one owner of the weights of both stages; key = 0.</summary>
[Alias("Cinegrain.IBlendGrain")]
public interface IBlendGrain : IGrainWithIntegerKey
{
    /// <summary>Takes a training example. One that is lost is none of harm: the weights are an estimate.</summary>
    [OneWay]
    [Alias("Learn")]
    Task LearnAsync(Immutable<TrainingStep> step);

    /// <summary>Takes a training example; when it completes, the weights of this silo have its effect. In lockstep alone.</summary>
    [Alias("LearnAtOnce")]
    Task LearnAtOnceAsync(Immutable<TrainingStep> step);

    /// <summary>The weights that were published last, as far as they are newer than those known.</summary>
    [Alias("Weights")]
    Task<PublishedWeights> WeightsAsync(long knownBlend, long knownRerank);
}

/// <summary>A training example on its way to the owner: as <see cref="Model.Blending.TrainingExample"/>, with movies by id.</summary>
[GenerateSerializer]
[Immutable]
[Alias("Cinegrain.TrainingStep")]
public sealed record TrainingStep
{
    /// <summary>User partition of the event.</summary>
    [Id(0)]
    public required int Partition { get; init; }

    /// <summary>Offset of the event in it.</summary>
    [Id(1)]
    public required long Offset { get; init; }

    /// <summary>Bucket of the weights.</summary>
    [Id(2)]
    public required int Bucket { get; init; }

    /// <summary>Place of the event's movie among the candidates, or −1.</summary>
    [Id(3)]
    public required int Target { get; init; }

    /// <summary>Ids of the candidates, best of stage 1 first.</summary>
    [Id(4)]
    public required string[] Movies { get; init; }

    /// <summary>Ids of the last movies of the history, newest first.</summary>
    [Id(5)]
    public required string[] History { get; init; }

    /// <summary>Columns of the features.</summary>
    [Id(6)]
    public required float[] Features { get; init; }

    /// <summary>Rank of the event's movie on the lists that the weights make; null where the test says nothing of them.</summary>
    [Id(7)]
    public int? Rank { get; init; }

    /// <summary>Its rank by popularity alone.</summary>
    [Id(8)]
    public int PopularityRank { get; init; }
}

/// <summary>Weights for the silos.</summary>
/// <param name="Blend">Stage 1 as stored (<see cref="Model.Blending.Blend.ToBytes"/>); null when nothing is newer.</param>
/// <param name="BlendSteps">Its version.</param>
/// <param name="Rerank">Stage 2 as stored; null when nothing is newer.</param>
/// <param name="RerankSteps">Its version.</param>
[GenerateSerializer]
[Immutable]
[Alias("Cinegrain.PublishedWeights")]
public sealed record PublishedWeights(
    [property: Id(0)] byte[]? Blend, [property: Id(1)] long BlendSteps, [property: Id(2)] byte[]? Rerank, [property: Id(3)] long RerankSteps);
