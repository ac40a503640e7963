using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Cinegrain.Model.Events;
using Cinegrain.Model.Movies;
using Cinegrain.Model.Ranking;

namespace Cinegrain.Model.Catalogue;

/// <summary>
/// The catalogue as one process that ranks sees it: metadata, counts, decayed popularities and merged rows of every movie, in columns by
/// handle. Many threads may rank while one applies changes: rankings hold the read lock, changes the write lock for some microseconds.
/// </summary>
public sealed class CatalogueView : IPopularity, IDisposable
{
    private static readonly float DiscountOfNone = Power(0, ModelConstants.PopularityExponent);

    internal const double DaySeconds = 86400;

    /// <summary>Time constant of the freshness of a movie, in days since it was first seen.</summary>
    internal const double FreshnessDays = 30;

    // Columns are padded to whole vectors, so that a pass over them needs no tail.
    private const int VectorWidth = 8;

    // What is outside is treated as not known.
    internal const int FirstYear = 1870, LastYear = 2170;

    private readonly ReaderWriterLockSlim _lock = new(LockRecursionPolicy.NoRecursion);
    private readonly Dictionary<string, int> _genreIds = new(StringComparer.OrdinalIgnoreCase);
    private readonly List<string> _genreNames = [];
    private readonly Dictionary<string, int> _genreSets = new(StringComparer.Ordinal);
    private readonly List<int[]> _genreSetMembers = [[]];
    private readonly DecayedColumn _freshness = new(FreshnessDays * DaySeconds);
    private readonly DecayedColumn[] _popularity = [.. ModelConstants.PopularityDays.Select(days => new DecayedColumn(days * DaySeconds))];
    private readonly bool[] _stale = new bool[ModelConstants.BlendPopularities + 1];

    private int _capacity;
    private CatalogueRow?[] _rows = [];
    private MovieMetadata?[] _metadata = [];
    private readonly Dictionary<string, int> _personIds = new(StringComparer.Ordinal);
    private readonly List<HashSet<int>> _moviesOfPerson = [];
    private int[]?[] _people = [];
    private int[] _counts = [];
    private long[] _firstSeen = [], _lastSeen = [];
    private AudienceSums[] _audience = [];
    private AudienceSums _everyone;
    private readonly Dictionary<string, int> _titleKeys = new(StringComparer.Ordinal);
    private int[] _titleKey = [];
    private short _newestYear;
    private float _maximumCount;
    private int _listed;
    private long _interactions;
    private long _version;
    private long _metadataVersion;
    private long _latestSeconds;

    /// <param name="index">Index that gives the movies of this process their handles.</param>
    public CatalogueView(MovieIndex index)
    {
        Index = index;
        Content = new ContentNeighbours(this);
    }

    /// <summary>Index of the movies of this process.</summary>
    public MovieIndex Index { get; }

    /// <summary>Grows with every change.</summary>
    public long Version => Volatile.Read(ref _version);

    /// <summary>Movies that are in the catalogue.</summary>
    public int ListedCount => Volatile.Read(ref _listed);

    /// <summary>Interactions of all movies.</summary>
    public long Interactions => Volatile.Read(ref _interactions);

    /// <summary>Latest event time seen, Unix seconds.</summary>
    public long LatestSeconds => Volatile.Read(ref _latestSeconds);

    // Columns, read under the read lock by the ranker.
    internal int Size { get; private set; }
    internal float[][] LogColumns { get; } = [.. Enumerable.Repeat(Array.Empty<float>(), ModelConstants.BlendPopularities + 1)];
    internal float[] CountPower4 { get; private set; } = [];
    internal float[] CountPower6 { get; private set; } = [];
    internal float[] Eligible { get; private set; } = [];
    internal int[] GenreSet { get; private set; } = [];
    internal short[] Year { get; private set; } = [];
    internal DecayedColumn Freshness => _freshness;
    internal ContentNeighbours Content { get; }
    internal IReadOnlyList<int[]> GenreSets => _genreSetMembers;
    internal int GenreCount => _genreNames.Count;

