using Cinegrain.Model.Catalogue;
using Cinegrain.Model.Codec;
using Cinegrain.Model.Events;

namespace Cinegrain.Model.Users;

/// <summary>
/// What one user's actor knows: the movies taken in order of first contact, a ring of the last
/// <see cref="ModelConstants.HistoryLength"/> of them, and decayed tastes. It changes by <see cref="Apply"/> alone, so the same records
/// give the same bits.
/// </summary>
public sealed class UserState
{
    private const byte Format = 1;
    private const int GenreLimit = 24, DecadeLimit = 16, LanguageLimit = 16, PeopleLimit = 24, RecentIdLimit = 64;
    private const int ValueBits = 13;
    private static readonly string[] Decades = [.. Enumerable.Range(0, 300).Select(decade => $"{decade}0s")];

    private const ulong LastKind = (ulong)InteractionKind.Watchlist;

    private readonly MovieIndex _index;
    private int[] _movies = [];
    private ushort[] _opinions = [];

    // The ring, oldest first: places in _movies, and event times in Unix seconds.
    private int[] _ring = [];
    private uint[] _times = [];

    private ulong[] _recentIds = [];
    private TasteVector _genres = new(GenreLimit), _decades = new(DecadeLimit), _languages = new(LanguageLimit), _people = new(PeopleLimit);

    /// <summary>A user of whom nothing is known.</summary>
    public UserState(string user, MovieIndex index)
    {
        User = user;
        _index = index;
    }

    /// <summary>An erased user: nothing is known but the version, so that older records change nothing.</summary>
    public static UserState Erased(string user, long version, MovieIndex index) =>
        new(user, index) { Version = version, IsErased = true };

    /// <summary>A user of whom nothing is used but the pseudonym and the version.</summary>
    internal static UserState Anonymous(UserState user, MovieIndex index) => new(user.User, index) { Version = user.Version };

    /// <summary>Pseudonym.</summary>
    public string User { get; }

    /// <summary>Offset of the last record applied, plus one.</summary>
    public long Version { get; private set; }

    /// <summary>False when consent to learning was withdrawn.</summary>
    public bool Learning { get; private set; } = true;

    /// <summary>True when the user was erased and nothing came since.</summary>
    public bool IsErased { get; private set; }

    /// <summary>Interactions learned.</summary>
    public int Interactions { get; private set; }

    /// <summary>Different movies taken.</summary>
    public int MovieCount { get; private set; }

    /// <summary>Movies in the ring, 0 to <see cref="ModelConstants.HistoryLength"/>.</summary>
    public int HistoryCount { get; private set; }

    /// <summary>Latest event time in Unix seconds; 0 when there is none.</summary>
    public long LastEventSeconds { get; private set; }

    /// <summary>Handles of the movies taken, in order of first contact; those merely clicked are among them.</summary>
    public ReadOnlySpan<int> Movies => _movies.AsSpan(0, MovieCount);

    /// <summary>Handle of the movie taken at a distance of <paramref name="distance"/> events, from 1 (newest) to <see cref="HistoryCount"/>.</summary>
    public int HistoryMovie(int distance) => _movies[_ring[HistoryCount - distance]];

    /// <summary>Event time, in Unix seconds, of the history's movie at a distance.</summary>
    public long HistoryTime(int distance) => _times[HistoryCount - distance];

    /// <summary>Kind of the last interaction with the movie at a place of <see cref="Movies"/>.</summary>
    public InteractionKind KindAt(int place) => (InteractionKind)(_opinions[place] >> ValueBits);

    /// <summary>Preference of the last interaction with the movie at a place of <see cref="Movies"/>, −1 to 1, to two digits.</summary>
    public double PreferenceAt(int place) => Normalisation.Preference(KindAt(place), ValueAt(place));

    /// <summary>Preference for the history's movie at a distance.</summary>
    public double HistoryPreference(int distance) => PreferenceAt(_ring[HistoryCount - distance]);

    /// <summary>True when the movie at a place counts as seen: whatever was done but a mere click.</summary>
    public bool IsSeenAt(int place) => KindAt(place) != InteractionKind.Click;

    /// <summary>True when the movie at a place was disliked, so that it is never shown again.</summary>
    public bool IsDislikedAt(int place) => KindAt(place) == InteractionKind.Dislike;

    /// <summary>
    /// Applies one record. A record below <see cref="Version"/> changes nothing. A first contact with a movie enters the ring; a later one
    /// changes the opinion and the taste alone, so repeating an event weighs nothing in the shared model.
    /// </summary>
    /// <returns>True when the record is an interaction that the shared model is to learn: <see cref="Signal"/> speaks of it.</returns>
    public bool Apply(long offset, UserRecord record)
    {
        if (offset < Version)
        {
            return false;
        }

        Version = offset + 1;
        switch (record)
        {
            case Erasure:
                Forget();
                IsErased = true;
                return false;
            case ConsentChange consent:
                Learning = consent.Learning;
                IsErased = false;
                return false;
            case Interaction interaction:
                if (!Learning || (interaction.Idempotent && IsRepeat(interaction.Id)))
                {
                    return false;
                }

                IsErased = false;
                return Learn(interaction);
            default:
                throw new ArgumentException($"no such record of a user: {record.GetType().Name}", nameof(record));
        }
    }

