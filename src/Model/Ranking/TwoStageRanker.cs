using Cinegrain.Model.Reranking;
using Cinegrain.Model.Users;

namespace Cinegrain.Model.Ranking;

/// <summary>
/// Stage 1 chooses the best <see cref="CandidateTable.Candidates"/> of all movies, stage 2 re-ranks them. Holds the scratch of one ranking, so an instance
/// serves one thread at a time.
/// </summary>
internal sealed class TwoStageRanker
{
    // Measured: coverage .75 -> .78 and .75 -> .80 for .0007 and .0014 of the recall (docs/model.md).
    private const int WidenedOver = 5;

    private readonly float[] _scores = new float[CandidateTable.Stride];
    private readonly int[] _places = new int[CandidateTable.Candidates];

    /// <summary>Stage 1, as it ranked last.</summary>
    public Ranker Stage1 { get; } = new();

    /// <summary>The candidates of the last ranking with their features, in the order of stage 1; filled when that was asked for.</summary>
    public CandidateTable Table { get; } = new();

    /// <summary>Handles of the best movies, best first.</summary>
    public int[] Top { get; } = new int[CandidateTable.Candidates];

    /// <summary>Scores of <see cref="Top"/>.</summary>
    public float[] TopScores { get; } = new float[CandidateTable.Candidates];

    /// <summary>Ranks under a read lease of the view; returns how many movies were found, at most <see cref="CandidateTable.Candidates"/>.</summary>
    /// <param name="variant">Whether stage 2 has its say.</param>
    /// <param name="describe">True to fill <see cref="Table"/> in any case.</param>
    /// <param name="nowSeconds">Time of the request or of the event tested, Unix seconds.</param>
    /// <param name="count">Length of the list that is wanted.</param>
    public int Rank(
        SharedModel shared, UserState user, RecommendationQuery query, int bucket, ModelVariant variant, bool describe, long nowSeconds, int count)
    {
        var reranks = variant == ModelVariant.Stage2;
        var wanted = reranks || describe ? CandidateTable.Candidates : count;
        var found = Stage1.Rank(shared.View, user, query, shared.Weights.Of(bucket), nowSeconds, wanted);
        if (reranks || describe)
        {
            Table.Fill(shared.View, Stage1, user, shared.Rerank, nowSeconds, found);
        }

        if (reranks)
        {
            shared.Rerank.Score(Table, bucket, _scores);
            Reorder(found);
            if (found > count)
            {
                Widen(shared.Rerank, count, found);
            }
        }
        else
        {
            Stage1.Top.AsSpan(0, found).CopyTo(Top);
            Stage1.TopScores.AsSpan(0, found).CopyTo(TopScores);
        }

        return found;
    }

    /// <summary>
    /// Gives the last place of a list to the least exposed of the candidates from there on, so that the ranker, which likes what it has seen succeed,
    /// does not narrow the catalogue. Exposure is the sum of the probabilities that a movie was given as a candidate.
    /// </summary>
    /// <param name="count">Length of the list.</param>
    private void Widen(RerankWeights weights, int count, int found)
    {
        var place = count - 1;
        var least = place;
        for (var other = place + 1; other < Math.Min(found, count + WidenedOver); other++)
        {
            least = weights.Exposure(Top[other]) < weights.Exposure(Top[least]) ? other : least;
        }

        // What is passed over follows in its order.
        var (movie, score) = (Top[least], TopScores[least]);
        Array.Copy(Top, place, Top, place + 1, least - place);
        Array.Copy(TopScores, place, TopScores, place + 1, least - place);
        (Top[place], TopScores[place]) = (movie, score);
    }

    private void Reorder(int found)
    {
        for (var j = 0; j < found; j++)
        {
            // Insertion keeps the order of stage 1 among equals.
            var place = j;
            for (; place > 0 && _scores[j] > _scores[_places[place - 1]]; place--)
            {
                _places[place] = _places[place - 1];
            }

            _places[place] = j;
        }

        for (var place = 0; place < found; place++)
        {
            (Top[place], TopScores[place]) = (Table.Movies[_places[place]], _scores[_places[place]]);
        }
    }
}
