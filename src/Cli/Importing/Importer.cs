using System.Text.Json;
using Cinegrain.Ingest;
using Cinegrain.Model.Events;

namespace Cinegrain.Cli.Importing;

/// <summary>
/// Sends movies and interactions in batches. One batch is under way at a time, so that the order of the file is the order of the log;
/// the next batch is read meanwhile.
/// </summary>
internal sealed class Importer(IImportTarget target, ImportReport report)
{
    private int _batches;

    /// <summary>Sends movies.</summary>
    public Task SendMoviesAsync(IEnumerable<MovieMetadata> movies, IMeter meter, CancellationToken cancellationToken) => SendMoviesAsync(
        movies.Select((movie, place) => new IntakeLine(place + 1, JsonSerializer.SerializeToUtf8Bytes(movie, WireFormat.Default.MovieMetadata))),
        done => meter.Report(done),
        cancellationToken);

    /// <summary>Sends movies that are JSON already.</summary>
    /// <param name="progress">Told how many lines are done.</param>
    public Task SendMoviesAsync(IEnumerable<IntakeLine> lines, Action<long> progress, CancellationToken cancellationToken) => SendAsync(
        lines,
        async batch => report.AddMovies(await target.PutMoviesAsync(batch, cancellationToken).ConfigureAwait(false), batch),
        progress,
        cancellationToken);

    /// <summary>Sends interactions in their order.</summary>
    /// <param name="progress">Told how many lines are done.</param>
    public Task SendInteractionsAsync(IEnumerable<IntakeLine> lines, Action<long> progress, CancellationToken cancellationToken) => SendAsync(
        lines,
        async batch =>
        {
            var key = batch.IdempotencyKey(_batches++);
            report.AddInteractions(await target.SubmitAsync(batch, key, cancellationToken).ConfigureAwait(false), batch);
        },
        progress,
        cancellationToken);

    private static async Task SendAsync(
        IEnumerable<IntakeLine> lines, Func<LineBatch, Task> send, Action<long> progress, CancellationToken cancellationToken)
    {
        var underway = Task.CompletedTask;
        long done = 0;
        var batch = new LineBatch();
        foreach (var line in lines)
        {
            if (!batch.Takes(line.Utf8Json.Length))
            {
                await underway.ConfigureAwait(false);
                progress(done);
                done += batch.Count;
                cancellationToken.ThrowIfCancellationRequested();
                underway = send(batch);
                batch = new LineBatch();
            }

            batch.Add(line.Utf8Json.Span, line.Number);
        }

        await underway.ConfigureAwait(false);
        if (batch.Count > 0)
        {
            await send(batch).ConfigureAwait(false);
        }

        progress(done + batch.Count);
    }
}
