using Cinegrain.Model.Catalogue;
using Cinegrain.Model.Codec;
using Cinegrain.Model.Events;
using Cinegrain.Model.Users;

namespace Cinegrain.Model.Movies;

/// <summary>
/// What one movie's actor learned: counts, decayed popularities and two sparse lists, <b>in</b> (h → this: h was taken before) and <b>out</b>
/// (this → h). It changes by <see cref="Apply"/> alone.
/// <para>Learning a signal of movie i with the user's preceding movies h₁ (newest), h₂, …: for d = 1…20, w = e^(−(d−1)/30): in_i[h_d] += w,
/// out_i[h_d] += 0.8 w (design section 5; measured by test-then-learn). Beside that weight of all co-occurrences an entry has three channels for stage 2
/// (<see cref="CoOccurrence"/>): next, e^(−(d−1)/2) forward only; near, e^(−Δt/120 s) and 0.8 of it backward; liked, w where the movie that the entry
/// leads to was liked.</para>
/// </summary>
public sealed class MovieState
{
    private const byte Format = 2;

    private static readonly int[] Forward = Decay(ModelConstants.ContextLength, 1, ModelConstants.ContextDecay);
    private static readonly int[] Backward = Decay(ModelConstants.ContextLength, ModelConstants.BackwardWeight, ModelConstants.ContextDecay);
    private static readonly int[] Next = Decay(ModelConstants.ContextLength, 1, ModelConstants.NextDecay);
    private static readonly int[] NearForward = Decay(Signal.NearSeconds + 1, 1, ModelConstants.NearDecaySeconds);
    private static readonly int[] NearBackward = Decay(Signal.NearSeconds + 1, ModelConstants.BackwardWeight, ModelConstants.NearDecaySeconds);

    private readonly MovieIndex _index;
    private readonly NeighbourList _in, _out;
    private readonly SourceMarks _sources;
    private DecayedPopularity _popularity;
    private AudienceSums _audience;

    /// <summary>A movie of which nothing was learned.</summary>
    public MovieState(string movie, MovieIndex index)
        : this(movie, index, new(ModelConstants.InLimit, ModelConstants.InKept), new(ModelConstants.OutLimit, ModelConstants.OutKept), new())
    {
    }

    private MovieState(string movie, MovieIndex index, NeighbourList @in, NeighbourList @out, SourceMarks sources)
    {
        Movie = movie;
        Handle = index.Handle(movie);
        (_index, _in, _out, _sources) = (index, @in, @out, sources);
    }

    /// <summary>Catalogue id.</summary>
    public string Movie { get; }

    /// <summary>Handle in the process's index.</summary>
    public int Handle { get; }

    /// <summary>Offset of the last record applied, plus one.</summary>
    public long Version { get; private set; }

    /// <summary>Interactions ever.</summary>
    public int Count { get; private set; }

    /// <summary>Event time of the first interaction, Unix seconds; 0 when there is none.</summary>
    public long FirstSeenSeconds { get; private set; }

    /// <summary>Latest event time, Unix seconds; 0 when there is none. The popularities are as of then.</summary>
    public long LatestSeconds => _popularity.LatestSeconds;

    /// <summary>Catalogue entry; null when there is none, or it was withdrawn.</summary>
    public MovieMetadata? Metadata { get; private set; }

    /// <summary>Sums of all weight ever received by the in and the out list, in units of 1/256.</summary>
    public (long In, long Out) TotalWeight => (_in.Total, _out.Total);

    /// <summary>Who takes the movie, and how they like it.</summary>
    internal AudienceSums Audience => _audience;

    /// <summary>Popularity with a time constant of <see cref="ModelConstants.PopularityDays"/>, at the latest event time.</summary>
    public double Popularity(int constant) => _popularity[constant];

    /// <summary>Applies one record. A record below <see cref="Version"/>, or a signal applied before, changes nothing.</summary>
    /// <param name="popularity">Popularity of the other movies, for pruning.</param>
    /// <param name="delta">Filled with what a signal changed.</param>
    /// <param name="currentEpoch">Epoch that the signal's partition is in now; signals of older ones change nothing.</param>
    /// <returns>True when a signal was learned and <paramref name="delta"/> filled.</returns>
    public bool Apply(long offset, MovieRecord record, IPopularity popularity, TraitsDelta delta, int currentEpoch = 0)
    {
        if (offset < Version)
        {
            return false;
        }

        Version = offset + 1;
        switch (record)
        {
            case CatalogueChange change:
                Metadata = change.Metadata;
                return false;
            case Signal signal:
                if (!_sources.Accept(signal.Source, currentEpoch))
                {
                    return false;
                }

                Learn(signal, popularity, delta);
                return true;
            default:
                throw new ArgumentException($"no such record of a movie: {record.GetType().Name}", nameof(record));
        }
    }

    /// <summary>Everything that is public, for a view that starts.</summary>
    public void Describe(TraitsDelta delta)
    {
        delta.Clear();
        Copy(_in, delta.In);
        Copy(_out, delta.Out);
        DescribeCounts(delta);

        static void Copy(NeighbourList from, List<NeighbourEntry> to)
        {
            for (var i = 0; i < from.Count; i++)
            {
                to.Add(new(from.Movies[i], from.Weights[i]));
            }
        }
    }