    /// <inheritdoc/>
    public float Discount(int movie) => CountPower4 is var column && movie < column.Length ? column[movie] : DiscountOfNone;

    /// <summary>Interactions ever of the movie with this handle; 0 when it is not known.</summary>
    public int Count(int movie) => movie < _counts.Length ? _counts[movie] : 0;

    /// <summary>Adds or replaces a catalogue entry.</summary>
    public void Put(MovieMetadata metadata)
    {
        var movie = Index.Handle(metadata.Id);
        _lock.EnterWriteLock();
        try
        {
            Grow(movie);
            _listed += _metadata[movie] is null ? 1 : 0;
            _metadata[movie] = metadata;
            Eligible[movie] = 0;
            Year[movie] = (short)(metadata.Year is >= FirstYear and < LastYear ? metadata.Year : 0);
            _newestYear = Math.Max(_newestYear, Year[movie]);
            _titleKey[movie] = InternTitle(metadata.Title);
            GenreSet[movie] = InternGenres(metadata.Genres);
            foreach (var person in People(movie))
            {
                _moviesOfPerson[person].Remove(movie);
            }

            _people[movie] = InternPeople(metadata);
            foreach (var person in People(movie))
            {
                _moviesOfPerson[person].Add(movie);
            }

            _metadataVersion++;
            _version++;
        }
        finally
        {
            _lock.ExitWriteLock();
        }
    }

    /// <summary>Withdraws a movie; false when it was not in the catalogue. What was learned of it stays.</summary>
    public bool Remove(string id)
    {
        if (!Index.TryGetHandle(id, out var movie))
        {
            return false;
        }

        _lock.EnterWriteLock();
        try
        {
            if (movie >= Size || _metadata[movie] is null)
            {
                return false;
            }

            _metadata[movie] = null;
            Eligible[movie] = float.NegativeInfinity;
            _listed--;
            _metadataVersion++;
            _version++;
            return true;
        }
        finally
        {
            _lock.ExitWriteLock();
        }
    }

    /// <summary>Applies changed traits.</summary>
    public void Apply(TraitsDelta delta)
    {
        _lock.EnterWriteLock();
        try
        {
            ApplyLocked(delta);
        }
        finally
        {
            _lock.ExitWriteLock();
        }
    }

    /// <summary>
    /// Takes the whole traits of movies whose rows are empty, for a view that starts. It ends as if each were applied, but the rows are made at once, each from what all
    /// movies say of it, so no row is searched for a movie.
    /// </summary>
    /// <param name="traits">Whole traits; the instance may be the same each time.</param>
    public async Task LoadAsync(IAsyncEnumerable<TraitsDelta> traits)
    {
        // By movie x: in_j[x] of each j.
        var named = new List<NeighbourEntry>?[_capacity];
        await foreach (var delta in traits)
        {
            _lock.EnterWriteLock();
            try
            {
                ApplyCounts(delta);
                foreach (var entry in delta.Out)
                {
                    Grow(entry.Movie);
                }

                if (delta.Out.Count > 0)
                {
                    _rows[delta.Movie] = CatalogueRow.FromOut(CollectionsMarshal.AsSpan(delta.Out));
                }

                foreach (var entry in delta.In)
                {
                    Grow(entry.Movie);
                    if (named.Length < _capacity)
                    {
                        Array.Resize(ref named, _capacity);
                    }

                    (named[entry.Movie] ??= []).Add(entry with { Movie = delta.Movie });
                }
            }
            finally
            {
                _lock.ExitWriteLock();
            }
        }

        _lock.EnterWriteLock();
        try
        {
            var places = new int[Size];
            for (var movie = 0; movie < named.Length; movie++)
            {
                if (named[movie] is { } entries)
                {
                    _rows[movie] = CatalogueRow.Merge(_rows[movie], CollectionsMarshal.AsSpan(entries), places, this, Index);
                    named[movie] = null;
                }
            }

            _version++;
        }
        finally
        {
            _lock.ExitWriteLock();
        }
    }

