using Cinegrain.Model;

namespace Cinegrain.Embedded.Engine;

/// <summary>
/// Which events are tested before they are learned: those of a share of the users, chosen by a hash of the pseudonym, and no more than so many a
/// second, since each costs a ranking; of one user no more than a twentieth of those, so that one who sends many does not teach the weights alone. In
/// lockstep every event is.
/// </summary>
internal sealed class TestBudget(EngineOptions options, TimeProvider time)
{
    private const int UserShare = 20;

    private readonly Lock _gate = new();
    private readonly Dictionary<ulong, int> _ofUser = [];
    private long _second;
    private double _available = options.TestsPerSecond;
    private long _last = time.GetTimestamp();

    public bool TryTake(string user)
    {
        if (options.Lockstep)
        {
            return true;
        }

        var hash = StableHash.Of(user);
        if (options.TestShare < 1 && StableHash.ToUnit(hash) >= options.TestShare)
        {
            return false;
        }

        lock (_gate)
        {
            var now = time.GetTimestamp();
            _available = Math.Min(options.TestsPerSecond, _available + (time.GetElapsedTime(_last, now).TotalSeconds * options.TestsPerSecond));
            _last = now;
            if (_second != now / time.TimestampFrequency)
            {
                _second = now / time.TimestampFrequency;
                _ofUser.Clear();
            }

            var taken = _ofUser.GetValueOrDefault(hash);
            if (_available < 1 || taken >= Math.Max(1, options.TestsPerSecond / UserShare))
            {
                return false;
            }

            _ofUser[hash] = taken + 1;

            _available--;
            return true;
        }
    }
}
