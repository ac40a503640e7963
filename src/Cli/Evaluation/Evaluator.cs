using System.Diagnostics;
using Cinegrain.Cli.DataSets;

namespace Cinegrain.Cli.Evaluation;

/// <summary>
/// Test-then-learn (prequential evaluation, Gama et al. 2013; for recommenders Vinagre et al. 2014): before each event is learned a list is
/// made from what was learned until then, and scored by whether the event's movie is on it.
/// </summary>
internal static class Evaluator
{
    private const int EventsPerReport = 256;

    /// <summary>Runs a method over the first events of the data.</summary>
    /// <param name="audience">Bookkeeping that the method may read; this keeps it.</param>
    /// <param name="count">Events to take, in their order.</param>
    /// <param name="lists">Takes the list of each scored event; null when nobody wants them.</param>
    public static Scores Run(
        IMethod method,
        Audience audience,
        RatingData data,
        int count,
        EvaluationOptions options,
        ListsWriter? lists,
        IMeter meter,
        CancellationToken cancellationToken)
    {
        var scores = new Scores(data, method.Name);
        var list = new int[IMethod.ListLength];
        long ticks = 0;
        for (var k = 0; k < count; k++)
        {
            ref readonly var rating = ref data.Ratings[k];
            var scored = rating.Value >= options.Positives;
            if (scored || options.LearnAll)
            {
                var start = Stopwatch.GetTimestamp();
                var length = method.TestThenLearn(rating, scored, list);
                ticks += Stopwatch.GetTimestamp() - start;
                if (scored)
                {
                    scores.Add(rating, list.AsSpan(0, length), audience);
                    lists?.Write(rating, list.AsSpan(0, length));
                }

                audience.Learn(rating);
            }

            if (k % EventsPerReport == 0)
            {
                cancellationToken.ThrowIfCancellationRequested();
                meter.Report(k);
            }
        }

        meter.Report(count);
        scores.MicrosecondsPerEvent = audience.Events == 0 ? 0 : ticks * 1e6 / Stopwatch.Frequency / audience.Events;
        return scores;
    }
}
