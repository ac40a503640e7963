using Cinegrain.Streaming.Caching;

namespace Cinegrain.Streaming.Tests.Caching;

public sealed class OffsetWindowTests
{
    [Fact]
    public void IndexAbove_AfterEveryNumberOfDrops_FindsTheSameItems()
    {
        var window = new OffsetWindow<long>();
        for (var offset = 0L; offset < 200; offset += 2)
        {
            window.Add(offset, -offset);
        }

        for (var dropped = 0; dropped < 100; dropped++)
        {
            for (var offset = -1L; offset < 200; offset++)
            {
                var index = window.IndexAbove(offset);
                var expected = Math.Max(0, (offset + 2 - (offset & 1)) / 2 - dropped);
                Assert.Equal(Math.Min(expected, window.Count), index);
                Assert.True(index == window.Count || window[index] == (2L * (index + dropped), -2L * (index + dropped)));
            }

            Assert.Equal(198, window.LastOffset);
            window.DropFirst();
        }

        Assert.Equal((0, -1L), (window.Count, window.LastOffset));
    }
}