    /// <summary>The newest movie seen from its own side, with the movies before it as context.</summary>
    /// <param name="interaction">The interaction that brought it, just applied.</param>
    /// <param name="source">Where that stands.</param>
    public Signal Signal(Interaction interaction, SignalSource source)
    {
        var context = new string[Math.Clamp(HistoryCount - 1, 0, ModelConstants.ContextLength)];
        var seconds = new int[context.Length];
        var near = 0;
        uint liked = 0;
        for (var i = 0; i < context.Length; i++)
        {
            var distance = i + 2;
            context[i] = _index.Id(HistoryMovie(distance));
            liked |= IsLiked(HistoryPreference(distance)) ? 1u << i : 0;
            var before = Math.Abs(HistoryTime(1) - HistoryTime(distance));
            if (before <= Events.Signal.NearSeconds && near == i)
            {
                seconds[near++] = (int)before;
            }
        }

        return new Signal
        {
            Movie = interaction.Movie,
            At = interaction.At,
            Kind = interaction.Kind,
            Preference = interaction.Preference,
            Context = context,
            SecondsBefore = near == seconds.Length ? seconds : seconds[..near],
            LikedBefore = liked,
            History = MovieCount - 1,
            Source = source,
        };
    }

    /// <summary>True when a preference counts as liked.</summary>
    public static bool IsLiked(double preference) => preference >= ModelConstants.LikedPreference;

    /// <summary>Place of a movie in <see cref="Movies"/>, or −1.</summary>
    public int PlaceOf(int movie) => Movies.IndexOf(movie);

    /// <summary>What is known, for the user to see.</summary>
    /// <param name="title">Title of a movie.</param>
    public UserProfile ToProfile(Func<string, string> title)
    {
        var recent = new HistoryEntry[HistoryCount];
        for (var distance = 1; distance <= HistoryCount; distance++)
        {
            var place = _ring[HistoryCount - distance];
            var movie = _index.Id(_movies[place]);
            recent[distance - 1] = new HistoryEntry(
                movie, title(movie), KindAt(place), ValueAt(place), DateTimeOffset.FromUnixTimeSeconds(HistoryTime(distance)));
        }

        return new UserProfile
        {
            User = User,
            Position = Version,
            Learning = Learning,
            Interactions = Interactions,
            Movies = MovieCount,
            Genres = _genres.ToEntries(),
            Years = _decades.ToEntries(),
            Languages = _languages.ToEntries(),
            People = _people.ToEntries(),
            Recent = recent,
        };
    }

    /// <summary>The state as bytes, movies by id. The version is not among them.</summary>
    public byte[] ToBytes()
    {
        var writer = StateWriter.Begin();
        writer.Byte(Format);
        writer.Byte((byte)((Learning ? 1 : 0) | (IsErased ? 2 : 0)));
        writer.Unsigned((ulong)Interactions);
        writer.Unsigned((ulong)LastEventSeconds);
        writer.Unsigned((ulong)MovieCount);
        for (var i = 0; i < MovieCount; i++)
        {
            writer.String(_index.Id(_movies[i]));
            writer.Unsigned(_opinions[i]);
        }

        writer.Unsigned((ulong)HistoryCount);
        for (var i = 0; i < HistoryCount; i++)
        {
            writer.Unsigned((ulong)_ring[i]);
            writer.Unsigned(_times[i]);
        }

        writer.Unsigned((ulong)_recentIds.Length);
        foreach (var id in _recentIds)
        {
            writer.Fixed64(id);
        }

        _genres.Write(writer);
        _decades.Write(writer);
        _languages.Write(writer);
        _people.Write(writer);
        return writer.ToArray();
    }

    /// <summary>Reads a state back.</summary>
    /// <exception cref="InvalidDataException">The bytes are damaged or of a newer format.</exception>
    public static UserState FromBytes(string user, long version, ReadOnlySpan<byte> bytes, MovieIndex index)
    {
        var reader = new StateReader(bytes);
        var format = reader.Byte();
        if (format != Format)
        {
            throw new InvalidDataException(
                $"a stored user has format {format}, this version of Cinegrain reads format {Format}: run the version that wrote it, or a newer one");
        }

        var flags = reader.Byte();
        var state = new UserState(user, index)
        {
            Version = version,
            Learning = (flags & 1) != 0,
            IsErased = (flags & 2) != 0,
            Interactions = reader.Int32(),
            LastEventSeconds = (long)reader.Unsigned(),
        };
        state.MovieCount = reader.Count();
        state._movies = new int[state.MovieCount];
        state._opinions = new ushort[state.MovieCount];
        for (var i = 0; i < state.MovieCount; i++)
        {
            state._movies[i] = index.Handle(reader.String());
            state._opinions[i] = reader.Unsigned() is var opinion && opinion >> ValueBits <= LastKind
                ? (ushort)opinion
                : throw new InvalidDataException("a stored user is damaged: an interaction is of no known kind");
        }

        state.HistoryCount = reader.Count(ModelConstants.HistoryLength);
        state._ring = new int[state.HistoryCount];
        state._times = new uint[state.HistoryCount];
        for (var i = 0; i < state.HistoryCount; i++)
        {
            state._ring[i] = reader.Int32();
            state._times[i] = (uint)reader.Unsigned();
            if (state._ring[i] >= state.MovieCount)
            {
                throw new InvalidDataException("a stored user is damaged: its history names a movie that it has not");
            }
        }

        state._recentIds = new ulong[reader.Count(RecentIdLimit)];
        for (var i = 0; i < state._recentIds.Length; i++)
        {
            state._recentIds[i] = reader.Fixed64();
        }

        state._genres = TasteVector.Read(ref reader, GenreLimit);
        state._decades = TasteVector.Read(ref reader, DecadeLimit);
        state._languages = TasteVector.Read(ref reader, LanguageLimit);
        state._people = TasteVector.Read(ref reader, PeopleLimit);
        reader.End();
        return state;
    }

