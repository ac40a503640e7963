using Cinegrain.Embedded.Engine;

namespace Cinegrain.Standalone.Logs;

/// <summary>Where this host logs events.</summary>
internal interface IHostLog : IAsyncDisposable
{
    IErasableLog Log { get; }

    /// <summary>Completes when another process owns the log now, so that this one must stop; may never.</summary>
    Task Lost { get; }

    /// <summary>Removes what is older than its retention, but for what is still needed.</summary>
    /// <param name="needed">Lowest offsets that a restart needs.</param>
    /// <returns>Segments and single records that were removed.</returns>
    /// <exception cref="Model.Ports.UnavailableException">Not now.</exception>
    Task<(int Segments, int Records)> TrimAsync(
        IReadOnlyList<(string Topic, int Partition, long Offset)> needed, DateTimeOffset now, CancellationToken cancellationToken);

    /// <summary>Shows others how far this process is.</summary>
    /// <exception cref="Model.Ports.UnavailableException">Not now.</exception>
    Task ShowPositionsAsync(IReadOnlyList<(string Topic, int Partition, long Offset)> positions, CancellationToken cancellationToken);
}
