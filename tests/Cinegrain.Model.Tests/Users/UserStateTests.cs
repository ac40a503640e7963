using Cinegrain.Model.Catalogue;
using Cinegrain.Model.Events;
using Cinegrain.Model.Users;
using FsCheck.Xunit;

namespace Cinegrain.Model.Tests.Users;

[Properties(Arbitrary = [typeof(Generators)], MaxTest = 100)]
public sealed class UserStateTests
{
    [Property]
    public void Apply_BelowTheVersion_ChangesNothing(UserLog log)
    {
        var state = Make.User(log.Records);
        var (before, version) = (state.ToBytes(), state.Version);
        for (var offset = 0; offset < log.Records.Count; offset++)
        {
            Assert.False(state.Apply(offset, log.Records[offset]));
        }

        Assert.Equal(before, state.ToBytes());
        Assert.Equal(version, state.Version);
    }

    [Property]
    public void Apply_SameRecordsInAnotherProcess_GivesTheSameBytes(UserLog log)
    {
        var other = new MovieIndex();
        for (var number = 79; number >= 0; number -= 2)
        {
            other.Handle($"m{number}");
        }

        Assert.Equal(Make.User(log.Records).ToBytes(), Make.User(log.Records, other).ToBytes());
    }

    [Property]
    public void FromBytes_AtAnyPlaceOfALog_GoesOnAsIfNothingHadHappened(UserLog log, int place)
    {
        var whole = Make.User(log.Records);
        var half = log.Records.Count == 0 ? 0 : (int)((uint)place % log.Records.Count);
        var first = Make.User(log.Records.Take(half));
        var restored = UserState.FromBytes(Make.Someone, first.Version, first.ToBytes(), new MovieIndex());
        Assert.Equal(first.ToBytes(), restored.ToBytes());

        foreach (var record in log.Records.Skip(half))
        {
            restored.Apply(restored.Version, record);
        }

        Assert.Equal(whole.ToBytes(), restored.ToBytes());
        Assert.Equal(whole.Version, restored.Version);
    }

    [Property]
    public void FromBytes_OfDamagedBytes_ThrowsInvalidDataOrGivesAUsableState(UserLog log, int seed)
    {
        var bytes = Make.User(log.Records).ToBytes();
        var random = new Random(seed);
        for (var round = 0; round < 50; round++)
        {
            var damaged = bytes.ToArray();
            for (var flips = random.Next(1, 4); flips > 0; flips--)
            {
                damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            }

            if (random.Next(4) == 0)
            {
                damaged = damaged[..random.Next(damaged.Length)];
            }

            UserState state;
            try
            {
                state = UserState.FromBytes(Make.Someone, 7, damaged, new MovieIndex());
            }
            catch (InvalidDataException)
            {
                continue;
            }

            _ = state.ToProfile(id => id);
            state.Apply(state.Version, Make.Consent(true));
            for (var i = 0; i < 60; i++)
            {
                state.Apply(state.Version, Make.Interaction($"new{i}", i));
            }

            Assert.Equal(ModelConstants.HistoryLength, state.HistoryCount);
            Assert.Equal(state.ToBytes(), UserState.FromBytes(Make.Someone, 7, state.ToBytes(), new MovieIndex()).ToBytes());
        }
    }

    [Property(MaxTest = 20)]
    public void FromBytes_OfBytesThatEndEarly_ThrowsInvalidData(UserLog log)
    {
        var bytes = Make.User(log.Records).ToBytes();
        for (var length = 0; length < bytes.Length; length++)
        {
            Assert.Throws<InvalidDataException>(() => UserState.FromBytes(Make.Someone, 0, bytes.AsSpan(0, length), new MovieIndex()));
        }
    }

