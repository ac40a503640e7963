using System.Collections.Concurrent;
using Cinegrain.Model.Blending;
using Cinegrain.Model.Catalogue;
using Cinegrain.Model.Ranking;

namespace Cinegrain.Model;

/// <summary>How a host wants lists made.</summary>
public sealed record ModelOptions
{
    /// <summary>Share of the places of each list, 0 to 0.5, that go to movies with few interactions. Off by default.</summary>
    public double ExploreShare { get; init; }

    /// <summary>Checks the ranges.</summary>
    /// <exception cref="ArgumentException">A value is out of its range; the message says which range.</exception>
    public ModelOptions Validate() => ExploreShare is >= 0 and <= 0.5
        ? this
        : throw new ArgumentException($"ExploreShare is {ExploreShare}: it must be from 0 to 0.5");
}

/// <summary>What all actors of one process share, read only to them: the index of movies, the catalogue view and the weights of the blend.</summary>
public sealed class SharedModel : IDisposable
{
    private readonly ConcurrentBag<Ranker> _rankers = [];
    private BlendWeights _weights = BlendWeights.Start;

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

    /// <summary>Weights in force; replaced as a whole by the owner of the blend.</summary>
    public BlendWeights Weights
    {
        get => Volatile.Read(ref _weights);
        set => Volatile.Write(ref _weights, value);
    }

    /// <inheritdoc/>
    public void Dispose() => View.Dispose();

    internal Ranker RentRanker() => _rankers.TryTake(out var ranker) ? ranker : new Ranker();

    internal void ReturnRanker(Ranker ranker) => _rankers.Add(ranker);
}
