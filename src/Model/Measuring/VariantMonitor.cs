namespace Cinegrain.Model.Measuring;

/// <summary>
/// What one process notes of the lists of each variant: how many were handed out, of how many a movie was taken, and which movies stood on the last
/// <see cref="Window"/> to twice so many tested lists. Safe for many threads; forgotten at the end of the process.
/// </summary>
public sealed class VariantMonitor
{
    /// <summary>Tested lists after which the older half of the movies listed is forgotten.</summary>
    public const int Window = 5_000;

    private readonly Side[] _sides = [.. Enum.GetValues<ModelVariant>().Select(_ => new Side())];

    /// <summary>Lists made for somebody to see.</summary>
    public long Offered(ModelVariant variant) => Interlocked.Read(ref _sides[(int)variant].Offered);

    /// <summary>Lists of which a movie was taken before the next list was made.</summary>
    public long Followed(ModelVariant variant) => Interlocked.Read(ref _sides[(int)variant].Followed);

    /// <summary>Different movies on the last tested lists.</summary>
    public int Covered(ModelVariant variant)
    {
        var side = _sides[(int)variant];
        lock (side)
        {
            return side.Older.Union(side.Newer).Count();
        }
    }

    /// <summary>What is noted of a variant, together.</summary>
    public VariantNotes Notes(ModelVariant variant) => new(Covered(variant), Offered(variant), Followed(variant));

    internal void NoteOffer(ModelVariant variant) => Interlocked.Increment(ref _sides[(int)variant].Offered);

    internal void NoteFollowed(ModelVariant variant) => Interlocked.Increment(ref _sides[(int)variant].Followed);

    internal void NoteTested(ModelVariant variant, ReadOnlySpan<int> list)
    {
        var side = _sides[(int)variant];
        lock (side)
        {
            foreach (var movie in list)
            {
                side.Newer.Add(movie);
            }

            if (++side.Tested % Window == 0)
            {
                (side.Older, side.Newer) = (side.Newer, []);
            }
        }
    }

    private sealed class Side
    {
        public long Offered, Followed, Tested;
        public HashSet<int> Older = [], Newer = [];
    }
}

/// <summary>What was noted of the lists of a variant: see <see cref="VariantMonitor"/>.</summary>
/// <param name="Covered">Different movies on the last tested lists.</param>
/// <param name="Offered">Lists made for somebody to see.</param>
/// <param name="Followed">Lists of which a movie was taken before the next list was made.</param>
public readonly record struct VariantNotes(int Covered, long Offered, long Followed);
