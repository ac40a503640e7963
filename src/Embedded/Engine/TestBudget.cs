using Cinegrain.Model;

namespace Cinegrain.Embedded.Engine;

/// <summary>
/// Which events are tested before they are learned: those of a share of the users, chosen by a hash of the pseudonym, and no more than so many a
/// second, since each costs a ranking. In lockstep every event is.
/// </summary>
internal sealed class TestBudget(EngineOptions options, TimeProvider time)
{
    private readonly Lock _gate = new();
    private double _available = options.TestsPerSecond;
    private long _last = time.GetTimestamp();

    public bool TryTake(string user)
    {
        if (options.Lockstep)
        {
            return true;
        }

        if (options.TestShare < 1 && StableHash.ToUnit(StableHash.Of(user)) >= options.TestShare)
        {
            return false;
        }

        lock (_gate)
        {
            var now = time.GetTimestamp();
            _available = Math.Min(options.TestsPerSecond, _available + (time.GetElapsedTime(_last, now).TotalSeconds * options.TestsPerSecond));
            _last = now;
            if (_available < 1)
            {
                return false;
            }

            _available--;
            return true;
        }
    }
}
