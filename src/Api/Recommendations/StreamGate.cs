using Cinegrain.Api.Problems;

namespace Cinegrain.Api.Recommendations;

/// <summary>Bounds the streams that are open.</summary>
internal sealed class StreamGate(CinegrainApiOptions options)
{
    private int _open;

    /// <summary>Streams open now.</summary>
    public int Open => Volatile.Read(ref _open);

    /// <exception cref="ProblemException">There are as many as there may be.</exception>
    public IDisposable Enter()
    {
        if (Interlocked.Increment(ref _open) > options.MaximumStreams)
        {
            Interlocked.Decrement(ref _open);
            throw new ProblemException(
                ProblemType.Unavailable, $"{options.MaximumStreams} streams are open, and no more are allowed. Try again later.",
                retryAfter: TimeSpan.FromSeconds(10));
        }

        return new Place(this);
    }

    private sealed class Place(StreamGate gate) : IDisposable
    {
        private StreamGate? _gate = gate;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _gate, null) is { } gate)
            {
                Interlocked.Decrement(ref gate._open);
            }
        }
    }
}