    [Fact]
    public void FromBytes_OfANewerFormat_SaysWhatToDo()
    {
        var bytes = Make.User([Make.Interaction("m1")]).ToBytes();
        bytes[0]++;
        Assert.Contains("newer", Assert.Throws<InvalidDataException>(() => UserState.FromBytes(Make.Someone, 0, bytes, new MovieIndex())).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Apply_MoreMoviesThanTheRing_KeepsTheLast50AndRemembersAllAsTaken()
    {
        var index = new MovieIndex();
        var state = Make.User(Enumerable.Range(0, 70).Select(i => Make.Interaction($"m{i}", i)), index);
        Assert.Equal(50, state.HistoryCount);
        Assert.Equal(Enumerable.Range(20, 50).Reverse().Select(i => $"m{i}"), Enumerable.Range(1, 50).Select(d => index.Id(state.HistoryMovie(d))));
        Assert.Equal(Make.StartSeconds + 69, state.HistoryTime(1));
        Assert.Equal(70, state.MovieCount);
        Assert.Equal(Enumerable.Range(49, 20).Reverse().Select(i => $"m{i}"), Context(state));
    }

    [Theory]
    [InlineData(InteractionKind.Rate, true, false)]
    [InlineData(InteractionKind.Watch, true, false)]
    [InlineData(InteractionKind.Like, true, false)]
    [InlineData(InteractionKind.Dislike, true, true)]
    [InlineData(InteractionKind.Skip, true, false)]
    [InlineData(InteractionKind.Watchlist, true, false)]
    [InlineData(InteractionKind.Click, false, false)]
    public void Apply_OfAKind_MarksSeenAndDisliked(InteractionKind kind, bool seen, bool disliked)
    {
        var state = Make.User([Make.Interaction("m1", 0, kind, kind == InteractionKind.Rate ? 4 : kind == InteractionKind.Watch ? 0.5 : null)]);
        Assert.Equal(seen, state.IsSeenAt(0));
        Assert.Equal(disliked, state.IsDislikedAt(0));
        Assert.Equal(1, state.HistoryCount);
    }

    [Fact]
    public void Apply_AgainToTheSameMovie_ChangesTheOpinionAndEmitsNothing()
    {
        var state = new UserState(Make.Someone, new MovieIndex());
        Assert.True(state.Apply(0, Make.Interaction("m1", 0, InteractionKind.Click)));
        Assert.False(state.Apply(1, Make.Interaction("m1", 1, InteractionKind.Rate, 4.5)));
        Assert.Equal((InteractionKind.Rate, 0.75), (state.KindAt(0), state.PreferenceAt(0)));
        Assert.False(state.Apply(2, Make.Interaction("m1", 2, InteractionKind.Click)));
        Assert.Equal(InteractionKind.Rate, state.KindAt(0));
        Assert.False(state.Apply(3, Make.Interaction("m1", 3, InteractionKind.Dislike)));
        Assert.True(state.IsDislikedAt(0));
        Assert.Equal((1, 1, 4), (state.MovieCount, state.HistoryCount, state.Interactions));
    }

    [Fact]
    public void Apply_AnIdempotentIdAgain_ChangesNothingButTheVersion()
    {
        var state = new UserState(Make.Someone, new MovieIndex());
        Assert.True(state.Apply(0, Make.Interaction("m1", 0, id: "key-1")));
        var before = state.ToBytes();
        Assert.False(state.Apply(1, Make.Interaction("m2", 5, id: "key-1")));
        Assert.Equal(before, state.ToBytes());
        Assert.Equal(2, state.Version);
    }

    [Fact]
    public void Apply_ManyIdempotentIds_RemembersTheLast64()
    {
        var state = Make.User(Enumerable.Range(0, 65).Select(i => Make.Interaction($"m{i}", i, id: $"key-{i}")));
        Assert.False(state.Apply(state.Version, Make.Interaction("new1", 100, id: "key-1")));
        Assert.True(state.Apply(state.Version, Make.Interaction("new2", 100, id: "key-0")));
    }

    [Fact]
    public void Apply_WithoutConsent_LearnsNothingUntilItIsGivenAgain()
    {
        var state = Make.User([Make.Interaction("m1"), Make.Consent(false, 1)]);
        var before = state.ToBytes();
        Assert.False(state.Apply(2, Make.Interaction("m2", 2)));
        Assert.Equal(before, state.ToBytes());
        Assert.Equal((3, 1), (state.Version, state.MovieCount));
        state.Apply(3, Make.Consent(true, 3));
        Assert.True(state.Apply(4, Make.Interaction("m3", 4)));
        Assert.Equal(["m1"], Context(state));
    }

    [Property]
    public void Apply_OfAnErasure_ForgetsEverythingButTheVersion(UserLog log)
    {
        var state = Make.User([.. log.Records, Make.Erasure()]);
        Assert.True(state.IsErased);
        Assert.Equal(log.Records.Count + 1, state.Version);
        Assert.Equal(UserState.Erased(Make.Someone, 1, new MovieIndex()).ToBytes(), state.ToBytes());
        var profile = state.ToProfile(id => id);
        Assert.Equal((0, 0), (profile.Movies, profile.Interactions));
        Assert.Empty(profile.Genres.Concat(profile.Years).Concat(profile.Languages).Concat(profile.People));
        Assert.Empty(profile.Recent);
        Assert.Empty(Context(state));
    }

    [Fact]
    public void Apply_OfTastes_AddsPreferenceDecayedWithEventTime()
    {
        // 180 days later the first event weighs e^-1; what comes late weighs as if it had come in time.
        var day = 86400L;
        var early = Make.Interaction("m1", 0) with { Genres = ["Drama"], Language = "fr" };
        var late = Make.Interaction("m2", 180 * day, InteractionKind.Watchlist) with { Genres = ["Comedy", "Drama"], Language = "en" };
        foreach (var records in new[] { new[] { early, late }, [late, early] })
        {
            var profile = Make.User(records).ToProfile(id => id);
            var languages = profile.Languages.ToDictionary(entry => entry.Name, entry => entry.Weight);
            Assert.Equal((1, Math.Exp(-1) / 0.4), (languages["en"], languages["fr"]), new Near(1e-3));
            var genres = profile.Genres.ToDictionary(entry => entry.Name, entry => entry.Weight);
            Assert.Equal((1, 0.2 / (0.2 + Math.Exp(-1))), (genres["Drama"], genres["Comedy"]), new Near(1e-3));
        }
    }

    [Fact]
    public void Apply_OfDislikes_LowersTheTaste()
    {
        var profile = Make.User([Make.Interaction("m1", 0, InteractionKind.Dislike) with { Genres = ["Horror"] }]).ToProfile(id => id);
        Assert.Equal(-1, profile.Genres.Single().Weight);
    }

    [Fact]
    public void ToBytes_OfAUserOf100MoviesWithMetadata_IsUnder2KB()
    {
        var bytes = Make.User(TypicalUser(0, 100)).ToBytes();
        Assert.True(bytes.Length <= 2048, $"{bytes.Length} bytes");
    }

    [Fact]
    public void Apply_Of10000TypicalUsers_TakesUnder4KBOfMemoryEach()
    {
        const int Users = 10_000;
        var index = new MovieIndex();
        var records = Enumerable.Range(0, 50).Select(i => TypicalUser(i, 20 + (i % 21))).ToArray();
        foreach (var log in records)
        {
            Make.User(log, index);
        }

        var states = new UserState[Users];
        var before = GC.GetTotalMemory(forceFullCollection: true);
        for (var i = 0; i < Users; i++)
        {
            states[i] = Make.User(records[i % records.Length], index);
        }

        var each = (GC.GetTotalMemory(forceFullCollection: true) - before) / Users;
        GC.KeepAlive(states);
        Assert.InRange(each, 100, 4096);
    }

    private static Interaction[] TypicalUser(int seed, int events)
    {
        // Ids as in MovieLens: most of a few digits. Two genres, a decade, a language and four people to a movie.
        var random = new Random(seed);
        string[] genres = ["Drama", "Comedy", "Action", "Thriller", "Romance", "Adventure", "Sci-Fi", "Crime", "Fantasy", "Children", "Mystery", "Horror"];
        return [.. Enumerable.Range(0, events).Select(i => Make.Interaction(
            $"{random.Next(1, random.Next(3) == 0 ? 200_000 : 5000)}", i * 5000, InteractionKind.Rate, random.Next(1, 11) / 2.0) with
        {
            Genres = [.. random.GetItems(genres, 2).Distinct()],
            Year = random.Next(1950, 2020),
            Language = random.Next(5) == 0 ? "fr" : "en",
            People = [.. Enumerable.Range(0, 4).Select(_ => $"Firstname Lastname{random.Next(500)}")],
        })];
    }

    private sealed class Near(double tolerance) : IEqualityComparer<(double, double)>
    {
        public bool Equals((double, double) x, (double, double) y) => Math.Abs(x.Item1 - y.Item1) < tolerance && Math.Abs(x.Item2 - y.Item2) < tolerance;

        public int GetHashCode((double, double) obj) => 0;
    }

    private static IReadOnlyList<string> Context(UserState state) => state.Signal(Make.Interaction("any"), default).Context;
}
