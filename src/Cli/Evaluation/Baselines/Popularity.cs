using Cinegrain.Cli.DataSets;

namespace Cinegrain.Cli.Evaluation.Baselines;

/// <summary>The most taken movies, ever.</summary>
internal sealed class Popularity(RatingData data, Audience audience) : IMethod
{
    private readonly float[] _counts = new float[data.Movies.Count];

    public string Name => "Popularity";

    public int TestThenLearn(in Rating rating, bool listed, Span<int> list)
    {
        var length = listed ? TopList.Select(_counts, 0, audience, rating.User, list) : 0;
        _counts[rating.Movie]++;
        return length;
    }

    public void Dispose()
    {
    }
}
