using System.Text.Json;
using Cinegrain.Model.Catalogue;
using Cinegrain.Model.Events;
using Cinegrain.Model.Movies;
using Cinegrain.Model.Ports;
using Cinegrain.Model.Users;
using Cinegrain.Simulation.Tests.Storage;

namespace Cinegrain.Simulation.Tests;

/// <summary>
/// A run that is never killed: it applies each record at the moment at which it is durable. Begins again from what the log holds when the store is
/// lost. It knows users, the signals that they must set off, and statistics; movies are made from those at the end.
/// </summary>
internal sealed class Reference(int userPartitions) : IPopularity
{
    private readonly MovieIndex _index = new();
    private readonly Partition[] _partitions = [.. Enumerable.Range(0, userPartitions).Select(partition => new Partition(partition))];
    private readonly Dictionary<string, MovieMetadata?> _catalogue = [];

    public IReadOnlyDictionary<string, UserState> Users(int partition) => _partitions[partition].Users;

    public IEnumerable<UserState> AllUsers => _partitions.SelectMany(partition => partition.Users.Values);

    /// <summary>Signals that the events of a partition set off, by offset of the event.</summary>
    public IReadOnlyDictionary<long, Signal> Signals(int partition) => _partitions[partition].Signals;

    /// <summary>Readable records of a partition, by offset: who is in them.</summary>
    public IReadOnlyDictionary<long, string> Records(int partition) => _partitions[partition].Records;

    public (long Users, long Interactions) Statistics(int partition) => (_partitions[partition].Users.Count, _partitions[partition].Interactions);

    /// <summary>Last entry of each movie that ever was in the catalogue; null when it was withdrawn.</summary>
    public IReadOnlyDictionary<string, MovieMetadata?> Catalogue => _catalogue;

    float IPopularity.Discount(int movie) => 1;

    /// <summary>What the log holds, from its beginning.</summary>
    public static Reference Of(LogDisk log)
    {
        var reference = new Reference(log[Topics.Interactions].Length);
        foreach (var topic in new[] { Topics.Interactions, Topics.Movies })
        {
            for (var partition = 0; partition < log[topic].Length; partition++)
            {
                foreach (var record in log[topic][partition].Records)
                {
                    if (record is not null)
                    {
                        reference.Take(topic, partition, record.Value);
                    }
                }
            }
        }

        return reference;
    }

    public void Take(string topic, int partition, LogRecord record)
    {
        if (topic == Topics.Interactions && Parse(record) is { } parsed)
        {
            _partitions[partition].Take(record, parsed, _index);
        }
        else if (topic == Topics.Movies && TryParseMetadata(record, out var metadata))
        {
            _catalogue[record.Key] = metadata;
        }
    }

    /// <summary>Movies that were never killed, by id; versions mean nothing.</summary>
    public Dictionary<string, MovieState> Movies()
    {
        var movies = new Dictionary<string, MovieState>();
        var delta = new TraitsDelta();
        foreach (var signal in _partitions.SelectMany(partition => partition.Signals.OrderBy(signal => signal.Key).Select(signal => signal.Value)))
        {
            Apply(signal);
        }

        foreach (var (movie, metadata) in _catalogue)
        {
            Apply(new CatalogueChange { Movie = movie, Metadata = metadata });
        }

        return movies;

        void Apply(MovieRecord record)
        {
            if (!movies.TryGetValue(record.Movie, out var movie))
            {
                movies[record.Movie] = movie = new MovieState(record.Movie, _index);
            }

            movie.Apply(movie.Version, record, this, delta);
        }
    }

    /// <summary>The record of a user, or null when it is none.</summary>
    public static UserRecord? Parse(LogRecord record)
    {
        try
        {
            return JsonSerializer.Deserialize(record.Value.Span, WireFormat.Default.UserRecord) is { } parsed && parsed.User == record.Key
                && parsed is not Interaction { Kind: < 0 or > InteractionKind.Watchlist } && parsed is not Interaction { Genres: [null] } && parsed.At.Year is > 1970 and < 2100
                ? parsed : null;
        }
        catch (Exception exception) when (exception is JsonException or NotSupportedException)
        {
            return null;
        }
    }

    /// <summary>The record of a movie, or null when it is none.</summary>
    public static MovieRecord? ParseMovie(LogRecord record)
    {
        try
        {
            return JsonSerializer.Deserialize(record.Value.Span, WireFormat.Default.MovieRecord) is { } parsed && parsed.Movie == record.Key
                && parsed is not Signal { Source: { Partition: < 0 } or { Offset: < 0 } } && parsed is not Signal { Context: [null] } ? parsed : null;
        }
        catch (Exception exception) when (exception is JsonException or NotSupportedException)
        {
            return null;
        }
    }

    private static bool TryParseMetadata(LogRecord record, out MovieMetadata? metadata)
    {
        metadata = null;
        if (record.Value.IsEmpty)
        {
            return true;
        }

        try
        {
            metadata = JsonSerializer.Deserialize(record.Value.Span, WireFormat.Default.MovieMetadata);
            return metadata?.Id == record.Key && metadata.Genres is not [null];
        }
        catch (Exception exception) when (exception is JsonException or NotSupportedException)
        {
            return false;
        }
    }

    private sealed class Partition(int partition)
    {
        public Dictionary<string, UserState> Users { get; } = [];

        public Dictionary<long, Signal> Signals { get; } = [];

        public Dictionary<long, string> Records { get; } = [];

        public long Interactions { get; private set; }

        public void Take(LogRecord record, UserRecord parsed, MovieIndex index)
        {
            if (!Users.TryGetValue(parsed.User, out var user))
            {
                Users[parsed.User] = user = new UserState(parsed.User, index);
            }

            Records.Add(record.Offset, parsed.User);
            Interactions += parsed is Interaction ? 1 : 0;
            if (user.Apply(record.Offset, parsed) && parsed is Interaction learned)
            {
                Signals.Add(record.Offset, user.Signal(learned, new SignalSource(0, partition, record.Offset, 0)));
            }
        }
    }
}
