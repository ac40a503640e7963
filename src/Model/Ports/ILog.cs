namespace Cinegrain.Model.Ports;

/// <summary>Names of the topics of the log.</summary>
public static class Topics
{
    /// <summary>What users did; key = pseudonym; <see cref="Events.UserRecord"/>.</summary>
    public const string Interactions = "cinegrain.interactions";

    /// <summary>Interactions seen from their movie, and changes of the catalogue; key = movie; <see cref="Events.MovieRecord"/>.</summary>
    public const string Signals = "cinegrain.signals";

    /// <summary>Catalogue records; key = movie; <see cref="Events.MovieMetadata"/>, an empty value withdraws the movie. Compacted.</summary>
    public const string Movies = "cinegrain.movies";

    /// <summary>A movie's public traits, whole; key = movie; <see cref="Movies.TraitsCodec"/>. Compacted. In a cluster alone.</summary>
    public const string Catalog = "cinegrain.catalog";

    /// <summary>What changed of a movie's public traits; key = movie; <see cref="Movies.TraitsCodec"/>. In a cluster alone.</summary>
    public const string CatalogDeltas = "cinegrain.catalog-deltas";

    /// <summary>Raw interactions of third-party producers, before the gate; key = any. On Kafka alone.</summary>
    public const string Intake = "cinegrain.intake";

    /// <summary>Whose interactions are passed over; key = hash of the pseudonym. Compacted. On Kafka alone, which cannot remove them.</summary>
    public const string Erasures = "cinegrain.erasures";

    /// <summary>Refused input; key = source; <see cref="Events.RejectedInput"/>.</summary>
    public const string Rejected = "cinegrain.rejected";
}

/// <summary>A record to be appended.</summary>
/// <param name="Topic">One of <see cref="Topics"/>.</param>
/// <param name="Key">Decides the partition, by <see cref="Partitioner"/>.</param>
/// <param name="Value">Bytes of the value, which nobody changes any more; empty is a tombstone on a compacted topic.</param>
public readonly record struct LogEntry(string Topic, string Key, ReadOnlyMemory<byte> Value)
{
    /// <summary>The trace that the record belongs to (W3C <c>traceparent</c>); null for that of the call that appends it, where it is recorded.</summary>
    public string? TraceParent { get; init; }
}

/// <summary>Where a record stands.</summary>
public readonly record struct LogPosition(int Partition, long Offset);

/// <summary>A record as read.</summary>
/// <param name="Offset">Offset in its partition; offsets grow, and may have holes where records were erased or have expired.</param>
/// <param name="Key">Its key.</param>
/// <param name="Value">Its value; empty is a tombstone.</param>
/// <param name="ArrivedMs">Time of arrival, Unix milliseconds.</param>
public readonly record struct LogRecord(long Offset, string Key, ReadOnlyMemory<byte> Value, long ArrivedMs);

/// <summary>An append-only log of topics with numbered partitions.</summary>
public interface ILog
{
    /// <summary>Identity of this log, chosen when it was created; a store remembers it and refuses another log.</summary>
    string Identity { get; }

    /// <summary>Number of partitions of a topic; fixed when the log was created.</summary>
    int PartitionCount(string topic);

    /// <summary>
    /// Appends, in the order given. The task completes when all of it is durable, with the position of each entry. Appends of one
    /// caller to one partition land in the order of the calls, even when a call does not wait for the one before. A call that fails, is cancelled, or
    /// is cut off by the end of the process may leave a part of its entries: of those that go to one partition, the first so many, never one without
    /// those before it. What a replay need not emit again is told by this.
    /// </summary>
    /// <exception cref="UnavailableException">The log cannot be written now, or its queue is full; nothing was acknowledged.</exception>
    Task<LogPosition[]> AppendAsync(IReadOnlyList<LogEntry> entries, CancellationToken cancellationToken);

    /// <summary>
    /// Reads up to <paramref name="maximum"/> records of one partition at or after <paramref name="offset"/>, in order; waits while the
    /// offset is that of <see cref="End"/>. An empty answer says that what stood from the offset up to the end was erased or has expired: a reader
    /// goes on from the end that it saw before it asked.
    /// </summary>
    ValueTask<IReadOnlyList<LogRecord>> ReadAsync(string topic, int partition, long offset, int maximum, CancellationToken cancellationToken);

    /// <summary>Offset that the next record of the partition will get: everything durable is below it.</summary>
    long End(string topic, int partition);
}

/// <summary>A log of which a part can be read once, beside the readers that follow it.</summary>
public interface IScannableLog : ILog
{
    /// <summary>Reads a part of a partition; what was erased or has expired is passed over.</summary>
    /// <param name="from">First offset.</param>
    /// <param name="until">Offset to stop below.</param>
    /// <exception cref="UnavailableException">The log cannot be read now.</exception>
    IAsyncEnumerable<LogRecord> ScanAsync(string topic, int partition, long from, long until, CancellationToken cancellationToken);

    /// <summary>
    /// As <see cref="ILog.End"/>, asked of the log: what other processes append to a partition that this one does not read is in that alone.
    /// </summary>
    /// <exception cref="UnavailableException">The log cannot be read now.</exception>
    Task<long> AskEndAsync(string topic, int partition, CancellationToken cancellationToken);

    /// <summary>Has every reader pass over a user's interactions below an offset, from now on and after any restart.</summary>
    /// <exception cref="UnavailableException">Not now; try again.</exception>
    Task EraseUserAsync(string pseudonym, long below, CancellationToken cancellationToken);

    /// <summary>True when a record of <see cref="Topics.Interactions"/> is that of an erased user.</summary>
    bool IsErased(int partition, string pseudonym, long offset);

    /// <summary>Takes in a record of <see cref="Topics.Erasures"/> that another process wrote.</summary>
    void TakeErasure(LogRecord record);
}

/// <summary>Which partition a key belongs to; the same on every platform, for ever.</summary>
public static class Partitioner
{
    /// <summary>FNV-1a (32 bit, RFC 9923) over the UTF-8 bytes of the key, modulo the number of partitions.</summary>
    public static int Partition(string key, int partitions)
    {
        Span<byte> buffer = stackalloc byte[256];
        return Partition(key.Length <= 80 ? buffer[..System.Text.Encoding.UTF8.GetBytes(key, buffer)] : System.Text.Encoding.UTF8.GetBytes(key), partitions);
    }

    /// <inheritdoc cref="Partition(string, int)"/>
    public static int Partition(ReadOnlySpan<byte> key, int partitions)
    {
        uint hash = 2166136261;
        foreach (var b in key)
        {
            hash = (hash ^ b) * 16777619;
        }

        return (int)(hash % (uint)partitions);
    }
}

/// <summary>The log or the store is away or full; the caller should try again later (HTTP 503 with Retry-After at the edge).</summary>
public sealed class UnavailableException : Exception
{
    public UnavailableException(string message, TimeSpan retryAfter, Exception? inner = null)
        : base(message, inner) => RetryAfter = retryAfter;

    /// <summary>When it is worth trying again.</summary>
    public TimeSpan RetryAfter { get; }
}
