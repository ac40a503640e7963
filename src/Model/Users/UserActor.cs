using Cinegrain.Model.Blending;
using Cinegrain.Model.Catalogue;
using Cinegrain.Model.Events;
using Cinegrain.Model.Measuring;
using Cinegrain.Model.Ranking;
using Cinegrain.Model.Reranking;

namespace Cinegrain.Model.Users;

/// <summary>What an event of a user sets off elsewhere. All null when the event changed nothing.</summary>
/// <param name="Signal">The event seen from its movie, for the movie's log.</param>
/// <param name="Example">A training step for the owner of the blend.</param>
/// <param name="Test">What test-then-learn found.</param>
public readonly record struct UserEffects(Signal? Signal, TrainingExample? Example, TestOutcome? Test);

/// <summary>Where a user's event stands: its partition with epoch and last checkpoint.</summary>
public readonly record struct UserPartition(int Partition, int Epoch, long Checkpoint);

/// <summary>
/// A user as an actor: a state and the rules by which it takes records and ranks. A host gives it an identity, one call at a time, records in log
/// order and somewhere to keep the state.
/// </summary>
public sealed class UserActor(UserState state, SharedModel shared)
{
    private const int MostWanted = 100;

    private readonly SharedModel _shared = shared;
    private RecommendationList? _list;
    private RecommendationQuery? _listQuery;
    private bool _isOffered;
    private (long Version, long View, BlendWeights Weights, RerankWeights Rerank, long Minute) _listMadeFrom;

    /// <summary>The state; the host snapshots it by <see cref="UserState.ToBytes"/>.</summary>
    public UserState State { get; } = state;

    /// <summary>Applies a record of the user's log.</summary>
    /// <param name="test">
    /// True to rank before learning, for the live measure and the training of the blend (costs a ranking). Only an event with a preference above 0
    /// trains: the blend is to foresee what a user likes, not what a user considers.
    /// </param>
    /// <param name="list">
    /// Takes the movies of the list of ten that the user has just before the record is applied, as of the record's time, best first: from the
    /// ranking of the test where there is one. Null on the servers.
    /// </param>
    public UserEffects Apply(UserPartition partition, long offset, UserRecord record, bool test, List<string>? list = null)
    {
        TrainingExample? example = null;
        TestOutcome? outcome = null;
        list?.Clear();
        if (test && offset >= State.Version && State.Learning && record is Interaction interaction
            && (!_shared.Index.TryGetHandle(interaction.Movie, out var known) || State.PlaceOf(known) < 0))
        {
            (example, outcome) = Test(partition.Partition, offset, interaction, list);
        }

        if (list is not null && outcome is null)
        {
            list.AddRange(Recommend(Unfiltered, record.At.ToUnixTimeSeconds()).Items.Select(item => item.Movie));
        }

        NoteFollowed(offset, record);
        if (!State.Apply(offset, record))
        {
            return default;
        }

        var source = new SignalSource(partition.Epoch, partition.Partition, offset, partition.Checkpoint);
        var signal = State.Signal((Interaction)record, source);
        return new UserEffects(signal, example, outcome);
    }

    /// <summary>The user's list as of now; the same instance until the user, the view or the weights change, or a minute passes.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Count is not 1 to 100, or diversity not 0 to 1.</exception>
    public RecommendationList Recommend(RecommendationQuery query, long nowSeconds)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(query.Count, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(query.Count, MostWanted);
        if (query.Diversity is not (>= 0 and <= 1))
        {
            throw new ArgumentOutOfRangeException(nameof(query), query.Diversity, "diversity must be from 0 to 1");
        }

        var madeFrom = (State.Version, _shared.View.Version, _shared.Weights, _shared.Rerank, nowSeconds / 60);
        if (_list is not null && madeFrom == _listMadeFrom && query.Equals(_listQuery))
        {
            return _list;
        }

        var ranker = _shared.RentRanker();
        try
        {
            _list = ListMaker.Make(_shared, ranker, State, query, nowSeconds);
            _isOffered = true;
            _shared.Monitor.NoteOffer(_shared.VariantOf(State.User));
        }
        finally
        {
            _shared.ReturnRanker(ranker);
        }

        (_listQuery, _listMadeFrom) = (query, madeFrom);
        return _list;
    }

    /// <summary>Notes, once a list, that a movie of the last list was taken.</summary>
    private void NoteFollowed(long offset, UserRecord record)
    {
        if (_isOffered && offset >= State.Version && record is Interaction interaction
            && interaction.Kind is not (InteractionKind.Dislike or InteractionKind.Skip)
            && _list!.Items.Any(item => item.Movie == interaction.Movie))
        {
            _isOffered = false;
            _shared.Monitor.NoteFollowed(_shared.VariantOf(State.User));
        }
    }

    private (TrainingExample? Example, TestOutcome? Outcome) Test(int partition, long offset, Interaction interaction, List<string>? list)
    {
        var view = _shared.View;
        if (!_shared.Index.TryGetHandle(interaction.Movie, out var movie))
        {
            return default;
        }

        var seconds = interaction.At.ToUnixTimeSeconds();
        var bucket = BlendWeights.Bucket(State.HistoryCount, seconds - State.LastEventSeconds);
        var ranker = _shared.RentRanker();
        using var lease = view.Read();
        var variant = _shared.VariantOf(State.User);
        var found = ranker.Rank(_shared, State, Unfiltered, bucket, variant, describe: true, seconds, TestOutcome.ListLength);
        var rank = Array.IndexOf(ranker.Top, movie, 0, found);
        var outcome = State.HistoryCount > 0 && movie < view.Size
            ? new TestOutcome(rank < 0 ? int.MaxValue : rank, ranker.Stage1.RankBy(view, view.PopularityOf(PopularityBaseline).Values, movie), variant)
            : (TestOutcome?)null;
        if (outcome is not null)
        {
            _shared.Monitor.NoteTested(variant, ranker.Top.AsSpan(0, Math.Min(found, TestOutcome.ListLength)));
        }

        if (list is not null && outcome is not null)
        {
            for (var place = 0; place < Math.Min(found, TestOutcome.ListLength); place++)
            {
                list.Add(view.Index.Id(ranker.Top[place]));
            }
        }

        TrainingExample? example = null;
        if (interaction.Preference > 0)
        {
            var table = ranker.Table;
            example = new TrainingExample
            {
                Partition = partition,
                Offset = offset,
                Bucket = bucket,
                Target = Array.IndexOf(table.Movies, movie, 0, table.Count),
                Movies = table.Movies[..table.Count],
                History = table.History[..table.HistoryCount],
                Features = table.Features.ToArray(),
                Outcome = variant == ModelVariant.Stage2 ? outcome : null,
            };
        }

        _shared.ReturnRanker(ranker);
        return (example, outcome);
    }

    /// <summary>Popularity decayed over 7 days, the baseline of the live measure.</summary>
    private const int PopularityBaseline = 1;

    private static readonly RecommendationQuery Unfiltered = new();
}
