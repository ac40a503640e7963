using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using Cinegrain.Model.Events;
using Cinegrain.Model.Ports;
using Microsoft.Extensions.Logging;

namespace Cinegrain.Elasticsearch;

/// <summary>
/// A document for each interaction, in the index of the day on which it arrived. Users who withdrew consent get none; those who are erased lose
/// theirs.
/// </summary>
public sealed class InteractionDocuments : LogDocuments
{
    private readonly ILog _log;
    private readonly Func<string, string?> _title;
    private readonly TimeProvider _time;
    private readonly ConcurrentDictionary<string, (int Partition, long UpTo)> _erased = new(StringComparer.Ordinal);
    private readonly HashSet<string>[] _withdrawn;
    private readonly long[] _withdrawnVersion;

    /// <param name="client">How Elasticsearch is reached.</param>
    /// <param name="log">Where the interactions are.</param>
    /// <param name="store">Where positions are kept.</param>
    /// <param name="title">Title of a movie; null when there is none.</param>
    public InteractionDocuments(
        ElasticsearchClient client, ILog log, IStateStore store, Func<string, string?> title, ILogger<InteractionDocuments> logger)
        : base(client, log, store, Topics.Interactions, "interactions", logger)
    {
        (_log, _title, _time) = (log, title, client.Time);
        _withdrawn = [.. Enumerable.Range(0, log.PartitionCount(Topics.Interactions)).Select(_ => new HashSet<string>(StringComparer.Ordinal))];
        _withdrawnVersion = new long[_withdrawn.Length];
    }

    /// <summary>Removes every document of a user whose record is below an offset, those in flight too. May be repeated.</summary>
    /// <param name="user">Pseudonym.</param>
    /// <param name="partition">The user's partition.</param>
    /// <param name="upToOffset">What stands at or above it may have come back since and stays.</param>
    /// <exception cref="UnavailableException">Not all is removed; try again.</exception>
    public async Task EraseAsync(string user, int partition, long upToOffset, CancellationToken cancellationToken)
    {
        // From here on the reader drops what it has read and not written.
        _erased.AddOrUpdate(user, (partition, upToOffset), (_, before) => (partition, Math.Max(before.UpTo, upToOffset)));
        using (await HoldAsync(partition, cancellationToken))
        {
            try
            {
                await DeleteAsync(user, partition, upToOffset, cancellationToken);
                await LoadWithdrawnAsync(partition, cancellationToken);
                if (_withdrawn[partition].Remove(user))
                {
                    await StoreWithdrawnAsync(partition, cancellationToken);
                }
            }
            catch (ElasticsearchException exception)
            {
                throw exception.ForCaller();
            }
        }
    }

    private protected override Task InitialiseAsync(int partition, CancellationToken cancellationToken) => LoadWithdrawnAsync(partition, cancellationToken);

    private protected override void Passed(int partition, long position)
    {
        foreach (var (user, erasure) in _erased)
        {
            if (erasure.Partition == partition && erasure.UpTo <= position)
            {
                _erased.TryRemove(KeyValuePair.Create(user, erasure));
            }
        }
    }

    private protected override bool Add(int partition, LogRecord record, BulkBatch batch)
    {
        // What no actor can take has no document: the user's reader puts it to the rejected input, with its reason.
        switch (LogRecords.ParseUser(record, out _))
        {
            case Erasure:
            case ConsentChange consent when consent.Learning == _withdrawn[partition].Contains(record.Key):
                return true;
            case Interaction interaction when !_withdrawn[partition].Contains(interaction.User)
                && !(_erased.TryGetValue(interaction.User, out var erased) && record.Offset < erased.UpTo):
                Write(partition, record, interaction, batch);
                return false;
            default:
                return false;
        }
    }

    private protected override async Task SettleAsync(int partition, LogRecord record, CancellationToken cancellationToken)
    {
        var parsed = LogRecords.ParseUser(record, out _);
        if (parsed is Erasure)
        {
            await DeleteAsync(record.Key, partition, record.Offset + 1, cancellationToken);
        }

        if (parsed is ConsentChange { Learning: false } ? _withdrawn[partition].Add(record.Key) : _withdrawn[partition].Remove(record.Key))
        {
            // Before the position passes the record, so a crash in between repeats it.
            await StoreWithdrawnAsync(partition, cancellationToken);
        }
    }

    private async Task LoadWithdrawnAsync(int partition, CancellationToken cancellationToken)
    {
        if (_withdrawnVersion[partition] == 0)
        {
            var stored = await Store.LoadAsync(ActorKind.Singleton, [WithdrawnId(partition)], cancellationToken);
            _withdrawn[partition].UnionWith(Encoding.UTF8.GetString((stored[0]?.State ?? default).Span).Split('\n', StringSplitOptions.RemoveEmptyEntries));
            _withdrawnVersion[partition] = Math.Max(1, stored[0]?.Version ?? 0);
        }
    }