    /// <summary>Metadata of a movie, or null.</summary>
    public MovieMetadata? Metadata(string id) =>
        Index.TryGetHandle(id, out var movie) && Volatile.Read(ref _metadata) is var all && movie < all.Length ? all[movie] : null;

    /// <summary>Title of a movie; its id when the catalogue has it not.</summary>
    public string Title(string id) => Metadata(id)?.Title ?? id;

    /// <summary>A movie's counts as of a time, or null when it is not in the catalogue.</summary>
    public MovieSummary? Describe(string id, long nowSeconds)
    {
        using var _ = Read();
        return Index.TryGetHandle(id, out var movie) && movie < Size && _metadata[movie] is not null ? Summarise(movie, nowSeconds) : null;
    }

    /// <summary>Every movie of the catalogue with its counts, in no particular order.</summary>
    public IReadOnlyList<MovieSummary> DescribeAll(long nowSeconds)
    {
        using var _ = Read();
        var all = new List<MovieSummary>(_listed);
        for (var movie = 0; movie < Size; movie++)
        {
            if (_metadata[movie] is not null)
            {
                all.Add(Summarise(movie, nowSeconds));
            }
        }

        return all;
    }

    internal CatalogueRow? Row(int movie) => movie < _rows.Length ? _rows[movie] : null;

    internal MovieMetadata? MetadataOf(int movie) => movie < _metadata.Length ? _metadata[movie] : null;

    internal int[] People(int movie) => _people[movie] ?? [];

    internal IReadOnlyCollection<int> MoviesOf(int person) => _moviesOfPerson[person];

    internal long FirstSeen(int movie) => _firstSeen[movie];

    internal long LastSeen(int movie) => _lastSeen[movie];

    internal ref readonly AudienceSums Audience(int movie) => ref _audience[movie];

    internal ref readonly AudienceSums Everyone => ref _everyone;

    internal int TitleKeyOf(int movie) => _titleKey[movie];

    internal int NewestYear => _newestYear;

    internal DecayedColumn PopularityOf(int constant) => _popularity[constant];

    internal long MetadataVersion => _metadataVersion;

    internal bool TryGetGenre(string name, out int id) => _genreIds.TryGetValue(name, out id);

    internal string GenreName(int id) => _genreNames[id];