    /// <summary>The state as bytes, movies by id. The version is not among them.</summary>
    public byte[] ToBytes()
    {
        var writer = StateWriter.Begin();
        writer.Byte(Format);
        writer.Unsigned((ulong)Count);
        writer.Unsigned((ulong)FirstSeenSeconds);
        writer.Unsigned((ulong)_popularity.LatestSeconds);
        for (var i = 0; i < ModelConstants.PopularityDays.Length; i++)
        {
            writer.Double(_popularity[i]);
        }

        _audience.Write(writer);
        _in.Write(writer, _index);
        _out.Write(writer, _index);
        _sources.Write(writer);
        writer.Byte((byte)(Metadata is null ? 0 : 1));
        if (Metadata is { } metadata)
        {
            writer.String(metadata.Title);
            writer.Signed(metadata.Year ?? int.MinValue);
            writer.Signed(metadata.Released?.DayNumber ?? int.MinValue);
            writer.String(metadata.Language ?? "");
            writer.Strings(metadata.Genres);
            writer.Strings(metadata.Directors);
            writer.Strings(metadata.Cast);
        }

        return writer.ToArray();
    }

    /// <summary>Reads a state back.</summary>
    /// <exception cref="InvalidDataException">The bytes are damaged or of a newer format.</exception>
    public static MovieState FromBytes(string movie, long version, ReadOnlySpan<byte> bytes, MovieIndex index)
    {
        var reader = new StateReader(bytes);
        var format = reader.Byte();
        if (format != Format)
        {
            throw new InvalidDataException(
                $"a stored movie has format {format}, this version of Cinegrain reads format {Format}: run the version that wrote it, or a newer one");
        }

        var count = reader.Int32();
        var firstSeen = (long)reader.Unsigned();
        var latest = (long)reader.Unsigned();
        Span<double> popularity = stackalloc double[ModelConstants.PopularityDays.Length];
        for (var i = 0; i < popularity.Length; i++)
        {
            popularity[i] = reader.Double();
        }

        var audience = AudienceSums.Read(ref reader);
        var state = new MovieState(
            movie,
            index,
            NeighbourList.Read(ref reader, index, ModelConstants.InLimit, ModelConstants.InKept),
            NeighbourList.Read(ref reader, index, ModelConstants.OutLimit, ModelConstants.OutKept),
            SourceMarks.Read(ref reader))
        {
            Version = version,
            Count = count,
            FirstSeenSeconds = firstSeen,
            _popularity = DecayedPopularity.Restore(latest, popularity),
            _audience = audience,
        };
        if (reader.Byte() == 1)
        {
            state.Metadata = new MovieMetadata
            {
                Id = movie,
                Title = reader.String(),
                Year = reader.Signed() is var year && year != int.MinValue ? (int)year : null,
                Released = reader.Signed() is var day && day == int.MinValue ? null
                    : day >= DateOnly.MinValue.DayNumber && day <= DateOnly.MaxValue.DayNumber ? DateOnly.FromDayNumber((int)day)
                    : throw new InvalidDataException("a stored movie is damaged: its day of release is no day"),
                Language = reader.String() is { Length: > 0 } language ? language : null,
                Genres = reader.Strings(),
                Directors = reader.Strings(),
                Cast = reader.Strings(),
            };
        }

        reader.End();
        return state;
    }

    private void Learn(Signal signal, IPopularity popularity, TraitsDelta delta)
    {
        delta.Clear();
        Count++;
        var seconds = signal.At.ToUnixTimeSeconds();
        FirstSeenSeconds = FirstSeenSeconds == 0 ? seconds : Math.Min(FirstSeenSeconds, seconds);
        _popularity.Add(seconds);
        _audience.Add(signal.Preference, signal.History);
        var liked = UserState.IsLiked(signal.Preference);
        for (var i = 0; i < Math.Min(signal.Context.Count, ModelConstants.ContextLength); i++)
        {
            var movie = _index.Handle(signal.Context[i]);
            var apart = i < signal.SecondsBefore.Count ? Math.Min(signal.SecondsBefore[i], Signal.NearSeconds) : Signal.NearSeconds;
            var likedBefore = (signal.LikedBefore >> i & 1) != 0;
            delta.In.Add(_in.Add(movie, new(Forward[i], Next[i], NearForward[apart], liked ? Forward[i] : 0)));
            delta.Out.Add(_out.Add(movie, new(Backward[i], 0, NearBackward[apart], likedBefore ? Backward[i] : 0)));
        }

        _in.Prune(popularity, _index, delta.In);
        _out.Prune(popularity, _index, delta.Out);
        DescribeCounts(delta);
    }

    private void DescribeCounts(TraitsDelta delta)
    {
        delta.Movie = Handle;
        delta.Count = Count;
        delta.FirstSeenSeconds = FirstSeenSeconds;
        delta.LatestSeconds = _popularity.LatestSeconds;
        delta.Audience = _audience;
        for (var i = 0; i < delta.Popularity.Length; i++)
        {
            delta.Popularity[i] = _popularity[i];
        }
    }

    private static int[] Decay(int length, double scale, double constant) =>
        [.. Enumerable.Range(0, length).Select(x => (int)Math.Round(ModelConstants.FixedPoint * scale * Math.Exp(-x / constant)))];
}