    private double? ValueAt(int place) => KindAt(place) is InteractionKind.Rate or InteractionKind.Watch
        ? (_opinions[place] & ((1 << ValueBits) - 1)) / 100.0
        : null;

    private bool Learn(Interaction interaction)
    {
        var seconds = interaction.At.ToUnixTimeSeconds();
        Interactions++;
        LearnTaste(interaction, seconds);
        LastEventSeconds = Math.Max(LastEventSeconds, seconds);

        var opinion = (ushort)(((int)interaction.Kind << ValueBits) | (int)Math.Round(Math.Clamp(interaction.Value ?? 0, 0, 81) * 100));
        var movie = _index.Handle(interaction.Movie);
        var place = PlaceOf(movie);
        if (place >= 0)
        {
            // A click after a rating says nothing new of the movie.
            if (interaction.Kind != InteractionKind.Click)
            {
                _opinions[place] = opinion;
            }

            return false;
        }

        if (MovieCount == _movies.Length)
        {
            var capacity = MovieCount < 8 ? 8 : MovieCount + (MovieCount / 2);
            Array.Resize(ref _movies, capacity);
            Array.Resize(ref _opinions, capacity);
        }

        _movies[MovieCount] = movie;
        _opinions[MovieCount] = opinion;
        Remember(MovieCount++, (uint)Math.Clamp(seconds, 0, uint.MaxValue));
        return true;
    }

    private void Remember(int place, uint seconds)
    {
        if (HistoryCount == ModelConstants.HistoryLength)
        {
            Array.Copy(_ring, 1, _ring, 0, HistoryCount - 1);
            Array.Copy(_times, 1, _times, 0, HistoryCount - 1);
            HistoryCount--;
        }
        else if (HistoryCount == _ring.Length)
        {
            var capacity = Math.Min(ModelConstants.HistoryLength, HistoryCount < 8 ? 8 : HistoryCount * 2);
            Array.Resize(ref _ring, capacity);
            Array.Resize(ref _times, capacity);
        }

        _ring[HistoryCount] = place;
        _times[HistoryCount++] = seconds;
    }

    private void LearnTaste(Interaction interaction, long seconds)
    {
        // Kept relative to the latest event: a later event fades what is there, an earlier one comes in faded.
        var days = LastEventSeconds == 0 ? 0 : (seconds - LastEventSeconds) / 86400.0;
        var factor = (float)Math.Exp(-Math.Abs(days) / TasteVector.TimeConstantDays);
        var amount = (float)interaction.Preference;
        if (days > 0)
        {
            _genres.Fade(factor);
            _decades.Fade(factor);
            _languages.Fade(factor);
            _people.Fade(factor);
        }
        else
        {
            amount *= factor;
        }

        foreach (var genre in interaction.Genres)
        {
            _genres.Add(genre, amount / interaction.Genres.Count);
        }

        if (interaction.Year is { } year)
        {
            _decades.Add(Decade(year), amount);
        }

        if (interaction.Language is { } language)
        {
            _languages.Add(language, amount);
        }

        foreach (var person in interaction.People)
        {
            _people.Add(person, amount);
        }
    }

    private static string Decade(int year) =>
        year / 10 is var decade && (uint)decade < Decades.Length ? Decades[decade] : $"{decade}0s";

    private bool IsRepeat(string id)
    {
        var hash = StableHash.Of(id);
        if (_recentIds.AsSpan().Contains(hash))
        {
            return true;
        }

        _recentIds = _recentIds.Length < RecentIdLimit ? [.. _recentIds, hash] : [.. _recentIds.AsSpan(1), hash];
        return false;
    }

    private void Forget()
    {
        _movies = [];
        _opinions = [];
        _ring = [];
        _times = [];
        _recentIds = [];
        _genres = new(GenreLimit);
        _decades = new(DecadeLimit);
        _languages = new(LanguageLimit);
        _people = new(PeopleLimit);
        (MovieCount, HistoryCount, Interactions, LastEventSeconds, Learning) = (0, 0, 0, 0, true);
    }
}
