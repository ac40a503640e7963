using Cinegrain.Model.Ports;

namespace Cinegrain.Model.Tests.Ports;

public sealed class PartitionerTests
{
    // The vectors of RFC 9923 (FNV-1a, 32 bit); a log on disk depends on them for ever.
    [Theory]
    [InlineData("", 0x811c9dc5u)]
    [InlineData("a", 0xe40c292cu)]
    [InlineData("foobar", 0xbf9cf968u)]
    public void Partition_OfAPublishedVector_IsItsHashModuloTheCount(string key, uint hash)
    {
        Assert.Equal((int)(hash % 16), Partitioner.Partition(key, 16));
        Assert.Equal((int)(hash % 1021), Partitioner.Partition(key, 1021));
        Assert.Equal((int)(hash % int.MaxValue), Partitioner.Partition(key, int.MaxValue));
    }

    [Theory]
    [InlineData("42", 8, 3)]
    [InlineData("k1-0123456789abcdef", 8, 0)]
    [InlineData("Amélie", 8, 3)]
    public void Partition_OfAKey_NeverChanges(string key, int partitions, int expected) => Assert.Equal(expected, Partitioner.Partition(key, partitions));

    [Fact]
    public void Partition_OfALongKey_HashesAllOfIt()
    {
        // 80 characters is where the stack buffer ends.
        foreach (var length in new[] { 79, 80, 81, 300 })
        {
            var key = new string('é', length);
            uint hash = 2166136261;
            foreach (var b in System.Text.Encoding.UTF8.GetBytes(key))
            {
                hash = (hash ^ b) * 16777619;
            }

            Assert.Equal((int)(hash % 997), Partitioner.Partition(key, 997));
        }
    }

    [Fact]
    public void Partition_OfManyKeys_FillsThePartitionsEvenly()
    {
        var counts = Enumerable.Range(0, 16_000).Select(i => Partitioner.Partition($"user-{i}", 16)).CountBy(p => p).ToDictionary();
        Assert.Equal(16, counts.Count);
        Assert.All(counts.Values, count => Assert.InRange(count, 800, 1200));
    }
}
