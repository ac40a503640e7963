using System.Text;

namespace Cinegrain.Model.Tests;

public sealed class StableHashTests
{
    // The vectors of RFC 9923 (FNV-1a, 64 bit), finished by MurmurHash3's mixer as published.
    [Theory]
    [InlineData("", 0xcbf29ce484222325UL)]
    [InlineData("a", 0xaf63dc4c8601ec8cUL)]
    [InlineData("foobar", 0x85944171f73967e8UL)]
    public void Of_APublishedVector_IsItsHashMixed(string text, ulong fnv) => Assert.Equal(Mix(fnv), StableHash.Of(text));

    [Theory]
    [InlineData("movie-1", 0x2e164a07aad098eaUL)]
    [InlineData("Amélie", 0x720515d02b836370UL)]
    public void Of_AText_NeverChanges(string text, ulong expected) => Assert.Equal(expected, StableHash.Of(text));

    [Fact]
    public void Of_ANumberIntoAHash_NeverChanges() => Assert.Equal(0x9db65298e905f3c5UL, StableHash.Of(StableHash.Of("user"), 19876));

    [Fact]
    public void Of_ALoneSurrogate_IsThatOfTheReplacementCharacter() => Assert.Equal(StableHash.Of("x\uFFFD"), StableHash.Of("x\uD800"));

    [Fact]
    public void Of_TextBeyondAscii_HashesItsUtf8()
    {
        var hash = 14695981039346656037UL;
        foreach (var b in Encoding.UTF8.GetBytes("naïve 映画 🎬"))
        {
            hash = (hash ^ b) * 1099511628211UL;
        }

        Assert.Equal(Mix(hash), StableHash.Of("naïve 映画 🎬"));
    }

    [Fact]
    public void ToUnit_OfManyHashes_IsUniformBetween0And1()
    {
        var values = Enumerable.Range(0, 10_000).Select(i => StableHash.ToUnit(StableHash.Of($"user-{i}"))).ToArray();
        Assert.All(values, value => Assert.InRange(value, 0, 1 - 1e-15));
        Assert.InRange(values.Average(), 0.49, 0.51);
        Assert.Equal(0, StableHash.ToUnit(0));
        Assert.True(StableHash.ToUnit(ulong.MaxValue) < 1);
    }

    private static ulong Mix(ulong h)
    {
        h = (h ^ (h >> 33)) * 0xFF51AFD7ED558CCDUL;
        h = (h ^ (h >> 33)) * 0xC4CEB9FE1A85EC53UL;
        return h ^ (h >> 33);
    }
}
