using System.Numerics;
using Cinegrain.Cli.DataSets;

namespace Cinegrain.Cli.Evaluation.Baselines;

/// <summary>
/// Incremental matrix factorisation of positive-only feedback, ISGD (Vinagre, Jorge and Gama, UMAP 2014): each event is a few steps of gradient
/// descent towards 1, and what is closest to 1 is recommended. Factors start from a normal distribution. The constants are the best of about thirty
/// settings on the positives of ml-latest-small.
/// </summary>
internal sealed class IncrementalFactorisation : IMethod
{
    private const int Factors = 128, Steps = 6;
    private const float Rate = 0.02f, Regularisation = 0.15f;
    private const double Deviation = 0.03;

    private readonly Audience _audience;
    private readonly float[]?[] _users;
    private readonly float[] _items;
    private readonly bool[] _met;
    private readonly float[] _scores;
    private readonly Random _random = new(1);

    public IncrementalFactorisation(RatingData data, Audience audience)
    {
        _audience = audience;
        _users = new float[data.Users.Count][];
        _items = new float[data.Movies.Count * Factors];
        _met = new bool[data.Movies.Count];
        _scores = new float[data.Movies.Count];
        Array.Fill(_scores, float.NegativeInfinity);
    }

    public string Name => "Incremental MF (ISGD)";

    public int TestThenLearn(in Rating rating, bool listed, Span<int> list)
    {
        var user = _users[rating.User] ??= Normal(new float[Factors]);
        var length = 0;
        if (listed)
        {
            for (var movie = 0; movie < _met.Length; movie++)
            {
                if (_met[movie])
                {
                    _scores[movie] = -MathF.Abs(1 - Dot(user, Item(movie)));
                }
            }

            length = TopList.Select(_scores, float.NegativeInfinity, _audience, rating.User, list);
        }

        var item = Item(rating.Movie);
        if (!_met[rating.Movie])
        {
            _met[rating.Movie] = true;
            Normal(item);
        }

        for (var step = 0; step < Steps; step++)
        {
            var error = 1 - Dot(user, item);
            for (var factor = 0; factor < Factors; factor++)
            {
                var (u, i) = (user[factor], item[factor]);
                user[factor] += Rate * ((error * i) - (Regularisation * u));
                item[factor] += Rate * ((error * u) - (Regularisation * i));
            }
        }

        return length;
    }

    public void Dispose()
    {
    }

    private Span<float> Item(int movie) => _items.AsSpan(movie * Factors, Factors);

    private static float Dot(ReadOnlySpan<float> left, ReadOnlySpan<float> right)
    {
        var sum = Vector<float>.Zero;
        for (var at = 0; at < Factors; at += Vector<float>.Count)
        {
            sum += new Vector<float>(left[at..]) * new Vector<float>(right[at..]);
        }

        return Vector.Sum(sum);
    }

    private float[] Normal(float[] factors)
    {
        Normal(factors.AsSpan());
        return factors;
    }

    // Box and Muller 1958.
    private void Normal(Span<float> factors)
    {
        foreach (ref var factor in factors)
        {
            factor = (float)(Deviation * Math.Sqrt(-2 * Math.Log(1 - _random.NextDouble())) * Math.Cos(2 * Math.PI * _random.NextDouble()));
        }
    }
}
