using Cinegrain.Model.Blending;
using Cinegrain.Model.Events;
using Cinegrain.Model.Movies;
using Cinegrain.Model.Reranking;
using Cinegrain.Model.Users;

namespace Cinegrain.Model;

/// <summary>
/// The whole model on one thread: each event takes full effect (user, movie, view, blend) before the next. It is what the servers do in
/// lockstep, without a log and a store, for evaluation and as the reference of tests.
/// </summary>
public sealed class SequentialModel : IDisposable
{

    private readonly Dictionary<string, UserActor> _users = new(StringComparer.Ordinal);
    private readonly Dictionary<string, MovieState> _movies = new(StringComparer.Ordinal);
    private readonly TraitsDelta _delta = new();
    private long _offset;

    public SequentialModel(ModelOptions options)
    {
        Shared = new SharedModel(options);
        Rerank = new RerankLearner(Shared.Index, options);
    }

    /// <summary>Index, view and weights.</summary>
    public SharedModel Shared { get; }

    /// <summary>The owner of the weights of stage 2.</summary>
    public RerankLearner Rerank { get; }

    /// <summary>The blend.</summary>
    public Blend Blend { get; } = new();

    /// <summary>Users met so far.</summary>
    public IReadOnlyDictionary<string, UserActor> Users => _users;

    /// <summary>Movies with a state.</summary>
    public IReadOnlyDictionary<string, MovieState> Movies => _movies;

    /// <summary>Adds a movie to the catalogue.</summary>
    public void Put(MovieMetadata metadata)
    {
        ApplyToMovie(new CatalogueChange { Movie = metadata.Id, Metadata = metadata });
        Shared.View.Put(metadata);
    }

    /// <summary>The user's actor, made when there is none.</summary>
    public UserActor User(string user)
    {
        if (!_users.TryGetValue(user, out var actor))
        {
            _users[user] = actor = new UserActor(new UserState(user, Shared.Index), Shared);
        }

        return actor;
    }

    /// <summary>Learns a record with all its effects.</summary>
    /// <param name="test">True to test first, and to train the blend.</param>
    /// <param name="list">Takes the list of ten that the user has just before, best first; see <see cref="UserActor.Apply"/>.</param>
    public UserEffects Learn(UserRecord record, bool test, List<string>? list = null)
    {
        var offset = _offset++;
        var effects = User(record.User).Apply(new UserPartition(0, 0, offset), offset, record, test, list);
        if (effects.Signal is { } signal)
        {
            ApplyToMovie(signal);
        }

        if (effects.Example is { } example)
        {
            if (Blend.Learn(example))
            {
                Shared.Weights = Blend.Snapshot();
            }

            if (Rerank.Learn(example))
            {
                Shared.Rerank = Rerank.Live();
            }
        }

        return effects;
    }

    /// <inheritdoc/>
    public void Dispose() => Shared.Dispose();

    private void ApplyToMovie(MovieRecord record)
    {
        if (!_movies.TryGetValue(record.Movie, out var movie))
        {
            _movies[record.Movie] = movie = new MovieState(record.Movie, Shared.Index);
        }

        if (movie.Apply(movie.Version, record, Shared.View, _delta))
        {
            Shared.View.Apply(_delta);
        }
    }
}
