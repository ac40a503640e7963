using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using Cinegrain.Api.Movies;
using Cinegrain.Cli.Client;
using Cinegrain.Ingest;
using Cinegrain.Kafka;
using Cinegrain.Model.Events;
using Cinegrain.Model.Ports;

namespace Cinegrain.Cli.Importing;

/// <summary>
/// The topics of Kafka, written as a server's intake writes them: the same gate, pseudonyms and enrichment. What is in the log already is read first, so that
/// an import that was cut off, or comes twice, adds only what is missing; and what landed of an append that failed is read back before it is sent again.
/// </summary>
internal sealed class KafkaTarget : IImportTarget, IMovieLookup
{
    private const int MostAttempts = 10, MostRemembered = 10_000_000;
    private const string Source = "import";

    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(1);

    private readonly KafkaLogOptions _options;
    private readonly TimeProvider _time;
    private readonly Dictionary<string, MovieMetadata> _movies = new(StringComparer.Ordinal);
    private readonly CurrentLog _log;
    private readonly Intake _intake;
    private readonly long[] _read;
    private bool _isBroken;

    private KafkaTarget(KafkaLogOptions options, Pseudonymizer pseudonyms, KafkaLog log, TimeProvider time)
    {
        (_options, _time, _log) = (options, time, new CurrentLog(log));
        _read = new long[log.PartitionCount(Topics.Interactions)];
        _intake = new Intake(_log, this, pseudonyms, time, new IntakeOptions { RememberedIds = MostRemembered });
    }

    /// <summary>Opens the log, and reads its catalogue and the ids of its interactions.</summary>
    /// <exception cref="CommandException">The brokers do not answer, or the topics are not as they must be.</exception>
    public static async Task<KafkaTarget> OpenAsync(
        KafkaLogOptions options, Pseudonymizer pseudonyms, TimeProvider time, IProgressBoard board, CancellationToken cancellationToken)
    {
        KafkaTarget? target = null;
        try
        {
            target = new KafkaTarget(options, pseudonyms, await KafkaLog.OpenAsync(options, time, null, cancellationToken).ConfigureAwait(false), time);
            await target.ReadMoviesAsync(cancellationToken).ConfigureAwait(false);
            await target.ReadInteractionsAsync(board, cancellationToken).ConfigureAwait(false);
            return target;
        }
        catch (Exception error)
        {
            if (target is not null)
            {
                await target.DisposeAsync().ConfigureAwait(false);
            }

            if (error is KafkaSetupException or UnavailableException or ArgumentException)
            {
                throw new CommandException(error.Message, error);
            }

            throw;
        }
    }

    public Task<Receipt> PutMoviesAsync(LineBatch movies, CancellationToken cancellationToken) => UntilTakenAsync(
        async () =>
        {
            var (judged, rejected) = MovieGate.Judge(movies.Lines);
            await _log.AppendAsync(
                [.. judged.Select(movie => new LogEntry(Topics.Movies, movie.Id, JsonSerializer.SerializeToUtf8Bytes(movie, WireFormat.Default.MovieMetadata)))],
                cancellationToken).ConfigureAwait(false);
            foreach (var movie in judged)
            {
                _movies[movie.Id] = movie;
            }

            return new Receipt(judged.Count, Refused(rejected));
        },
        cancellationToken);

    public Task<Receipt> SubmitAsync(LineBatch interactions, string idempotencyKey, CancellationToken cancellationToken) => UntilTakenAsync(
        async () =>
        {
            var receipt = await _intake.SubmitAsync(interactions.Lines, idempotencyKey, Source, cancellationToken).ConfigureAwait(false);
            return new Receipt(receipt.Accepted, Refused(receipt.Rejected), receipt.Position is { Length: > 0 } position ? position : null);
        },
        cancellationToken);

    public bool TryGet(string id, [NotNullWhen(true)] out MovieMetadata? metadata) => _movies.TryGetValue(id, out metadata);

