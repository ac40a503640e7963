using System.Diagnostics.Metrics;
using System.Runtime.CompilerServices;
using Cinegrain.Model;
using Cinegrain.Model.Measuring;
using Cinegrain.Model.Movies;
using Cinegrain.Model.Ports;
using Cinegrain.Model.Users;
using Microsoft.Extensions.Logging;

namespace Cinegrain.Embedded.Engine;

/// <summary>
/// All actors of one process over any log and any store: one loop per partition of users and of movies, one for the catalogue, one for the blend.
/// It uses no thread of its own and no clock but the given one, so a test can run it step by step.
/// </summary>
public sealed class RecommendationEngine : IAsyncDisposable
{
    private readonly LoopServices _services;
    private readonly UserLoop[] _users;
    private readonly MovieLoop[] _movies;
    private readonly CatalogueLoop[] _catalogue;
    private readonly BlendOwner _blend;
    private readonly ChangeSignals _changes = new();
    private readonly CancellationTokenSource _stopping = new(), _drained = new(), _aborting = new();
    private readonly TaskCompletionSource _caughtUp = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task _running = Task.CompletedTask;

    /// <exception cref="ArgumentException">An option is out of range, or lockstep is asked for on a log with several partitions of users.</exception>
    public RecommendationEngine(
        ILog log, IStateStore store, SharedModel shared, EngineOptions options, TimeProvider time, ILogger<RecommendationEngine> logger)
    {
        var userPartitions = log.PartitionCount(Topics.Interactions);
        if (options.Lockstep && userPartitions != 1)
        {
            throw new ArgumentException(
                $"lockstep needs one partition of interactions, so that the log has one order, but this log has {userPartitions}: "
                + "start on a new data folder with --partitions 1, or without --lockstep");
        }

        Shared = shared;
        _services = new LoopServices(log, store, options.Validate(), time, logger, new EngineMetrics());
        _blend = new BlendOwner(_services, shared);
        var tests = new TestBudget(options.TestShare, options.TestsPerSecond, options.Lockstep);
        var moviePartitions = log.PartitionCount(Topics.Signals);
        _movies = [.. Enumerable.Range(0, moviePartitions).Select(p => new MovieLoop(_services, p, moviePartitions, shared, EpochOf))];
        _users = [.. Enumerable.Range(0, userPartitions).Select(p => new UserLoop(
            _services, p, userPartitions, shared, tests, _blend, _changes, WaitForMoviesAsync))];
        _catalogue = [.. Enumerable.Range(0, log.PartitionCount(Topics.Movies)).Select(p => new CatalogueLoop(_services, shared, p))];
        ObserveGauges();
        ObserveVariants();
    }

    /// <summary>Index, view and weights of this process.</summary>
    public SharedModel Shared { get; }

    /// <summary>Completes once everything that was in the log at the start is applied; fails when a loop fails.</summary>
    public Task CaughtUp => _caughtUp.Task;

    /// <summary>Completes when the engine has stopped; fails with what no retry mends, such as a damaged store.</summary>
    public Task Completion => _running;

    /// <summary>Records that are in the log and not applied, over all partitions.</summary>
    public long Lag => _users.Sum(loop => loop.Lag) + _movies.Sum(loop => loop.Lag) + _catalogue.Sum(loop => loop.Lag);

    /// <summary>Median and 99th percentile, in milliseconds, from arrival to effect over the last interactions.</summary>
    public (double Median, double P99) Freshness => _services.Metrics.RecentFreshness();

    /// <summary>
    /// Reads states and catalogue, so that lists can be made as of the last checkpoint when it completes, and starts the loops.
    /// </summary>
    /// <exception cref="WrongLogException">The store belongs to another log.</exception>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await _services.Store.BindAsync(_services.Log.Identity, cancellationToken);
        foreach (var loop in _catalogue)
        {
            await loop.InitialiseAsync(cancellationToken);
        }

        await Shared.View.LoadAsync(ReadTraitsAsync(cancellationToken));
        await _blend.InitialiseAsync(cancellationToken);
        foreach (var loop in _movies)
        {
            await loop.InitialiseAsync(cancellationToken);
        }

        foreach (var loop in _users)
        {
            await loop.InitialiseAsync(cancellationToken);
        }

