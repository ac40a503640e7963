using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Cinegrain.Model.Events;
using Cinegrain.Model.Ports;

namespace Cinegrain.Gateway.Hosting;

/// <summary>Entries of the catalogue by id.</summary>
internal sealed class MovieTable
{
    private readonly ConcurrentDictionary<string, MovieMetadata> _movies = new(StringComparer.Ordinal);

    public int Count => _movies.Count;

    public IEnumerable<MovieMetadata> All => _movies.Select(movie => movie.Value);

    public bool TryGet(string id, [NotNullWhen(true)] out MovieMetadata? metadata) => _movies.TryGetValue(id, out metadata);

    /// <summary>Takes a record of the log; one that cannot be read is told by the silo that hands it on.</summary>
    public void Take(LogRecord record)
    {
        if (!LogRecords.TryParseEntry(record, out var metadata))
        {
            return;
        }

        if (metadata is null)
        {
            _movies.TryRemove(record.Key, out _);
        }
        else
        {
            _movies[record.Key] = metadata;
        }
    }
}
