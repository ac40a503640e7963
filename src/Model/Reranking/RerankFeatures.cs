using Cinegrain.Model.Ranking;

namespace Cinegrain.Model.Reranking;

/// <summary>
/// The features of stage 2, in the order of their weights. j is the candidate, h₁ the newest movie of the history, m the movies that the user has taken,
/// n6(x) = (N_x + 3)^−0.6, n4(j) = (N_j + 3)^−0.4, lg(a) = ln(.05 + a / max a over the candidates), 0 when that maximum is 0; sums run over the
/// last <see cref="Length"/> movies. Channels of the rows: C all, S next, T near, G liked (<see cref="Movies.CoOccurrence"/>).
/// </summary>
public static class RerankFeatures
{
    /// <summary>Movies of the history that the sums run over.</summary>
    public const int Length = 20;

    /// <summary>max(−8, score of stage 1 − the highest of it).</summary>
    internal const int Score = 0;

    /// <summary>The features of stage 1, in the order of <see cref="Features"/>.</summary>
    internal const int Blend = 1;

    /// <summary>½ lg(n4(j) n6(h₁) C[h₁→j]); the same with h₂.</summary>
    internal const int Last = Blend + Features.Number, SecondLast = Last + 1;

    /// <summary>lg(n4(j) Σ_{d≤10} e^(−(d−1)/3) n6(h_d) S[h_d→j]).</summary>
    internal const int Next = SecondLast + 1;

    /// <summary>lg(n4(j) Σ e^(−(d−1)/6) n6(h_d) T[h_d→j]).</summary>
    internal const int Near = Next + 1;

    /// <summary>½ ln(.1 + Σ e^(−(d−1)/15) C[h_d→j]), C in co-occurrences.</summary>
    internal const int Support = Near + 1;

    /// <summary>1 + ½ ln(.003 + C[h₁→j] / N_h₁).</summary>
    internal const int Confidence = Support + 1;

    /// <summary>lg(n4(j) Σ e^(−(d−1)/15) n6(h_d) C[h_d→j]) over the h_d that were liked; over those with a preference below 0; and over all with G.</summary>
    internal const int FromLiked = Confidence + 1, FromDisliked = FromLiked + 1, ToLiked = FromDisliked + 1;

    /// <summary>ln(.05 + popularity / max) with a time constant of an hour, and of a fortnight.</summary>
    internal const int Hour = ToLiked + 1, Fortnight = Hour + 1;

    /// <summary>1 − 0.3 ln(1 + hours since j was last taken).</summary>
    internal const int LastTaken = Fortnight + 1;

    /// <summary>0.4 ln(1 + N_j) − 1.</summary>
    internal const int Interactions = LastTaken + 1;

    /// <summary>2 Σ (stars − mean of all) / (N_j + 5).</summary>
    internal const int Rating = Interactions + 1;

    /// <summary>
    /// ln((A_j + 3) / (E_j + 3)): A is how often j was taken when it was a candidate, E the sum of the probabilities that it was given.
    /// </summary>
    internal const int Calibration = Rating + 1;

    /// <summary>0.3 ln(1 + length of j's row) − 1.</summary>
    internal const int RowLength = Calibration + 1;

    /// <summary>
    /// ln((B_j + 3p) / ((N_j + 3) p)): B_j is how often j was taken by users with a history as long (<see cref="ModelConstants.LengthBucket"/>), p the share of
    /// such users in all that is taken.
    /// </summary>
    internal const int Stage = RowLength + 1;

    /// <summary>−|ln(1 + m) − mean of ln(1 + m) over those who took j|.</summary>
    internal const int StageDistance = Stage + 1;

    /// <summary>−0.4 |ln(.01 + popularity of j) − its recency-weighted mean over the history|, at 90 days.</summary>
    internal const int PopularityDistance = StageDistance + 1;

    /// <summary>−0.3 |ln(1 + days since j was first taken) − its recency-weighted mean over the history, each as of when it was taken|.</summary>
    internal const int AgeDistance = PopularityDistance + 1;

    /// <summary>e^(−(newest year of the catalogue − year of j) / 1.5); 0 when it is not known.</summary>
    internal const int NewRelease = AgeDistance + 1;

    /// <summary>−½ ln(1 + |year of j − year of h₁|); −0.8 when one is not known.</summary>
    internal const int LastEra = NewRelease + 1;

    /// <summary>Cosine of the genres of j and h₁.</summary>
    internal const int LastGenre = LastEra + 1;

    /// <summary>1 when j is of a series with one of the last 10 (<see cref="Catalogue.TitleKey"/>).</summary>
    internal const int Series = LastGenre + 1;

    /// <summary>Number of features.</summary>
    public const int Number = Series + 1;

    /// <summary>The hidden units, as a group without features.</summary>
    internal const string Network = "network";

    /// <summary>The embeddings, as a group without features.</summary>
    internal const string Embedding = "embedding";

    /// <summary>Groups that <c>--ablate</c> leaves out, by name.</summary>
    public static IReadOnlyDictionary<string, IReadOnlyList<int>> Groups { get; } = new Dictionary<string, IReadOnlyList<int>>(StringComparer.OrdinalIgnoreCase)
    {
        ["stage1"] = [.. Enumerable.Range(Blend, Features.Number)],
        ["last"] = [Last, SecondLast, Confidence],
        ["next"] = [Next],
        ["near"] = [Near],
        ["support"] = [Support, RowLength],
        ["liked"] = [FromLiked, FromDisliked, ToLiked],
        ["popularity"] = [Hour, Fortnight, LastTaken],
        ["item"] = [Interactions, Rating, Calibration],
        ["user"] = [Stage, StageDistance, PopularityDistance, AgeDistance],
        ["content"] = [NewRelease, LastEra, LastGenre, Series],
        [Network] = [],
        [Embedding] = [],
    };
}
