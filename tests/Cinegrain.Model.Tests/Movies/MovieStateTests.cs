using Cinegrain.Model.Catalogue;
using Cinegrain.Model.Events;
using Cinegrain.Model.Movies;
using FsCheck.Xunit;

namespace Cinegrain.Model.Tests.Movies;

[Properties(Arbitrary = [typeof(Generators)], MaxTest = 100)]
public sealed class MovieStateTests
{
    [Property]
    public void Apply_InAnyOrderOfArrival_GivesTheSameSums(SignalLog log, int seed)
    {
        var shuffled = log.Signals.ToArray();
        new Random(seed).Shuffle(shuffled);
        AssertSameSums(Make.MovieOf("subject", log.Signals), Make.MovieOf("subject", shuffled));
    }

    [Property]
    public void Apply_WhatWasAppliedBefore_ChangesNothing(SignalLog log, int seed)
    {
        var state = Make.MovieOf("subject", log.Signals);
        var before = state.ToBytes();
        var again = log.Signals.ToArray();
        new Random(seed).Shuffle(again);
        var delta = new TraitsDelta();
        Assert.All(again, signal => Assert.False(state.Apply(state.Version, signal, Make.NoCounts.Instance, delta)));
        Assert.Equal(before, state.ToBytes());
    }

    [Property]
    public void Apply_BelowTheVersion_ChangesNothing(SignalLog log)
    {
        var state = Make.MovieOf("subject", log.Signals);
        var fresh = Make.Signal("subject", new SignalSource(9, 9, 9, 0));
        Assert.Equal(log.Signals.Count == 0, state.Apply(0, fresh, Make.NoCounts.Instance, new TraitsDelta()));
    }

    [Property]
    public void Apply_OfPartitionsThatCrashAndEmitAgain_CountsEachEventOnce(int seed)
    {
        // Three partitions emit in the order of their offsets, move their checkpoint on now and then, and now and then fall back to it; the
        // movie's log interleaves them.
        var random = new Random(seed);
        var emitted = Enumerable.Range(0, 3).Select(partition => Emissions(random, partition)).ToArray();
        var expected = Make.MovieOf("subject", emitted.SelectMany(signals => signals.DistinctBy(signal => signal.Source.Offset)));
        var places = new int[3];
        var interleaved = new List<Signal>();
        while (interleaved.Count < emitted.Sum(signals => signals.Count))
        {
            var partition = random.Next(3);
            if (places[partition] < emitted[partition].Count)
            {
                interleaved.Add(emitted[partition][places[partition]++]);
            }
        }

        AssertSameSums(expected, Make.MovieOf("subject", interleaved));
    }

    [Fact]
    public void Apply_OfANewerEpoch_StartsAnewAndIgnoresTheOlder()
    {
        var state = new MovieState("m", new MovieIndex());
        var delta = new TraitsDelta();
        Assert.True(state.Apply(0, Make.Signal("m", new SignalSource(0, 1, 5, 0)), Make.NoCounts.Instance, delta));
        Assert.True(state.Apply(1, Make.Signal("m", new SignalSource(1, 1, 5, 0)), Make.NoCounts.Instance, delta));
        Assert.False(state.Apply(2, Make.Signal("m", new SignalSource(0, 1, 6, 0)), Make.NoCounts.Instance, delta));
        Assert.True(state.Apply(3, Make.Signal("m", new SignalSource(0, 2, 6, 0)), Make.NoCounts.Instance, delta));
        Assert.Equal(3, state.Count);
    }

    [Fact]
    public void Apply_OfManySignalsWithCheckpoints_KeepsItsMarksBounded()
    {
        var signals = Enumerable.Range(0, 20_000).Select(i => Make.Signal("m", new SignalSource(0, i % 4, i / 4, i / 4 / 100 * 100), i, "h"));
        Assert.InRange(Make.MovieOf("m", signals).ToBytes().Length, 50, 700);
    }

    [Property]
    public void FromBytes_OfToBytes_IsEqualAndGoesOn(SignalLog log, int place)
    {
        var half = log.Signals.Count == 0 ? 0 : (int)((uint)place % log.Signals.Count);
        var change = new CatalogueChange
        {
            Movie = "subject",
            Metadata = new MovieMetadata
            {
                Id = "subject",
                Title = "Les Parapluies de Cherbourg",
                Year = 1964,
                Released = new DateOnly(1964, 2, 19),
                Genres = ["Romance", "Musical"],
                Language = "fr",
                Directors = ["Jacques Demy"],
                Cast = ["Catherine Deneuve", "Nino Castelnuovo"],
            },
        };
        MovieRecord[] records = [.. log.Signals.Take(half), change, .. log.Signals.Skip(half)];
        var first = Make.MovieOf("subject", records.Take(half + 1));
        var restored = MovieState.FromBytes("subject", first.Version, first.ToBytes(), new MovieIndex());
        Assert.Equal(first.ToBytes(), restored.ToBytes());
        Assert.Equivalent(change.Metadata, restored.Metadata, strict: true);
        foreach (var record in records.Skip(half + 1))
        {
            restored.Apply(restored.Version, record, Make.NoCounts.Instance, new TraitsDelta());
        }

        Assert.Equal(Make.MovieOf("subject", records).ToBytes(), restored.ToBytes());
    }

