using Cinegrain.Grains.State;
using Cinegrain.Model.Movies;
using Cinegrain.Model.Ports;

namespace Cinegrain.Grains.Catalogue;

/// <summary>
/// Makes public what the movies of a silo learn: in the silo's own view at once, in the log four times a second, where every silo reads it. What a movie
/// learned in between goes out as one record.
/// </summary>
internal sealed class TraitsPublisher(IScannableLog log, SharedTraits traits, Retry retry, TimeProvider time) : IDisposable
{
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(250);

    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly Stack<TraitsDelta> _spare = [];
    private Dictionary<string, (long Version, TraitsDelta Delta)> _waiting = new(StringComparer.Ordinal);
    private TaskCompletionSource _round = New();
    private Task _running = Task.CompletedTask;

    /// <summary>Movies whose changes wait.</summary>
    public int Waiting
    {
        get
        {
            lock (_gate)
            {
                return _waiting.Count;
            }
        }
    }

    public void Start() => _running = Task.Run(RunAsync);

    /// <summary>Publishes what waits.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync();
        await _running.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>Publishes what changed; the task completes when the log has it.</summary>
    /// <param name="version">The movie's, with the change.</param>
    public Task PublishAsync(string movie, long version, TraitsDelta delta)
    {
        traits.Apply(delta, version);
        lock (_gate)
        {
            if (!_waiting.TryGetValue(movie, out var waiting))
            {
                waiting.Delta = _spare.TryPop(out var spare) ? spare : new TraitsDelta();
            }

            waiting.Delta.Merge(delta);
            _waiting[movie] = (version, waiting.Delta);
            return _round.Task;
        }
    }

    public void Dispose() => _stopping.Dispose();

    private async Task RunAsync()
    {
        while (true)
        {
            await Task.Delay(Period, time, _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            Dictionary<string, (long Version, TraitsDelta Delta)> taken;
            TaskCompletionSource round;
            lock (_gate)
            {
                (taken, _waiting) = (_waiting, new(StringComparer.Ordinal));
                (round, _round) = (_round, New());
            }

            if (taken.Count > 0)
            {
                var entries = new List<LogEntry>(taken.Count);
                foreach (var (movie, (version, delta)) in taken)
                {
                    delta.Compact();
                    entries.Add(new LogEntry(Topics.CatalogDeltas, movie, TraitsCodec.Encode(delta, version, traits.Index)));
                }

                try
                {
                    await retry.UntilDoneAsync("publishing what movies learned", token => log.AppendAsync(entries, token), CancellationToken.None);
                    round.TrySetResult();
                }
                catch (Exception exception)
                {
                    // Its movies do not persist, and publish it again when they learn it again.
                    round.TrySetException(exception);
                    _ = round.Task.Exception;
                }

                lock (_gate)
                {
                    foreach (var movie in taken.Values)
                    {
                        movie.Delta.Clear();
                        _spare.Push(movie.Delta);
                    }
                }
            }
            else
            {
                round.TrySetResult();
            }

            if (_stopping.IsCancellationRequested)
            {
                return;
            }
        }
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
