using System.Text;
using Cinegrain.Model.Catalogue;

namespace Cinegrain.Model.Tests.Catalogue;

public sealed class MovieIndexTests
{
    private const int Many = 50_000;

    [Fact]
    public void Handle_OfNewIds_IsTheirNumberAndStays()
    {
        var index = new MovieIndex();
        Assert.Equal(Enumerable.Range(0, Many), Enumerable.Range(0, Many).Select(i => index.Handle($"tt{i}")));
        Assert.Equal(Many, index.Count);
        for (var i = 0; i < Many; i++)
        {
            Assert.Equal($"tt{i}", index.Id(i));
            Assert.Equal(i, index.Handle(Encoding.UTF8.GetBytes($"tt{i}")));
            Assert.True(index.TryGetHandle($"tt{i}", out var handle) && handle == i);
            Assert.False(index.TryGetHandle($"tt{i} ", out _));
        }

        Assert.Equal(Many, index.Count);
    }

    [Theory]
    [InlineData("")]
    [InlineData("Amélie \ud83c\udfac")]
    [InlineData("a film with an id that is longer than the sixty-four characters that are looked up at once")]
    public void Handle_OfAnUnusualId_IsThatOfItsBytes(string id)
    {
        var index = new MovieIndex();
        Assert.Equal(0, index.Handle("603"));
        Assert.Equal(1, index.Handle(Encoding.UTF8.GetBytes(id)));
        Assert.Equal(1, index.Handle(id));
        Assert.Equal(id, index.Id(1));
    }

    [Fact]
    public void Handle_OfManyThreads_IsOneForEachId()
    {
        var index = new MovieIndex();
        var all = new int[4][];
        Parallel.For(0, all.Length, new ParallelOptions { MaxDegreeOfParallelism = all.Length }, thread =>
        {
            // Each begins elsewhere, so that each meets ids that it adds and ids that another one adds meanwhile.
            var handles = all[thread] = new int[Many];
            for (var i = 0; i < Many; i++)
            {
                var film = (i + (thread * Many / 16)) % Many;
                handles[film] = index.Handle($"tt{film}");
            }
        });

        Assert.Equal(Many, index.Count);
        Assert.Equal(Many, all[0].Distinct().Count());
        Assert.All(all, handles => Assert.Equal(all[0], handles));
        for (var film = 0; film < Many; film++)
        {
            Assert.Equal($"tt{film}", index.Id(all[0][film]));
        }
    }
}
