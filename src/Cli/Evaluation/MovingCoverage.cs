namespace Cinegrain.Cli.Evaluation;

/// <summary>Counts the distinct movies of the last lists.</summary>
/// <param name="window">Lists that count.</param>
/// <param name="movies">Movies that there are.</param>
internal sealed class MovingCoverage(int window, int movies)
{
    private readonly Queue<int[]> _lists = new();
    private readonly int[] _places = new int[movies];

    /// <summary>Distinct movies of the last lists.</summary>
    public int Distinct { get; private set; }

    /// <summary>Takes a list.</summary>
    public void Add(ReadOnlySpan<int> list)
    {
        foreach (var movie in list)
        {
            Distinct += _places[movie]++ == 0 ? 1 : 0;
        }

        _lists.Enqueue(list.ToArray());
        if (_lists.Count > window)
        {
            foreach (var movie in _lists.Dequeue())
            {
                Distinct -= --_places[movie] == 0 ? 1 : 0;
            }
        }
    }
}
