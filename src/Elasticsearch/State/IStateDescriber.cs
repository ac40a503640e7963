using System.Text.Json;
using Cinegrain.Model.Ports;

namespace Cinegrain.Elasticsearch;

/// <summary>Writes what analysts read of a state, beside its bytes.</summary>
internal interface IStateDescriber
{
    /// <summary>Writes fields into an open object; each is in the mapping of the kind's index.</summary>
    /// <param name="state">The state, no tombstone.</param>
    /// <param name="json">Where to.</param>
    void Describe(ActorState state, Utf8JsonWriter json);
}
