using Cinegrain.Api.Security;
using Microsoft.Extensions.Time.Testing;

namespace Cinegrain.Api.Tests.Security;

public sealed class TokenBucketTests
{
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public void TryTake_BurstThenRate_AsConfigured()
    {
        var buckets = new TokenBuckets<string>(new RateLimit(PerSecond: 2, Burst: 3), _time);
        for (var i = 0; i < 3; i++)
        {
            Assert.True(buckets.TryTake("a", out _));
        }

        Assert.False(buckets.TryTake("a", out var wait));
        Assert.Equal(TimeSpan.FromSeconds(0.5), wait);
        Assert.True(buckets.TryTake("b", out _));

        _time.Advance(TimeSpan.FromSeconds(0.5));
        Assert.True(buckets.TryTake("a", out _));
        Assert.False(buckets.TryTake("a", out _));

        _time.Advance(TimeSpan.FromHours(1));
        Assert.Equal(3, Enumerable.Range(0, 10).Count(_ => buckets.TryTake("a", out var _)));
    }

    [Fact]
    public void TryTake_MoreCallersThanRoom_ShareOneBucketUntilOthersAreFull()
    {
        var buckets = new TokenBuckets<int>(new RateLimit(PerSecond: 1, Burst: 1), _time, capacity: 2);
        Assert.True(buckets.TryTake(1, out _));
        Assert.True(buckets.TryTake(2, out _));
        Assert.True(buckets.TryTake(3, out _));
        Assert.False(buckets.TryTake(4, out _));
        Assert.Equal(2, buckets.Count);

        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.True(buckets.TryTake(5, out _));
        Assert.True(buckets.TryTake(6, out _));
        Assert.InRange(buckets.Count, 1, 2);
    }
}
