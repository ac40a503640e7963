using System.Security.Cryptography;
using System.Text;
using FsCheck;
using FsCheck.Xunit;

namespace Cinegrain.Ingest.Tests;

public sealed class PseudonymizerTests
{
    private static readonly PseudonymKey First = new(1, Fixture.Secret(1));
    private static readonly PseudonymKey Second = new(2, Fixture.Secret(2));

    [Fact]
    public void Pseudonym_KnownKey_IsBase32OfTheFirstSixteenBytesOfTheHmac()
    {
        var mac = HMACSHA256.HashData(Fixture.Secret(1), "alice"u8);
        var pseudonym = new Pseudonymizer([First]).Pseudonym("alice");

        Assert.StartsWith("u1-", pseudonym);
        Assert.Equal(26, pseudonym.Length - 3);
        Assert.Equal(mac[..16], Decode(pseudonym[3..]));
    }

    [Fact]
    public void Pseudonym_WhiteSpaceAround_IsTheSameUser() =>
        Assert.Equal(new Pseudonymizer([First]).Pseudonym("alice"), new Pseudonymizer([First]).Pseudonym(" \talice\n"));

    [Theory]
    [InlineData("")]
    [InlineData("   ")]
    [InlineData("a\u0000b")]
    [InlineData("a\u0085b")]
    public void Pseudonym_BadId_IsRefusedWithoutQuotingIt(string raw)
    {
        var e = Assert.Throws<ArgumentException>(() => new Pseudonymizer([First]).Pseudonym(raw));
        Assert.StartsWith("user ", e.Message);
    }

    [Fact]
    public void Pseudonym_HalfOfASurrogatePair_IsRefused()
    {
        Assert.Throws<ArgumentException>(() => new Pseudonymizer([First]).Pseudonym("a\ud800"));
        Assert.Throws<ArgumentException>(() => new Pseudonymizer([First]).Pseudonym("\udc00a"));
        Assert.NotEmpty(new Pseudonymizer([First]).Pseudonym("\ud83c\udfac"));
    }

    [Fact]
    public void Pseudonym_Length_IsLimitedAfterTrimming()
    {
        var pseudonymizer = new Pseudonymizer([First]);
        Assert.NotEmpty(pseudonymizer.Pseudonym(" " + new string('é', 256) + " "));
        Assert.Throws<ArgumentException>(() => pseudonymizer.Pseudonym(new string('a', 257)));
    }

    [Fact]
    public void Pseudonym_TwoKeys_NewUserGetsTheNewestAndAKnownOneKeepsTheOld()
    {
        var old = new Pseudonymizer([First]).Pseudonym("alice");
        var both = new Pseudonymizer([First, Second], isKnown: p => p == old);

        Assert.Equal(old, both.Pseudonym("alice"));
        Assert.StartsWith("u2-", both.Pseudonym("bob"));
        Assert.Equal([new Pseudonymizer([Second]).Pseudonym("alice"), old], both.Candidates("alice"));
    }

    [Fact]
    public void Pseudonym_KnownUnderBothKeys_IsTheNewest()
    {
        var both = new Pseudonymizer([First, Second], isKnown: _ => true);
        Assert.StartsWith("u2-", both.Pseudonym("alice"));
    }

    [Fact]
    public void Constructor_NoKeyOrTwoOfOneId_Throws()
    {
        Assert.Throws<ArgumentException>(() => new Pseudonymizer([]));
        Assert.Throws<ArgumentException>(() => new Pseudonymizer([First, new PseudonymKey(1, Fixture.Secret(9))]));
        Assert.Throws<ArgumentException>(() => new PseudonymKey(1, new byte[31]));
        Assert.Throws<ArgumentException>(() => new PseudonymKey(0, new byte[32]));
    }

    [Fact]
    public void Pseudonym_ManyThreads_GiveTheSame()
    {
        var one = new Pseudonymizer([First]);
        var other = new Pseudonymizer([Second]);
        var expected = Enumerable.Range(0, 500).Select(i => (one.Pseudonym($"user{i}"), other.Pseudonym($"user{i}"))).ToArray();
        Parallel.For(0, 500, i => Assert.Equal(expected[i], (one.Pseudonym($"user{i}"), other.Pseudonym($"user{i}"))));
    }

    [Property(MaxTest = 500)]
    public bool Pseudonym_AnyText_IsMadeOrRefused(NonNull<string> raw)
    {
        var pseudonymizer = new Pseudonymizer([First]);
        return pseudonymizer.TryPseudonym(raw.Get, out var pseudonym, out var reason)
            ? pseudonym.Length == 29 && pseudonym == pseudonymizer.Pseudonym(raw.Get) && reason is null
            : reason is not null;
    }

    private static byte[] Decode(string base32)
    {
        var bits = new StringBuilder();
        foreach (var c in base32)
        {
            bits.Append(Convert.ToString("abcdefghijklmnopqrstuvwxyz234567".IndexOf(c, StringComparison.Ordinal), 2).PadLeft(5, '0'));
        }

        return [.. Enumerable.Range(0, 16).Select(i => Convert.ToByte(bits.ToString(i * 8, 8), 2))];
    }
}