        _running = RunAsync();
        _ = AwaitCatchUpAsync();
    }

    /// <summary>
    /// Stops: what has begun is finished, movies learn what users have set off, and a last checkpoint is made, unless the token ends it. An engine that has
    /// not caught up yet leaves the rest to the next start.
    /// </summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        using var registration = cancellationToken.Register(_aborting.Cancel);
        _stopping.Cancel();
        try
        {
            await _running;
        }
        catch (OperationCanceledException) when (_aborting.IsCancellationRequested)
        {
            // The next start goes on from the checkpoint before.
        }
    }

    /// <summary>Partition of a user.</summary>
    public int PartitionOf(string user) => Partitioner.Partition(user, _users.Length);

    /// <summary>Runs a turn on a user's actor: reading or ranking, never changing.</summary>
    /// <exception cref="UnavailableException">The user is not in memory and the store is away.</exception>
    public ValueTask<TResult> UseUserAsync<TArgument, TResult>(
        string user, TArgument argument, Func<UserActor, TArgument, TResult> turn, CancellationToken cancellationToken) =>
        _users[PartitionOf(user)].Actors.UseAsync(user, argument, turn, cancellationToken);

    /// <summary>Completes once the partition has applied everything below an offset.</summary>
    public Task WaitForUsersAsync(int partition, long offset, CancellationToken cancellationToken) =>
        _users[partition].WaitAsync(offset, cancellationToken);

    /// <summary>Completes once the catalogue has taken everything below an offset.</summary>
    public Task WaitForCatalogueAsync(int partition, long offset, CancellationToken cancellationToken) =>
        _catalogue[partition].WaitAsync(offset, cancellationToken);

    /// <summary>Completes once everything of the partition below an offset is persisted, and what it erases is gone from the log.</summary>
    public Task WaitForCheckpointAsync(int partition, long offset, CancellationToken cancellationToken) =>
        _users[partition].WaitForCheckpointAsync(offset, cancellationToken);

    /// <summary>Completes at the next change of a user.</summary>
    public Task NextChangeAsync(string user) => _changes.NextAsync(user);

    /// <summary>Lowest offsets still needed to go on from the checkpoints, by topic and partition; retention stays below them.</summary>
    public IReadOnlyList<(string Topic, int Partition, long Offset)> NeededFrom() =>
    [
        .. _users.Select(loop => (Topics.Interactions, loop.Partition, loop.Checkpointed)),
        .. _movies.Select(loop => (Topics.Signals, loop.Partition, loop.Checkpointed)),
    ];

    /// <summary>Reads the sums of every user partition, one after the other.</summary>
    public void ReadStatistics(Action<PartitionStatistics> read)
    {
        foreach (var loop in _users)
        {
            loop.ReadStatistics(read);
        }
    }

    /// <summary>The sums of all user partitions.</summary>
    public PartitionStatistics ReadSums()
    {
        var sums = new PartitionStatistics();
        ReadStatistics(sums.Add);
        return sums;
    }

    /// <summary>How each variant of the model did over the last 24 hours of arrival that had tests; variants without any are left out.</summary>
    public IReadOnlyList<VariantQuality> ReadVariants() =>
        VariantQuality.OfLastDay(ReadSums(), _services.Time.GetUtcNow(), Shared.Monitor.Notes, Shared.View.ListedCount);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _aborting.Cancel();
        _stopping.Cancel();
        try
        {
            await _running;
        }
        catch (Exception) when (_running.IsFaulted || _running.IsCanceled)
        {
            // Completion has told whoever listens.
        }

        _stopping.Dispose();
        _drained.Dispose();
        _aborting.Dispose();
        _services.Metrics.Dispose();
    }

    private async IAsyncEnumerable<TraitsDelta> ReadTraitsAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var delta = new TraitsDelta();
        await foreach (var state in _services.Store.ScanAsync(ActorKind.Movie, cancellationToken))
        {
            MovieState.FromBytes(state.Id, state.Version, state.State.Span, Shared.Index).Describe(delta);
            yield return delta;
        }
    }

    private async Task RunAsync()
    {
        var users = GuardAsync(RunUsersAsync());
        await Task.WhenAll(
        [
            .. _catalogue.Select(loop => GuardAsync(loop.RunAsync(_stopping.Token))),
            .. _movies.Select(loop => GuardAsync(loop.RunAsync(_drained.Token, _aborting.Token))),
            users,
            DrainAsync(users),
            GuardAsync(_blend.RunAsync(_stopping.Token, _aborting.Token)),
        ]);
    }

    /// <summary>Lets the movies end after the users, since a user's last signals are still theirs to learn (in lockstep the user waits for it).</summary>
    private async Task DrainAsync(Task users)
    {
        try
        {
            await users;
            if (_caughtUp.Task.IsCompletedSuccessfully)
            {
                await WaitForMoviesAsync(_aborting.Token);
            }
        }
        finally
        {
            _drained.Cancel();
        }
    }

    private async Task RunUsersAsync()
    {
        // In lockstep a signal is waited for at the place where it was appended, so there each is emitted again.
        if (!_services.Options.Lockstep)
        {
            try
            {
                var emitted = await EmittedSignals.FindAsync(_services, [.. _users.Select(loop => (loop.Epoch, loop.Lag > 0))], _stopping.Token);
                foreach (var loop in _users)
                {
                    loop.EmittedBefore = emitted;
                }
            }
            catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
            {
                return;
            }
        }

        await Task.WhenAll(_users.Select(loop => GuardAsync(loop.RunAsync(_stopping.Token, _aborting.Token))));
    }

    /// <summary>One loop that fails ends them all: the host stops, and its next start goes on from the checkpoints.</summary>
    private async Task GuardAsync(Task loop)
    {
        try
        {
            await loop;
        }
        catch
        {
            _aborting.Cancel();
            _stopping.Cancel();
            throw;
        }
    }

    private async Task AwaitCatchUpAsync()
    {
        try
        {
            var users = _users.Select(loop => loop.WaitAsync(_services.Log.End(Topics.Interactions, loop.Partition), _stopping.Token)).ToArray();
            await Task.WhenAll(users);
            await Task.WhenAll(_users.Select(loop => loop.Emission));
            await WaitForMoviesAsync(_stopping.Token);
            _caughtUp.TrySetResult();
        }
        catch (OperationCanceledException)
        {
            _caughtUp.TrySetCanceled();
        }
        catch (Exception exception)
        {
            _caughtUp.TrySetException(exception);
        }
    }

    /// <summary>A partition that this log does not have any more is in no epoch.</summary>
    private int EpochOf(int userPartition) => userPartition < _users.Length ? _users[userPartition].Epoch : 0;

    /// <summary>Completes when the movies have learned every signal that is in the log now.</summary>
    private Task WaitForMoviesAsync(CancellationToken cancellationToken) =>
        Task.WhenAll(_movies.Select(loop => loop.WaitAsync(_services.Log.End(Topics.Signals, loop.Partition), cancellationToken)));

    private Task WaitForMoviesAsync(IReadOnlyList<LogPosition> signals, CancellationToken cancellationToken) =>
        Task.WhenAll(signals.Select(signal => _movies[signal.Partition].WaitAsync(signal.Offset + 1, cancellationToken)));

    private void ObserveGauges()
    {
        var metrics = _services.Metrics;
        metrics.Observe("cinegrain.engine.lag", "{record}", "Records in the log that are not applied, by topic and partition.", () =>
            _users.Select(loop => Measure(loop.Lag, Topics.Interactions, loop.Partition))
                .Concat(_movies.Select(loop => Measure(loop.Lag, Topics.Signals, loop.Partition))));
        metrics.Observe("cinegrain.engine.resident", "{actor}", "Actors in memory, by topic and partition.", () =>
            _users.Select(loop => Measure(loop.Actors.Count, Topics.Interactions, loop.Partition))
                .Concat(_movies.Select(loop => Measure(loop.Actors.Count, Topics.Signals, loop.Partition))));
        metrics.Observe("cinegrain.engine.resident_bound", "{actor}", "Bound on the actors in memory, over all partitions.", () =>
        [
            new(_services.Options.ResidentUsers, new KeyValuePair<string, object?>("topic", Topics.Interactions)),
            new(_services.Options.ResidentMovies, new KeyValuePair<string, object?>("topic", Topics.Signals)),
        ]);
        metrics.Observe("cinegrain.engine.changed", "{actor}", "Actors that wait for a checkpoint, by topic and partition.", () =>
            _users.Select(loop => Measure(loop.Actors.ChangedCount, Topics.Interactions, loop.Partition))
                .Concat(_movies.Select(loop => Measure(loop.Actors.ChangedCount, Topics.Signals, loop.Partition))));
        metrics.Observe("cinegrain.blend.queued", "{step}", "Training examples that wait for the owner of the blend; at most 4,096.", () =>
            [new Measurement<long>(_blend.Queued)]);
    }

    private void ObserveVariants()
    {
        Observe("cinegrain.quality.recall", "Recall@10 of a variant over 24 hours, with the bounds of its 95 % interval.", q => q.Recall);
        Observe("cinegrain.quality.ndcg", "NDCG@10 of a variant over 24 hours, with the bounds of its 95 % interval.", q => q.Ndcg);
        Observe(
            "cinegrain.quality.click_through",
            "Share of a variant's lists of which a film was taken, with the bounds of its 95 % interval.",
            q => q.ClickThrough);
        _services.Metrics.ObserveRatio("cinegrain.quality.coverage", "Share of the catalogue on the last lists of a variant that were tested.", () =>
            ReadVariants().Select(q => new Measurement<double>(q.Coverage, new KeyValuePair<string, object?>("variant", VariantQuality.NameOf(q.Variant)))));

        void Observe(string name, string description, Func<VariantQuality, Estimate> of) =>
            _services.Metrics.ObserveRatio(name, description, () => ReadVariants().SelectMany(q =>
            {
                var (value, low, high) = of(q);
                return new[] { ("value", value), ("low", low), ("high", high) }.Select(bound => new Measurement<double>(
                    bound.Item2,
                    new KeyValuePair<string, object?>("variant", VariantQuality.NameOf(q.Variant)),
                    new KeyValuePair<string, object?>("bound", bound.Item1)));
            }));
    }

    private static Measurement<long> Measure(long value, string topic, int partition) =>
        new(value, new KeyValuePair<string, object?>("topic", topic), new KeyValuePair<string, object?>("partition", partition));
}