    [Property(MaxTest = 60)]
    public void FromBytes_OfDamagedBytes_ThrowsInvalidDataOrGivesAUsableState(SignalLog log, int seed)
    {
        var bytes = Make.MovieOf("subject", [.. log.Signals, new CatalogueChange
        {
            Movie = "subject",
            Metadata = new MovieMetadata { Id = "subject", Title = "T", Year = 1999, Released = new DateOnly(1999, 1, 2) },
        }]).ToBytes();
        var random = new Random(seed);
        for (var round = 0; round < 50; round++)
        {
            var damaged = bytes.ToArray();
            for (var flips = random.Next(1, 4); flips > 0; flips--)
            {
                damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            }

            MovieState state;
            try
            {
                state = MovieState.FromBytes("subject", 3, damaged.AsSpan(0, random.Next(4) == 0 ? random.Next(damaged.Length) : damaged.Length), new MovieIndex());
            }
            catch (InvalidDataException)
            {
                continue;
            }

            var delta = new TraitsDelta();
            state.Describe(delta);
            for (var i = 0; i < 40; i++)
            {
                string[] context = [.. Enumerable.Range(0, 20).Select(d => $"new{i}-{d}")];
                state.Apply(state.Version, Make.Signal("subject", new SignalSource(0, i, i, 0), i, context), Make.NoCounts.Instance, delta);
            }

            Assert.Equal(state.ToBytes(), MovieState.FromBytes("subject", 3, state.ToBytes(), new MovieIndex()).ToBytes());
        }
    }

    [Property(MaxTest = 10)]
    public void FromBytes_OfBytesThatEndEarly_ThrowsInvalidData(SignalLog log)
    {
        var bytes = Make.MovieOf("subject", log.Signals).ToBytes();
        for (var length = 0; length < bytes.Length; length++)
        {
            Assert.Throws<InvalidDataException>(() => MovieState.FromBytes("subject", 0, bytes.AsSpan(0, length), new MovieIndex()));
        }
    }

    [Fact]
    public void Apply_OfASignal_AddsDecayedWeightsInBothDirections()
    {
        var index = new MovieIndex();
        var state = Make.MovieOf("m", [Make.Signal("m", new SignalSource(0, 0, 0, 0), 0, "a", "b"), Make.Signal("m", new SignalSource(0, 0, 1, 0), 0, "b")], index);
        var delta = new TraitsDelta();
        state.Describe(delta);

        // w = e^(−(d−1)/30), in units of 1/256; backward 0.8 of it.
        var second = Math.Exp(-1 / 30.0);
        Assert.Equal([("a", 256), ("b", (int)Math.Round(256 * second) + 256)], delta.In.Select(e => (index.Id(e.Movie), e.Weight.All)));
        Assert.Equal([("a", 205), ("b", (int)Math.Round(256 * 0.8 * second) + 205)], delta.Out.Select(e => (index.Id(e.Movie), e.Weight.All)));
    }

    [Fact]
    public void Apply_OfContextsBeyondTheLimits_PrunesTo400And250AndTellsIt()
    {
        var index = new MovieIndex();
        var state = new MovieState("m", index);
        var delta = new TraitsDelta();
        var (told, toldOut) = (new Dictionary<int, int>(), new Dictionary<int, int>());
        var (pruned, prunedOut) = (0, 0);
        for (var i = 0; i < 120; i++)
        {
            string[] context = [.. Enumerable.Range(0, 10).Select(d => $"n{(i * 10) + d}")];
            state.Apply(i, Make.Signal("m", new SignalSource(0, 0, i, 0), i, context), Make.NoCounts.Instance, delta);
            (pruned, prunedOut) = (pruned + Note(delta.In, told, 500, 400), prunedOut + Note(delta.Out, toldOut, 312, 250));
        }

        Assert.Equal((7, 13), (pruned, prunedOut));
        state.Describe(delta);
        Assert.Equal(told.OrderBy(e => e.Key), delta.In.ToDictionary(e => e.Movie, e => e.Weight.All).OrderBy(e => e.Key));
        Assert.Equal(toldOut.OrderBy(e => e.Key), delta.Out.ToDictionary(e => e.Movie, e => e.Weight.All).OrderBy(e => e.Key));
        Assert.True(state.TotalWeight.In > delta.In.Sum(e => (long)e.Weight.All));

        static int Note(List<NeighbourEntry> changes, Dictionary<int, int> list, int limit, int kept)
        {
            var before = list.Count;
            foreach (var (movie, weight) in changes)
            {
                if (weight.IsNone)
                {
                    Assert.True(list.Remove(movie));
                }
                else
                {
                    list[movie] = weight.All;
                }
            }

            Assert.InRange(list.Count, 0, limit);
            if (list.Count >= before)
            {
                return 0;
            }

            Assert.Equal(kept, list.Count);
            return 1;
        }
    }

