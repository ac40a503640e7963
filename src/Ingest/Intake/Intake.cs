using System.Text.Json;
using Cinegrain.Model.Events;
using Cinegrain.Model.Ports;

namespace Cinegrain.Ingest;

/// <summary>
/// The way in: judges lines, gives them ids and appends them. An id that the caller chose (or an idempotency key) makes a line idempotent:
/// a repeat is answered like the first time, with the same id and position and counted as accepted, and appends nothing. Ids are
/// apart for each user. Safe for concurrent use.
/// </summary>
public sealed class Intake
{
    private readonly ILog _log;
    private readonly TimeProvider _time;
    private readonly QualityGate _gate;
    private readonly RememberedIds _remembered;

    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public Intake(ILog log, IMovieLookup movies, Pseudonymizer pseudonymizer, TimeProvider time, IntakeOptions options)
    {
        ArgumentNullException.ThrowIfNull(log);
        ArgumentNullException.ThrowIfNull(movies);
        ArgumentNullException.ThrowIfNull(pseudonymizer);
        ArgumentNullException.ThrowIfNull(time);
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        _log = log;
        _time = time;
        _gate = new QualityGate(movies, pseudonymizer, options);
        _remembered = new RememberedIds(options.RememberedIds);
    }

    /// <summary>
    /// Appends what passes the gate, and what does not to <see cref="Topics.Rejected"/>, in one append. Completes when all of it is durable.
    /// </summary>
    /// <param name="lines">Lines, with the raw user ids.</param>
    /// <param name="idempotencyKey">Key of the caller's, by the rules of ids; ids are then made from user, key and line number. A line's own <c>id</c> goes first.</param>
    /// <param name="source">Where the lines come from, such as <c>api</c>; the key of rejected records.</param>
    /// <exception cref="ArgumentException">The idempotency key is not an id; the message says why.</exception>
    /// <exception cref="UnavailableException">The log cannot take it now; nothing was acknowledged and nothing is remembered.</exception>
    public async Task<IntakeReceipt> SubmitAsync(
        IReadOnlyList<IntakeLine> lines, string? idempotencyKey, string source, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(lines);
        ArgumentException.ThrowIfNullOrEmpty(source);
        if (idempotencyKey is not null)
        {
            ReadOnlySpan<char> key = idempotencyKey;
            if (Pseudonymizer.Check(ref key, "Idempotency-Key") is { } wrong)
            {
                throw new ArgumentException(wrong, nameof(idempotencyKey));
            }

            idempotencyKey = key.ToString();
        }

        var batch = Judge(lines, idempotencyKey, source);
        var positions = batch.Entries.Count == 0 ? [] : await _log.AppendAsync(batch.Entries, cancellationToken);
        return Acknowledge(batch, positions);
    }

    /// <summary>Appends a record that is no interaction. Completes when it is durable.</summary>
    /// <returns>Where it stands; <see cref="LogPositions.Format"/> makes the text of it that <c>after</c> takes.</returns>
    /// <exception cref="ArgumentException">An interaction, which has to pass the gate.</exception>
    /// <exception cref="UnavailableException">The log cannot take it now.</exception>
    public async Task<LogPosition> AppendControlAsync(UserRecord record, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(record);
        if (record is Interaction)
        {
            throw new ArgumentException("an interaction goes through SubmitAsync", nameof(record));
        }

        var positions = await _log.AppendAsync([Entry(record)], cancellationToken);
        return positions[0];
    }

    /// <summary>
    /// Takes an interaction that stands in the log already as if this intake had appended it: a repeat under the same id of the caller's appends nothing.
    /// </summary>
    public void Remember(Interaction interaction, LogPosition position)
    {
        ArgumentNullException.ThrowIfNull(interaction);
        if (interaction.Idempotent && Ulid.TryParse(interaction.Id, out var id))
        {
            _remembered.Add(System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(id.ToByteArray()), position);
        }
    }

    private static LogEntry Entry(UserRecord record) => new(
        Topics.Interactions, record.User, LogRecords.ToBytes(record));

    private Batch Judge(IReadOnlyList<IntakeLine> lines, string? idempotencyKey, string source)
    {
        var now = DateTimeOffset.FromUnixTimeMilliseconds(_time.GetUtcNow().ToUnixTimeMilliseconds());
        var batch = new Batch(lines.Count);
        HashSet<UInt128>? chosen = null;
        foreach (var line in lines)
        {
            var verdict = _gate.Judge(line, idempotencyKey, now);
            if (verdict.Accepted is { } interaction)
            {
                batch.Ids.Add(interaction.Id);
                if (verdict.ChosenId is { } id)
                {
                    if (_remembered.TryGet(id, out var position))
                    {
                        batch.Repeats.Add(position);
                        continue;
                    }

                    if (!(chosen ??= []).Add(id))
                    {
                        batch.RepeatsWithin++;
                        continue;
                    }

                    batch.Chosen.Add((id, batch.Entries.Count));
                }

                batch.Accepted.Add(batch.Entries.Count);
                batch.Entries.Add(Entry(interaction));
            }
            else
            {
                var rejection = verdict.Rejected!;
                batch.Rejected.Add(new RejectedLine(line.Number, rejection.Reason, rejection.Detail));
                var record = new RejectedInput
                {
                    Source = source,
                    Reason = rejection.Reason,
                    Detail = rejection.Detail,
                    Line = line.Number,
                    At = now,
                    User = rejection.User,
                    Fields = rejection.Fields,
                };
                batch.Entries.Add(new LogEntry(Topics.Rejected, source, JsonSerializer.SerializeToUtf8Bytes(record, WireFormat.Default.RejectedInput)));
            }
        }

        return batch;
    }

    private IntakeReceipt Acknowledge(Batch batch, LogPosition[] positions)
    {
        foreach (var (id, entry) in batch.Chosen)
        {
            _remembered.Add(id, positions[entry]);
        }

        IntakeMetrics.Accepted.Add(batch.Accepted.Count);
        if (batch.Repeats.Count + batch.RepeatsWithin > 0)
        {
            IntakeMetrics.Repeated.Add(batch.Repeats.Count + batch.RepeatsWithin);
        }

        foreach (var rejected in batch.Rejected)
        {
            IntakeMetrics.Rejected.Add(1, new KeyValuePair<string, object?>("reason", rejected.Reason));
        }

        var position = LogPositions.Of(batch.Accepted.Select(entry => positions[entry]).Concat(batch.Repeats));
        return new IntakeReceipt(batch.Ids.Count, batch.Ids, position.ToString(), batch.Rejected);
    }

    private sealed class Batch(int capacity)
    {
        public List<LogEntry> Entries { get; } = new(capacity);

        /// <summary>Indexes of the entries that are interactions.</summary>
        public List<int> Accepted { get; } = new(capacity);

        public List<string> Ids { get; } = new(capacity);

        /// <summary>Ids chosen by the caller, each with the index of its entry.</summary>
        public List<(UInt128 Id, int Entry)> Chosen { get; } = [];

        /// <summary>Positions of what earlier requests appended.</summary>
        public List<LogPosition> Repeats { get; } = [];

        /// <summary>Lines that repeat another one of this request.</summary>
        public int RepeatsWithin { get; set; }

        public List<RejectedLine> Rejected { get; } = [];
    }
}
