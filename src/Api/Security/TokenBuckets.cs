using System.Collections.Concurrent;

namespace Cinegrain.Api.Security;

/// <summary>
/// A token bucket for each caller, on the injected clock. Callers are bounded: full buckets are forgotten (a new one is full, too), and when
/// there are too many that are not full, further callers share one.
/// </summary>
/// <remarks>System.Threading.RateLimiting offers neither a bound on the partitions nor a clock of one's own.</remarks>
internal sealed class TokenBuckets<TKey>(RateLimit limit, TimeProvider time, int capacity = 100_000)
    where TKey : notnull
{
    private static readonly TimeSpan SweepInterval = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<TKey, Bucket> _buckets = new();
    private readonly Bucket _shared = new(limit.Burst, time.GetTimestamp());
    private readonly Lock _sweeping = new();
    private long _swept = time.GetTimestamp() - time.TimestampFrequency;

    /// <summary>Callers known now.</summary>
    public int Count => _buckets.Count;

    /// <summary>Takes one token.</summary>
    /// <param name="key">The caller.</param>
    /// <param name="retryAfter">How long until there is one, when there is none.</param>
    public bool TryTake(TKey key, out TimeSpan retryAfter)
    {
        var now = time.GetTimestamp();
        if (!_buckets.TryGetValue(key, out var bucket))
        {
            if (_buckets.Count >= capacity)
            {
                Sweep(now);
            }

            bucket = _buckets.Count < capacity ? _buckets.GetOrAdd(key, static (_, fresh) => new Bucket(fresh.Burst, fresh.now), (limit.Burst, now)) : _shared;
        }

        lock (bucket)
        {
            Refill(bucket, now);
            if (bucket.Tokens >= 1)
            {
                bucket.Tokens--;
                retryAfter = default;
                return true;
            }

            retryAfter = TimeSpan.FromSeconds((1 - bucket.Tokens) / limit.PerSecond);
            return false;
        }
    }

    private void Refill(Bucket bucket, long now)
    {
        // Another thread may have read the clock later and been here first.
        if (now > bucket.Refilled)
        {
            bucket.Tokens = Math.Min(limit.Burst, bucket.Tokens + (time.GetElapsedTime(bucket.Refilled, now).TotalSeconds * limit.PerSecond));
            bucket.Refilled = now;
        }
    }

    private void Sweep(long now)
    {
        lock (_sweeping)
        {
            if (time.GetElapsedTime(_swept, now) < SweepInterval)
            {
                return;
            }

            _swept = now;
        }

        foreach (var pair in _buckets)
        {
            lock (pair.Value)
            {
                Refill(pair.Value, now);
                if (pair.Value.Tokens >= limit.Burst)
                {
                    _buckets.TryRemove(pair);
                }
            }
        }
    }

    private sealed class Bucket(double tokens, long refilled)
    {
        public double Tokens { get; set; } = tokens;

        public long Refilled { get; set; } = refilled;
    }
}