    /// <summary>Holds the read lock, with all derived columns up to date, until disposed.</summary>
    internal ReadLease Read()
    {
        while (true)
        {
            _lock.EnterReadLock();
            if (!_stale.AsSpan().Contains(true))
            {
                return new ReadLease(_lock);
            }

            _lock.ExitReadLock();
            _lock.EnterWriteLock();
            try
            {
                RefreshStale();
            }
            finally
            {
                _lock.ExitWriteLock();
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _lock.Dispose();

    private MovieSummary Summarise(int movie, long nowSeconds)
    {
        var popularity = new double[_popularity.Length];
        for (var i = 0; i < popularity.Length; i++)
        {
            popularity[i] = _popularity[i].Values[movie] * _popularity[i].FactorAt(Math.Max(nowSeconds, _latestSeconds));
        }

        return new MovieSummary(_metadata[movie]!, _counts[movie], popularity, _firstSeen[movie]);
    }

    private void ApplyLocked(TraitsDelta delta)
    {
        ApplyCounts(delta);
        ApplyIn(delta.Movie, CollectionsMarshal.AsSpan(delta.In));
        if (delta.Out.Count > 0)
        {
            var own = _rows[delta.Movie] ??= new CatalogueRow();
            foreach (var entry in delta.Out)
            {
                Grow(entry.Movie);
                own.SetFromOut(entry);
            }

            own.Prune(this, Index);
        }

        _version++;
    }

    private void ApplyCounts(TraitsDelta delta)
    {
        var movie = delta.Movie;
        Grow(movie);
        _interactions += delta.Count - _counts[movie];
        _counts[movie] = delta.Count;
        CountPower4[movie] = Power(delta.Count, ModelConstants.PopularityExponent);
        CountPower6[movie] = Power(delta.Count, 1 - ModelConstants.PopularityExponent);
        var countChanged = delta.Count > _maximumCount;
        _maximumCount = Math.Max(_maximumCount, delta.Count);
        Derive(0, movie, delta.Count, _maximumCount, countChanged);

        if (delta.FirstSeenSeconds != 0)
        {
            _everyone.Add(_audience[movie], -1);
            _audience[movie] = delta.Audience;
            _everyone.Add(_audience[movie], 1);
            _firstSeen[movie] = delta.FirstSeenSeconds;
            _lastSeen[movie] = delta.LatestSeconds;
            _freshness.Set(movie, 1, delta.FirstSeenSeconds);
            _latestSeconds = Math.Max(_latestSeconds, delta.LatestSeconds);
            for (var i = 0; i < _popularity.Length; i++)
            {
                var column = _popularity[i];
                var changed = column.Set(movie, delta.Popularity[i], delta.LatestSeconds);
                if (i < ModelConstants.BlendPopularities)
                {
                    Derive(i + 1, movie, column.Values[movie], column.Maximum, changed);
                }
            }
        }

    }

    /// <summary>Sets in_movie[x] in the row of each x. In passes, so that the processor fetches many rows at once: they are all over the memory.</summary>
    private void ApplyIn(int movie, ReadOnlySpan<NeighbourEntry> entries)
    {
        Span<int> places = stackalloc int[32];
        for (; !entries.IsEmpty; entries = entries[Math.Min(places.Length, entries.Length)..])
        {
            var some = entries[..Math.Min(places.Length, entries.Length)];
            for (var i = 0; i < some.Length; i++)
            {
                Grow(some[i].Movie);

                // Of no use but to have the row fetched: this waits for none of the others, as a search does.
                places[i] = (_rows[some[i].Movie] ??= new CatalogueRow()).First;
            }

            for (var i = 0; i < some.Length; i++)
            {
                places[i] = _rows[some[i].Movie]!.Find(movie);
            }

            for (var i = 0; i < some.Length; i++)
            {
                _rows[some[i].Movie]!.SetFromIn(some[i] with { Movie = movie }, places[i]);
            }

            // Last, since pruning moves the places.
            foreach (var entry in some)
            {
                _rows[entry.Movie]!.Prune(this, Index);
            }
        }
    }

    /// <summary>ln(0.05 + x / max x) of one movie, or the whole column later when the maximum moved.</summary>
    private void Derive(int column, int movie, float value, float maximum, bool maximumChanged)
    {
        if (maximumChanged)
        {
            _stale[column] = true;
        }
        else if (!_stale[column] && maximum > 0)
        {
            // While every movie has 0 there is no share, and ln 0.05 stays.
            LogColumns[column][movie] = MathF.Log(Features.Floor + (value / maximum));
        }
    }

    private void RefreshStale()
    {
        for (var column = 0; column < _stale.Length; column++)
        {
            if (!_stale[column])
            {
                continue;
            }

            var logs = LogColumns[column];
            if (column == 0)
            {
                for (var movie = 0; movie < Size; movie++)
                {
                    logs[movie] = MathF.Log(Features.Floor + (_counts[movie] / _maximumCount));
                }
            }
            else
            {
                var values = _popularity[column - 1].Values;
                var scale = Vector256.Create(1 / _popularity[column - 1].Maximum);
                var floor = Vector256.Create(Features.Floor);
                for (var movie = 0; movie < _capacity; movie += VectorWidth)
                {
                    Vector256.Log(floor + (Vector256.Create(values.AsSpan(movie)) * scale)).CopyTo(logs.AsSpan(movie));
                }
            }

            _stale[column] = false;
        }
    }

    private int InternGenres(IReadOnlyList<string> genres)
    {
        var ids = new List<int>(genres.Count);
        foreach (var genre in genres)
        {
            if (!_genreIds.TryGetValue(genre, out var id))
            {
                id = _genreNames.Count;
                _genreIds[genre] = id;
                _genreNames.Add(genre);
            }

            if (!ids.Contains(id))
            {
                ids.Add(id);
            }
        }

        ids.Sort();
        if (ids.Count == 0)
        {
            return 0;
        }

        var key = string.Join(',', ids);
        if (!_genreSets.TryGetValue(key, out var set))
        {
            set = _genreSetMembers.Count;
            _genreSets[key] = set;
            _genreSetMembers.Add([.. ids]);
        }

        return set;
    }

    /// <summary>Number of the title's key; 0 for a title that has none.</summary>
    private int InternTitle(string title)
    {
        var key = TitleKey.Of(title);
        if (key.Length == 0)
        {
            return 0;
        }

        if (!_titleKeys.TryGetValue(key, out var number))
        {
            _titleKeys[key] = number = _titleKeys.Count + 1;
        }

        return number;
    }

    private int[] InternPeople(MovieMetadata metadata)
    {
        var ids = new List<int>();
        foreach (var name in metadata.People())
        {
            if (!_personIds.TryGetValue(name, out var id))
            {
                _personIds[name] = id = _moviesOfPerson.Count;
                _moviesOfPerson.Add([]);
            }

            ids.Add(id);
        }

        return [.. ids];
    }

    private static float Power(int count, double exponent) => (float)Math.Pow(count + ModelConstants.PopularityOffset, -exponent);

    private void Grow(int movie)
    {
        if (movie >= _capacity)
        {
            var from = _capacity;
            _capacity = Math.Max(1024, (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)movie + 1));
            Array.Resize(ref _rows, _capacity);
            Array.Resize(ref _metadata, _capacity);
            Array.Resize(ref _people, _capacity);
            Array.Resize(ref _counts, _capacity);
            Array.Resize(ref _firstSeen, _capacity);
            Array.Resize(ref _lastSeen, _capacity);
            Array.Resize(ref _audience, _capacity);
            Array.Resize(ref _titleKey, _capacity);
            GenreSet = Resized(GenreSet);
            Year = Resized(Year);
            CountPower4 = Resized(CountPower4);
            CountPower6 = Resized(CountPower6);
            Eligible = Resized(Eligible);
            _freshness.Resize(_capacity);
            foreach (var column in _popularity)
            {
                column.Resize(_capacity);
            }

            for (var column = 0; column < LogColumns.Length; column++)
            {
                LogColumns[column] = Resized(LogColumns[column]);
                LogColumns[column].AsSpan(from).Fill(MathF.Log(Features.Floor));
            }

            Eligible.AsSpan(from).Fill(float.NegativeInfinity);
            CountPower4.AsSpan(from).Fill(Power(0, ModelConstants.PopularityExponent));
            CountPower6.AsSpan(from).Fill(Power(0, 1 - ModelConstants.PopularityExponent));
        }

        Size = Math.Max(Size, movie + 1);
    }

    private T[] Resized<T>(T[] column)
    {
        Array.Resize(ref column, _capacity);
        return column;
    }

    internal readonly struct ReadLease(ReaderWriterLockSlim held) : IDisposable
    {
        public void Dispose() => held.ExitReadLock();
    }
}

/// <summary>A movie of the catalogue with what was learned of it.</summary>
/// <param name="Metadata">Catalogue entry.</param>
/// <param name="Count">Interactions ever.</param>
/// <param name="Popularity">Decayed popularities (<see cref="ModelConstants.PopularityDays"/>) at the time asked for.</param>
/// <param name="FirstSeenSeconds">Time of the first interaction, Unix seconds; 0 when there is none.</param>
public sealed record MovieSummary(MovieMetadata Metadata, int Count, IReadOnlyList<double> Popularity, long FirstSeenSeconds);