    [Fact]
    public void Apply_WhenPruning_KeepsTheHighestWeightForThePopularity()
    {
        var index = new MovieIndex();
        var state = new MovieState("m", index);
        var delta = new TraitsDelta();
        var counts = new CountsOf(movie => index.Id(movie).StartsWith("popular", StringComparison.Ordinal) ? 1000 : 1);
        for (var i = 0; state.Version == i && i < 60; i++)
        {
            // Each names five popular movies and five rare ones, at distances that even out.
            string[] context = [.. Enumerable.Range(0, 10).Select(d => $"{((d + i) % 2 == 0 ? "popular" : "rare")}{(i * 10) + d}")];
            state.Apply(i, Make.Signal("m", new SignalSource(0, 0, i, 0), i, context), counts, delta);
        }

        state.Describe(delta);
        Assert.Equal(400 + 90, delta.In.Count);
        Assert.True(delta.In.Count(e => index.Id(e.Movie).StartsWith("rare", StringComparison.Ordinal)) >= 290);
    }

    [Fact]
    public void ToBytes_OfFullLists_IsUnder8KBOnTheAverageOfItsLengths()
    {
        // Lists run from 400 to 500 and from 250 to 312 entries between two prunings; ids have six characters.
        var state = new MovieState("123456", new MovieIndex());
        var delta = new TraitsDelta();
        var sizes = new List<int>();
        for (var i = 0; i < 400; i++)
        {
            string[] context = [.. Enumerable.Range(0, 10).Select(d => $"{100_000 + (i * 10) + d}")];
            state.Apply(i, Make.Signal("123456", new SignalSource(0, i % 8, i / 8, Math.Max(0, (i / 8) - 20)), i, context), Make.NoCounts.Instance, delta);
            if (i > 100)
            {
                sizes.Add(state.ToBytes().Length);
            }
        }

        Assert.True(sizes.Average() <= 8 * 1024, $"{sizes.Average():0} bytes on average");
        Assert.True(sizes.Max() <= 8.75 * 1024, $"{sizes.Max()} bytes at most");
    }

    [Fact]
    public void Apply_OfACatalogueChange_ReplacesTheMetadataAndKeepsWhatWasLearned()
    {
        var state = Make.MovieOf("m", [
            new CatalogueChange { Movie = "m", Metadata = Make.Movie("m") },
            Make.Signal("m", new SignalSource(0, 0, 0, 0)),
            new CatalogueChange { Movie = "m", Metadata = null },
        ]);
        Assert.Null(state.Metadata);
        Assert.Equal(1, state.Count);
    }

    private static List<Signal> Emissions(Random random, int partition)
    {
        var signals = new List<Signal>();
        long checkpoint = 0;
        var times = new Random(partition);
        var timeOf = Enumerable.Range(0, 60).Select(_ => times.Next(10_000_000)).ToArray();
        for (long offset = 0; offset < 60; offset++)
        {
            signals.Add(Make.Signal("subject", new SignalSource(0, partition, offset, checkpoint), timeOf[offset], $"h{offset % 7}", "x"));
            if (random.Next(8) == 0)
            {
                checkpoint = offset + 1;
            }

            if (random.Next(15) == 0)
            {
                offset = checkpoint - 1;
            }
        }

        return signals;
    }

    private static void AssertSameSums(MovieState expected, MovieState actual)
    {
        Assert.Equal(expected.Count, actual.Count);
        Assert.Equal(expected.TotalWeight, actual.TotalWeight);
        Assert.Equal(expected.FirstSeenSeconds, actual.FirstSeenSeconds);
        for (var i = 0; i < ModelConstants.PopularityDays.Length; i++)
        {
            Assert.Equal(expected.Popularity(i), actual.Popularity(i), 1e-9 * Math.Max(1, expected.Popularity(i)));
        }
    }

    private sealed class CountsOf(Func<int, int> count) : IPopularity
    {
        public float Discount(int movie) => Make.Discount(count(movie));
    }
}
