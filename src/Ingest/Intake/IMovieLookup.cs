using System.Diagnostics.CodeAnalysis;
using Cinegrain.Model.Events;

namespace Cinegrain.Ingest;

/// <summary>What the intake asks of the catalogue. Implemented by the host; called for every line, from any thread.</summary>
public interface IMovieLookup
{
    /// <summary>The catalogue entry of a movie as known now; false when there is none, or it was withdrawn.</summary>
    bool TryGet(string id, [NotNullWhen(true)] out MovieMetadata? metadata);
}