    public ValueTask DisposeAsync() => _log.Opened.DisposeAsync();

    private static List<RefusedLine> Refused(IReadOnlyList<RejectedLine> rejected) => [.. rejected.Select(line => new RefusedLine(line.Line, line.Reason, line.Detail))];

    private async Task<Receipt> UntilTakenAsync(Func<Task<Receipt>> attempt, CancellationToken cancellationToken)
    {
        for (var attempts = 1; ; attempts++)
        {
            try
            {
                if (_isBroken)
                {
                    await ReopenAsync(cancellationToken).ConfigureAwait(false);
                }

                return await attempt().ConfigureAwait(false);
            }
            catch (UnavailableException error)
            {
                _isBroken = true;
                if (attempts == MostAttempts)
                {
                    throw new CommandException(
                        $"Kafka at {_options.Bootstrap} takes no more ({error.Message}): look after the brokers, then run this again. It goes on where it was.", error);
                }

                await Task.Delay(error.RetryAfter < LongestWait ? error.RetryAfter : LongestWait, _time, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Opens the log again, which tells where it ends, and reads what landed without an answer.</summary>
    private async Task ReopenAsync(CancellationToken cancellationToken)
    {
        var opened = await KafkaLog.OpenAsync(_options, _time, null, cancellationToken).ConfigureAwait(false);
        await _log.Opened.DisposeAsync().ConfigureAwait(false);
        _log.Opened = opened;
        await ReadInteractionsAsync(null, cancellationToken).ConfigureAwait(false);
        _isBroken = false;
    }

    private async Task ReadMoviesAsync(CancellationToken cancellationToken)
    {
        for (var partition = 0; partition < _log.PartitionCount(Topics.Movies); partition++)
        {
            await foreach (var record in _log.Opened.ScanAsync(Topics.Movies, partition, 0, _log.End(Topics.Movies, partition), cancellationToken).ConfigureAwait(false))
            {
                if (!LogRecords.TryParseEntry(record, out var movie))
                {
                    continue;
                }

                if (movie is null)
                {
                    _movies.Remove(record.Key);
                }
                else
                {
                    _movies[record.Key] = movie;
                }
            }
        }
    }

    private async Task ReadInteractionsAsync(IProgressBoard? board, CancellationToken cancellationToken)
    {
        var ends = _read.Select((_, partition) => _log.End(Topics.Interactions, partition)).ToArray();
        var meter = board?.Begin("Reading the log", ends.Sum());
        var done = 0L;
        for (var partition = 0; partition < ends.Length; partition++)
        {
            await foreach (var record in _log.Opened.ScanAsync(Topics.Interactions, partition, _read[partition], ends[partition], cancellationToken).ConfigureAwait(false))
            {
                // What is no interaction of ours the server puts aside.
                if (LogRecords.ParseUser(record, out _) is Interaction interaction)
                {
                    _intake.Remember(interaction, new LogPosition(partition, record.Offset));
                }

                if (++done % LineBatch.MostLines == 0)
                {
                    meter?.Report(done);
                }
            }

            _read[partition] = ends[partition];
        }

        meter?.Report(ends.Sum());
    }

    /// <summary>The log as it is open now.</summary>
    private sealed class CurrentLog(KafkaLog opened) : ILog
    {
        public KafkaLog Opened { get; set; } = opened;

        public string Identity => Opened.Identity;

        public int PartitionCount(string topic) => Opened.PartitionCount(topic);

        public Task<LogPosition[]> AppendAsync(IReadOnlyList<LogEntry> entries, CancellationToken cancellationToken) => Opened.AppendAsync(entries, cancellationToken);

        public ValueTask<IReadOnlyList<LogRecord>> ReadAsync(string topic, int partition, long offset, int maximum, CancellationToken cancellationToken) =>
            Opened.ReadAsync(topic, partition, offset, maximum, cancellationToken);

        public long End(string topic, int partition) => Opened.End(topic, partition);
    }
}