    /// <summary>A line for each user. No line is a tombstone.</summary>
    private async Task StoreWithdrawnAsync(int partition, CancellationToken cancellationToken)
    {
        var lines = Encoding.UTF8.GetBytes(string.Concat(_withdrawn[partition].Select(user => $"{user}\n")));
        var version = ++_withdrawnVersion[partition];
        await Store.WriteAsync([new ActorState(ActorKind.Singleton, WithdrawnId(partition), version, lines)], null, cancellationToken);
    }

    private protected override Task RejectAsync(
        int partition, IReadOnlyList<BulkFailure> rejected, IReadOnlyList<long> offsets, CancellationToken cancellationToken)
    {
        var entries = rejected.Select(failure => new LogEntry(
            Topics.Rejected,
            $"{Topic}/{partition}",
            JsonSerializer.SerializeToUtf8Bytes(
                new RejectedInput
                {
                    Source = $"{Topic}/{partition}",
                    Reason = "document-refused",
                    Detail = $"Elasticsearch does not take the document of an interaction ({failure.Type}); it was learned, analysts do not see it",
                    Line = offsets[failure.Item],
                    At = _time.GetUtcNow(),
                },
                WireFormat.Default.RejectedInput))).ToList();
        return UntilDoneAsync("appending rejected documents", () => _log.AppendAsync(entries, cancellationToken), cancellationToken);
    }

    private static string WithdrawnId(int partition) => $"documents/withdrawn/{partition}";

    private void Write(int partition, LogRecord record, Interaction interaction, BulkBatch batch)
    {
        // A caller's id is unique within its user alone.
        var json = batch.Begin(
            Series.IndexOf(DateTimeOffset.FromUnixTimeMilliseconds(record.ArrivedMs)),
            interaction.Idempotent ? $"{interaction.User}/{interaction.Id}" : interaction.Id);
        json.WriteStartObject();
        json.WriteNumber("@timestamp"u8, interaction.At.ToUnixTimeMilliseconds());
        json.WriteNumber("arrived_at"u8, record.ArrivedMs);
        json.WriteString("user"u8, interaction.User);
        json.WriteString("movie"u8, interaction.Movie);
        if (_title(interaction.Movie) is { } title)
        {
            json.WriteString("title"u8, title);
        }

        json.WriteString("kind"u8, LogRecords.NameOf(interaction.Kind));
        if (interaction.Value is { } value)
        {
            json.WriteNumber("value"u8, value);
        }

        json.WriteNumber("preference"u8, interaction.Preference);
        WriteStrings(json, "genres"u8, interaction.Genres);
        if (interaction.Year is { } year)
        {
            json.WriteNumber("year"u8, year);
            json.WriteString("decade"u8, $"{year / 10}0s");
        }

        if (interaction.Language is { } language)
        {
            json.WriteString("language"u8, language);
        }

        WriteStrings(json, "people"u8, interaction.People);
        json.WriteNumber("partition"u8, partition);
        json.WriteNumber("offset"u8, record.Offset);
        json.WriteEndObject();
        batch.End();
    }

    private static void WriteStrings(Utf8JsonWriter json, ReadOnlySpan<byte> name, IReadOnlyList<string> values)
    {
        json.WriteStartArray(name);
        foreach (var value in values)
        {
            json.WriteStringValue(value);
        }

        json.WriteEndArray();
    }

    private async Task DeleteAsync(string user, int partition, long upToOffset, CancellationToken cancellationToken)
    {
        using var refreshed = await AskAsync(HttpMethod.Post, $"{Series.Alias}/_refresh?ignore_unavailable=true", null, cancellationToken);
        if (refreshed.RootElement.GetProperty("_shards").GetProperty("failed").GetInt64() > 0)
        {
            throw new ElasticsearchException(ElasticsearchFailure.Unavailable, "not all documents of an erased user can be seen");
        }

        string[] filters =
        [
            $"{{\"term\":{{\"user\":{JsonText.Quote(user)}}}}}",
            $"{{\"term\":{{\"partition\":{partition}}}}}",
            $"{{\"range\":{{\"offset\":{{\"lt\":{upToOffset}}}}}}}",
        ];
        var query = $"{{\"query\":{{\"bool\":{{\"filter\":[{string.Join(',', filters)}]}}}}}}";
        using var answer = await AskAsync(
            HttpMethod.Post,
            $"{Series.Alias}/_delete_by_query?ignore_unavailable=true&allow_no_indices=true&refresh=true&conflicts=proceed",
            query,
            cancellationToken);
        if ((answer.RootElement.TryGetProperty("failures", out var failures) && failures.GetArrayLength() > 0)
            || (answer.RootElement.TryGetProperty("version_conflicts", out var conflicts) && conflicts.GetInt64() > 0))
        {
            throw new ElasticsearchException(ElasticsearchFailure.Unavailable, "not all documents of an erased user could be deleted");
        }
    }
}
