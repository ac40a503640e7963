using System.Collections.Concurrent;
using Cinegrain.Model.Blending;
using Cinegrain.Model.Catalogue;
using Cinegrain.Model.Measuring;
using Cinegrain.Model.Ranking;
using Cinegrain.Model.Reranking;

namespace Cinegrain.Model;

/// <summary>How a host wants lists made.</summary>
public sealed record ModelOptions
{
    /// <summary>Share of the places of each list, 0 to 0.5, that go to movies with few interactions. Off by default.</summary>
    public double ExploreShare { get; init; }

    /// <summary>Share of the users, 0 to 1, chosen by a hash of the pseudonym, whose lists are those of stage 1 alone.</summary>
    public double Stage1Share { get; init; }

    /// <summary>Seed of the first weights of stage 2.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>Groups of features, or parts of the model, that stage 2 does without (<see cref="RerankFeatures.Groups"/>), for ablation.</summary>
    public IReadOnlyList<string> Ablate { get; init; } = [];

    internal IReadOnlyList<int> AblatedFeatures => [.. Ablate.SelectMany(group => RerankFeatures.Groups[group])];

    internal bool Ablates(string group) => Ablate.Contains(group, StringComparer.OrdinalIgnoreCase);

    /// <summary>Checks the ranges.</summary>
    /// <exception cref="ArgumentException">A value is out of its range; the message says which range.</exception>
    public ModelOptions Validate() =>
        ExploreShare is not (>= 0 and <= 0.5) ? throw new ArgumentException($"ExploreShare is {ExploreShare}: it must be from 0 to 0.5")
        : Stage1Share is not (>= 0 and <= 1) ? throw new ArgumentException($"Stage1Share is {Stage1Share}: it must be from 0 to 1")
        : Ablate.FirstOrDefault(group => !RerankFeatures.Groups.ContainsKey(group)) is { } unknown
            ? throw new ArgumentException($"there is no group of features '{unknown}'; there are {string.Join(", ", RerankFeatures.Groups.Keys)}")
        : this;
}

/// <summary>What all actors of one process share, read only to them: the index of movies, the catalogue view and the weights of the blend.</summary>
public sealed class SharedModel : IDisposable
{
    private readonly ConcurrentBag<TwoStageRanker> _rankers = [];
    private BlendWeights _weights = BlendWeights.Start;
    private RerankWeights _rerank = RerankWeights.Start;

    public SharedModel(ModelOptions options)
    {
        Options = options.Validate();
        View = new CatalogueView(Index);
    }

    /// <summary>How lists are made.</summary>
    public ModelOptions Options { get; }

    /// <summary>Handles of the movies.</summary>
    public MovieIndex Index { get; } = new();

    /// <summary>The catalogue as this process sees it.</summary>
    public CatalogueView View { get; }

    /// <summary>What this process notes of the lists of each variant.</summary>
    public VariantMonitor Monitor { get; } = new();

    /// <summary>Weights of stage 2 in force; replaced as a whole by their owner.</summary>
    public RerankWeights Rerank
    {
        get => Volatile.Read(ref _rerank);
        set => Volatile.Write(ref _rerank, value);
    }

    /// <summary>Weights of stage 1 in force; replaced as a whole by the owner of the blend.</summary>
    public BlendWeights Weights
    {
        get => Volatile.Read(ref _weights);
        set => Volatile.Write(ref _weights, value);
    }

    /// <summary>Which variant of the model a user's lists are made by.</summary>
    public ModelVariant VariantOf(string user) =>
        Options.Stage1Share > 0 && StableHash.ToUnit(StableHash.Of(StableHash.Of(user), VariantSalt)) < Options.Stage1Share
            ? ModelVariant.Stage1
            : ModelVariant.Stage2;

    // Apart from the hash that chooses the users whose events are tested.
    private const ulong VariantSalt = 0x7661_7269_616e_74;

    /// <inheritdoc/>
    public void Dispose() => View.Dispose();

    internal TwoStageRanker RentRanker() => _rankers.TryTake(out var ranker) ? ranker : new TwoStageRanker();

    internal void ReturnRanker(TwoStageRanker ranker) => _rankers.Add(ranker);
}
