using Cinegrain.Cli.DataSets;

namespace Cinegrain.Cli.Evaluation;

/// <summary>Who had what so far, and how often each movie was taken: the bookkeeping of the protocol, the same for every method.</summary>
internal sealed class Audience(RatingData data)
{
    private readonly HashSet<int>?[] _had = new HashSet<int>[data.Users.Count];
    private readonly List<int>?[] _histories = new List<int>[data.Users.Count];
    private readonly int[] _counts = new int[data.Movies.Count];
    private readonly int[] _eventsOfUsers = new int[data.Users.Count];

    /// <summary>Events learned.</summary>
    public long Events { get; private set; }

    /// <summary>True when an event of the user was learned before.</summary>
    public bool IsKnown(int user) => _eventsOfUsers[user] > 0;

    /// <summary>Events learned of a user.</summary>
    public int EventsOf(int user) => _eventsOfUsers[user];

    /// <summary>True when the user has the movie.</summary>
    public bool Has(int user, int movie) => _had[user] is { } had && had.Contains(movie);

    /// <summary>The user's movies in order of first contact.</summary>
    public ReadOnlySpan<int> History(int user) =>
        _histories[user] is { } history ? System.Runtime.InteropServices.CollectionsMarshal.AsSpan(history) : [];

    /// <summary>Events learned of a movie.</summary>
    public int Count(int movie) => _counts[movie];

    /// <summary>Takes an event that was learned.</summary>
    public void Learn(in Rating rating)
    {
        Events++;
        _counts[rating.Movie]++;
        _eventsOfUsers[rating.User]++;
        if ((_had[rating.User] ??= []).Add(rating.Movie))
        {
            (_histories[rating.User] ??= []).Add(rating.Movie);
        }
    }
}
