using Cinegrain.Model.Measuring;

namespace Cinegrain.Model.Blending;

/// <summary>What the last tests say of the weights in force.</summary>
internal enum QualityVerdict
{
    /// <summary>Nothing new.</summary>
    None,

    /// <summary>A whole window of tests passed and popularity was not better: worth keeping as a point to go back to.</summary>
    Good,

    /// <summary>Popularity is clearly better: go back.</summary>
    Bad,
}

/// <summary>
/// Watches the live Recall@10 of an owner's weights beside that of popularity, over the last tests (exponentially decayed). The weights are bad when popularity
/// has more hits by three standard deviations of the difference (of counts, Poisson).
/// </summary>
internal sealed class QualityWatch
{
    private const int Window = 1000;
    private const double Deviations = 3;

    private double _hits, _popularityHits;
    private int _sinceGood;

    /// <summary>Takes note of a test.</summary>
    public QualityVerdict Note(TestOutcome test)
    {
        const double keep = 1 - (1.0 / Window);
        _hits = (_hits * keep) + TestOutcome.Hit(test.Rank);
        _popularityHits = (_popularityHits * keep) + TestOutcome.Hit(test.PopularityRank);
        _sinceGood++;
        if (_popularityHits - _hits > Deviations * Math.Sqrt(_popularityHits + _hits + 1))
        {
            (_hits, _popularityHits, _sinceGood) = (0, 0, 0);
            return QualityVerdict.Bad;
        }

        if (_sinceGood < Window || _hits < _popularityHits)
        {
            return QualityVerdict.None;
        }

        _sinceGood = 0;
        return QualityVerdict.Good;
    }
}
