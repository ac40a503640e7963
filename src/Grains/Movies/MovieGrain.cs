using Cinegrain.Grains.State;
using Cinegrain.Model.Events;
using Cinegrain.Model.Movies;
using Cinegrain.Model.Ports;
using Cinegrain.Streaming;

namespace Cinegrain.Grains.Movies;

/// <summary>A movie's actor as a grain.</summary>
[ImplicitStreamSubscription(StreamNames.Signals)]
[KafkaReaderPlacement(StreamNames.Signals, StreamNames.Signals)]
internal sealed class MovieGrain(SiloServices services) : ActorGrain(services, ActorKind.Movie), IMovieGrain
{
    // Large, and of use within one call only.
    [ThreadStatic]
    private static TraitsDelta? _whole;

    private readonly TraitsDelta _delta = new();
    private MovieState? _state;

    protected override long Version => _state!.Version;

    protected override void Materialise(ActorState? state) => _state = state is null || state.IsTombstone
        ? new MovieState(Id, Services.Shared.Index)
        : MovieState.FromBytes(Id, state.Version, state.State.Span, Services.Shared.Index);

    protected override Task? Take(KafkaRecord source, LogRecord record)
    {
        if (LogRecords.ParseMovie(record, out var problem) is not { } parsed)
        {
            return Reject(source, Topics.Signals, record, problem);
        }

        using var span = Tracing.Continue("learn movie", source);
        var epoch = 0;
        if (parsed is Signal signal)
        {
            Services.Epochs.See(signal.Source.Partition, signal.Source.Epoch);
            epoch = Services.Epochs.Of(signal.Source.Partition);
        }

        var learned = _state!.Apply(source.Offset, parsed, Services.Shared.View, _delta, epoch);
        Services.Metrics.CountApplied(Topics.Signals);
        var publishing = learned ? Services.Traits.PublishAsync(Id, _state.Version, _delta) : null;
        if (parsed is Signal taken)
        {
            Services.Lockstep?.Learned(taken.Source.Offset);
        }

        return publishing;
    }

    protected override ActorState Snapshot()
    {
        // The whole goes out with the state, since the deltas do not stay.
        var whole = _whole ??= new();
        _state!.Describe(whole);
        Emit(Services.Sender.SendAsync(new LogEntry(Topics.Catalog, Id, TraitsCodec.Encode(whole, _state.Version, Services.Shared.Index))));
        return new(ActorKind.Movie, Id, _state.Version, _state.ToBytes());
    }
}
