namespace Cinegrain.Model.Measuring;

/// <summary>
/// Which events are tested before they are learned: those of a share of the users, chosen by a hash of the pseudonym, and no more than so many a
/// second, since each costs a ranking; of one user no more than a twentieth of those, so that one who sends many does not teach the weights alone. In
/// lockstep every event is.
/// </summary>
/// <param name="share">Share of the users, 0 to 1.</param>
/// <param name="perSecond">Tests a second at most.</param>
/// <param name="lockstep">True to test every event.</param>
public sealed class TestBudget(double share, int perSecond, bool lockstep)
{
    private const int UserShare = 20;

    private readonly Lock _gate = new();
    private readonly Dictionary<ulong, int> _ofUser = [];
    private long _second;
    private double _available = perSecond;
    private TimeSpan? _last;

    /// <summary>True when an event of a user is to be tested.</summary>
    /// <param name="now">Time since some fixed moment.</param>
    public bool TryTake(string user, TimeSpan now)
    {
        if (lockstep)
        {
            return true;
        }

        var hash = StableHash.Of(user);
        if (share < 1 && StableHash.ToUnit(hash) >= share)
        {
            return false;
        }

        lock (_gate)
        {
            _available = Math.Min(perSecond, _available + ((now - (_last ?? now)).TotalSeconds * perSecond));
            _last = now;
            if (_second != (long)now.TotalSeconds)
            {
                _second = (long)now.TotalSeconds;
                _ofUser.Clear();
            }

            var taken = _ofUser.GetValueOrDefault(hash);
            if (_available < 1 || taken >= Math.Max(1, perSecond / UserShare))
            {
                return false;
            }

            _ofUser[hash] = taken + 1;

            _available--;
            return true;
        }
    }
}
