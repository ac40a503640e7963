using Orleans.Concurrency;

namespace Cinegrain.Grains;

/// <summary>A movie; key = catalogue id. It learns from its stream of <c>cinegrain.signals</c> and makes its traits public.</summary>
[Alias("Cinegrain.IMovieGrain")]
public interface IMovieGrain : IGrainWithStringKey
{
    /// <inheritdoc cref="IUserGrain.PersistAsync"/>
    [AlwaysInterleave]
    [ResponseTimeout("00:02:00")]
    [Alias("Persist")]
    Task<long> PersistAsync(long offset);
}
