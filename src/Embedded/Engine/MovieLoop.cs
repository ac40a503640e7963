using System.Text.Json;
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

    protected override MovieRecord? Parse(LogRecord record, out string problem)
    {
        problem = "";
        try
        {
            var parsed = JsonSerializer.Deserialize(record.Value.Span, WireFormat.Default.MovieRecord);
            if (parsed is not null && parsed.Movie == record.Key)
            {
                return parsed;
            }

            problem = parsed is null ? "the record is null" : "the key of the record is not its movie";
        }
        catch (Exception exception) when (exception is JsonException or NotSupportedException)
        {
            problem = "the record is not JSON of a known kind with all required fields";
        }

        return null;
    }

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
