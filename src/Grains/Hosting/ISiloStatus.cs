namespace Cinegrain.Grains.Hosting;

/// <summary>State of a silo, for its probes.</summary>
public interface ISiloStatus
{
    /// <summary>True while the silo takes part in its cluster with a whole view of the catalogue.</summary>
    bool IsReady { get; }
}
