using System.Text.Json;
using Cinegrain.Model.Events;
using Cinegrain.Model.Ports;

namespace Cinegrain.Embedded.Engine;

/// <summary>Reads what stands in <see cref="Topics.Movies"/>.</summary>
public static class CatalogueRecords
{
    /// <summary>The movie's entry, or null where the record withdraws it; false for what is no record of the catalogue.</summary>
    public static bool TryParse(LogRecord record, out MovieMetadata? metadata)
    {
        metadata = null;
        if (record.Value.IsEmpty)
        {
            return true;
        }

        try
        {
            metadata = JsonSerializer.Deserialize(record.Value.Span, WireFormat.Default.MovieMetadata);
            return metadata is not null && metadata.Id == record.Key && RecordChecks.Problem(metadata) is null;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
