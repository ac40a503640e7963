using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Cinegrain.Model.Ports;

namespace Cinegrain.Model.Events;

/// <summary>Writes what goes into the log, and reads what stands there: null, with what is wrong, where no actor can take it.</summary>
public static class LogRecords
{
    /// <summary>A record of <see cref="Topics.Interactions"/> as the JSON of <see cref="WireFormat"/>.</summary>
    /// <exception cref="ArgumentException">A number of it is none.</exception>
    public static byte[] ToBytes(UserRecord record) => record is Interaction interaction
        ? RecordWriter.Interaction(interaction)
        : JsonSerializer.SerializeToUtf8Bytes(record, WireFormat.Default.UserRecord);

    /// <summary>A record of <see cref="Topics.Signals"/> as the JSON of <see cref="WireFormat"/>.</summary>
    /// <exception cref="ArgumentException">A number of it is none.</exception>
    public static byte[] ToBytes(MovieRecord record) => record is Signal signal
        ? RecordWriter.Signal(signal)
        : JsonSerializer.SerializeToUtf8Bytes(record, WireFormat.Default.MovieRecord);

    /// <summary>Name of a kind in JSON, in UTF-8; empty when there is no such kind.</summary>
    public static ReadOnlySpan<byte> NameOf(InteractionKind kind) => kind switch
    {
        InteractionKind.Rate => "rate"u8,
        InteractionKind.Watch => "watch"u8,
        InteractionKind.Like => "like"u8,
        InteractionKind.Dislike => "dislike"u8,
        InteractionKind.Click => "click"u8,
        InteractionKind.Skip => "skip"u8,
        InteractionKind.Watchlist => "watchlist"u8,
        _ => default,
    };

    /// <summary>A record of <see cref="Topics.Interactions"/>.</summary>
    public static UserRecord? ParseUser(LogRecord raw, out string problem) =>
        Parse(raw, RecordReader.Interaction, WireFormat.Default.UserRecord, static record => record.User, RecordChecks.Problem, out problem);

    /// <summary>A record of <see cref="Topics.Signals"/>.</summary>
    public static MovieRecord? ParseMovie(LogRecord raw, out string problem) =>
        Parse(raw, RecordReader.Signal, WireFormat.Default.MovieRecord, static record => record.Movie, RecordChecks.Problem, out problem);

    /// <summary>A record of <see cref="Topics.Movies"/>: the entry, or null where it is withdrawn. False when it cannot be taken.</summary>
    public static bool TryParseEntry(LogRecord raw, out MovieMetadata? metadata)
    {
        metadata = null;
        if (raw.Value.IsEmpty)
        {
            return true;
        }

        try
        {
            metadata = JsonSerializer.Deserialize(raw.Value.Span, WireFormat.Default.MovieMetadata);
            return metadata is not null && metadata.Id == raw.Key && RecordChecks.Problem(metadata) is null;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    /// <summary>What is wrong with a record that <see cref="TryParseEntry"/> does not take.</summary>
    public const string NoEntry = "the record is not the JSON of a movie whose id is the key";

    private static TRecord? Parse<TRecord>(
        LogRecord raw,
        Func<ReadOnlySpan<byte>, TRecord?> usual,
        JsonTypeInfo<TRecord> any,
        Func<TRecord, string> keyOf,
        Func<TRecord, string?> check,
        out string problem)
        where TRecord : class
    {
        try
        {
            var parsed = usual(raw.Value.Span) ?? JsonSerializer.Deserialize(raw.Value.Span, any);
            problem = parsed is null ? "the record is null"
                : keyOf(parsed) != raw.Key ? "the key of the record is not that of its content"
                : check(parsed) ?? "";
            return problem.Length == 0 ? parsed : null;
        }
        catch (Exception exception) when (exception is JsonException or NotSupportedException or InvalidOperationException)
        {
            // The last as of a string that is no Unicode.
            problem = "the record is not JSON of a known kind with all required fields";
            return null;
        }
    }
}
