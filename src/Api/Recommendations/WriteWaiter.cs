using Cinegrain.Api.Problems;

namespace Cinegrain.Api.Recommendations;

/// <summary>Waits, within the limit, until the caller's own write is included.</summary>
internal sealed class WriteWaiter(IRecommender recommender, CinegrainApiOptions options, TimeProvider time)
{
    public async Task WaitAsync(string pseudonym, string after, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(options.WaitLimit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            await recommender.WaitForAsync(pseudonym, after, either.Token);
        }
        catch (FormatException)
        {
            throw new ProblemException(
                ProblemType.InvalidParameters,
                "A parameter is not valid; errors says which and why.",
                new Dictionary<string, string[]> { ["after"] = ["It is not a position of this server; send the position of a receipt, unchanged."] });
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new ProblemException(
                ProblemType.NotCaughtUp,
                $"The write was not included within {options.WaitLimit.TotalSeconds:0.#} s. It is safe in the log; ask again with the same position.",
                retryAfter: TimeSpan.FromSeconds(1));
        }
    }
}
