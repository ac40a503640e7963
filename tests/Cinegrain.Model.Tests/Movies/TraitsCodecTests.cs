using Cinegrain.Model.Catalogue;
using Cinegrain.Model.Events;
using Cinegrain.Model.Movies;

namespace Cinegrain.Model.Tests.Movies;

public sealed class TraitsCodecTests
{
    [Fact]
    public void Decode_InAnotherProcess_GivesTheSameTraitsById()
    {
        var index = new MovieIndex();
        var other = new MovieIndex();
        other.Handle("of another process");
        var delta = Learn(new MovieState("m", index), index, offset: 6, "a", "b");

        var read = new TraitsDelta();
        var version = TraitsCodec.Decode("m", TraitsCodec.Encode(delta, 7, index), other, read);

        Assert.Equal((7L, "m"), (version, other.Id(read.Movie)));
        Assert.Equal(7, TraitsCodec.VersionOf(TraitsCodec.Encode(delta, 7, index)));
        Assert.Equal((delta.Count, delta.FirstSeenSeconds, delta.LatestSeconds), (read.Count, read.FirstSeenSeconds, read.LatestSeconds));
        Assert.Equal(delta.Popularity, read.Popularity);
        Assert.Equal(delta.In.Select(entry => (index.Id(entry.Movie), entry.Weight)), read.In.Select(entry => (other.Id(entry.Movie), entry.Weight)));
        Assert.Equal(delta.Out.Select(entry => (index.Id(entry.Movie), entry.Weight)), read.Out.Select(entry => (other.Id(entry.Movie), entry.Weight)));
        Assert.Equal((delta.Audience.Preference, delta.Audience.LogLength), (read.Audience.Preference, read.Audience.LogLength));
    }

    [Fact]
    public void Decode_DamagedBytes_IsRefused()
    {
        var index = new MovieIndex();
        var bytes = TraitsCodec.Encode(Learn(new MovieState("m", index), index, offset: 0, "a"), 1, index);
        for (var length = 0; length < bytes.Length; length++)
        {
            Assert.Throws<InvalidDataException>(() => TraitsCodec.Decode("m", bytes.AsSpan(0, length), index, new TraitsDelta()));
        }
    }

    [Fact]
    public void Merge_OfTwoChanges_SaysWhatBothSay()
    {
        var index = new MovieIndex();
        var movie = new MovieState("m", index);
        var merged = new TraitsDelta();
        merged.Merge(Learn(movie, index, offset: 0, "a", "b"));
        merged.Merge(Learn(movie, index, offset: 1, "b", "c"));
        merged.Compact();

        var whole = new TraitsDelta();
        movie.Describe(whole);
        Assert.Equal(2, merged.Count);
        Assert.Equal(whole.In.OrderBy(entry => entry.Movie), merged.In.OrderBy(entry => entry.Movie));
        Assert.Equal(whole.Out.OrderBy(entry => entry.Movie), merged.Out.OrderBy(entry => entry.Movie));
    }

    [Fact]
    public void Merge_OnAndOn_StaysSmall()
    {
        var index = new MovieIndex();
        var movie = new MovieState("m", index);
        var merged = new TraitsDelta();
        for (var offset = 0; offset < 5_000; offset++)
        {
            merged.Merge(Learn(movie, index, offset, "a", $"b{offset % 7}"));
            Assert.InRange(merged.In.Count + merged.Out.Count, 4, 1_004);
        }

        merged.Compact();
        var whole = new TraitsDelta();
        movie.Describe(whole);
        Assert.Equal(8, merged.In.Count);
        Assert.Equal(whole.In.OrderBy(entry => entry.Movie), merged.In.OrderBy(entry => entry.Movie));
    }

    private static TraitsDelta Learn(MovieState movie, MovieIndex index, long offset, params string[] context)
    {
        using var view = new CatalogueView(index);
        var delta = new TraitsDelta();
        var signal = new Signal
        {
            Movie = "m",
            At = DateTimeOffset.UnixEpoch.AddYears(50).AddSeconds(offset),
            Kind = InteractionKind.Like,
            Preference = 0.5,
            Context = context,
            SecondsBefore = [5],
            LikedBefore = 1,
            History = 3,
            Source = new SignalSource(1, 0, offset, 0),
        };
        Assert.True(movie.Apply(offset, signal, view, delta));
        return delta;
    }
}
