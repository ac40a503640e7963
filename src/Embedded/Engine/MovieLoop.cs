using Cinegrain.Model;
using Cinegrain.Model.Events;
using Cinegrain.Model.Movies;
using Cinegrain.Model.Ports;

namespace Cinegrain.Embedded.Engine;

/// <summary>The movies of one partition of <see cref="Topics.Signals"/>; what they learn goes into the view at once.</summary>
/// <param name="epochOf">Epoch that a user partition is in.</param>
internal sealed class MovieLoop(LoopServices services, int partition, int partitions, SharedModel shared, Func<int, int> epochOf) : PartitionLoop<MovieState, MovieRecord>(
    services,
    Topics.Signals,
    partition,
    ActorKind.Movie,
    Math.Max(1, services.Options.ResidentMovies / partitions),
    services.Options.CheckpointMovies,
    services.Options.MovieCheckpointInterval)
{
    private readonly TraitsDelta _delta = new();

    protected override MovieState Materialise(string id, ActorState? state) => state is null || state.IsTombstone
        ? new MovieState(id, shared.Index)
        : MovieState.FromBytes(id, state.Version, state.State.Span, shared.Index);

    protected override MovieRecord? Parse(LogRecord raw, out string problem) => LogRecords.ParseMovie(raw, out problem);

    protected override void Apply(MovieState actor, LogRecord raw, MovieRecord record)
    {
        var epoch = record is Signal signal ? epochOf(signal.Source.Partition) : 0;
        if (actor.Apply(raw.Offset, record, shared.View, _delta, epoch))
        {
            shared.View.Apply(_delta);
        }
    }

    protected override Task EmitAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    protected override Task AppliedAsync(IReadOnlyList<LogRecord> records, CancellationToken cancellationToken)
    {
        Services.Metrics.CountApplied(Topic, records.Count);
        return Task.CompletedTask;
    }

    protected override ActorState Snapshot(MovieState actor) => new(ActorKind.Movie, actor.Movie, actor.Version, actor.ToBytes());
}
