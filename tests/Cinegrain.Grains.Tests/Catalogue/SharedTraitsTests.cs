using Cinegrain.Grains.Catalogue;
using Cinegrain.Model;
using Cinegrain.Model.Events;
using Cinegrain.Model.Movies;
using Xunit;

namespace Cinegrain.Grains.Tests.Catalogue;

/// <summary>A view that hears of a movie from its own grain and from the log, in any order.</summary>
public sealed class SharedTraitsTests
{
    [Fact]
    public void Apply_RecordsInAnyOrder_KeepsTheNewest()
    {
        using var source = new SharedModel(new ModelOptions());
        var movie = new MovieState("m", source.Index);
        var (whole, delta) = (new TraitsDelta(), new TraitsDelta());
        var records = new List<byte[]>();
        for (var offset = 0; offset < 3; offset++)
        {
            movie.Apply(offset, Signal(offset), source.View, delta);
            records.Add(TraitsCodec.Encode(delta, movie.Version, source.Index));
        }

        movie.Describe(whole);
        records.Add(TraitsCodec.Encode(whole, movie.Version, source.Index));

        using var shared = new SharedModel(new ModelOptions());
        shared.View.Put(new MovieMetadata { Id = "m", Title = "M" });
        var traits = new SharedTraits(shared);
        foreach (var record in new[] { records[3], records[0], records[2], records[1] })
        {
            traits.Apply("m", record, new TraitsDelta());
        }

        Assert.Equal((3, 3L), (shared.View.Describe("m", 0)!.Count, shared.View.Interactions));
    }

    [Fact]
    public void Apply_BytesOfANewerFormat_IsRefusedWithASentence()
    {
        using var shared = new SharedModel(new ModelOptions());
        var thrown = Assert.Throws<InvalidDataException>(() => new SharedTraits(shared).Apply("m", [99, 1], new TraitsDelta()));
        Assert.Contains("update all processes", thrown.Message, StringComparison.Ordinal);
    }

    private static Signal Signal(long offset) => new()
    {
        Movie = "m",
        At = DateTimeOffset.UnixEpoch.AddYears(50).AddSeconds(offset),
        Kind = InteractionKind.Like,
        Preference = 1,
        Context = ["a", $"b{offset}"],
        Source = new SignalSource(1, 0, offset, 0),
    };
}
