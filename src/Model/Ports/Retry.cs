namespace Cinegrain.Model.Ports;

/// <summary>Repeats what the log or the store refuses for now, until it succeeds: pauses of 0.1 to 5 seconds.</summary>
/// <param name="wait">Waits for a pause, by the caller's clock.</param>
/// <param name="report">Told of each refusal: what was tried, the seconds until the next attempt, and why.</param>
public sealed class Retry(Func<TimeSpan, CancellationToken, Task> wait, Action<string, double, string> report)
{
    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(100), Longest = TimeSpan.FromSeconds(5);

    /// <summary>Does something until it succeeds.</summary>
    /// <param name="what">What it is, for the log: without ids.</param>
    public async Task<TResult> UntilDoneAsync<TResult>(string what, Func<CancellationToken, Task<TResult>> attempt, CancellationToken cancellationToken)
    {
        for (var pause = Shortest; ; pause = pause * 2 < Longest ? pause * 2 : Longest)
        {
            try
            {
                return await attempt(cancellationToken);
            }
            catch (UnavailableException exception)
            {
                report(what, pause.TotalSeconds, exception.Message);
            }

            await wait(pause, cancellationToken);
        }
    }

    /// <inheritdoc cref="UntilDoneAsync{TResult}"/>
    public Task UntilDoneAsync(string what, Func<CancellationToken, Task> attempt, CancellationToken cancellationToken) =>
        UntilDoneAsync(
            what,
            async token =>
            {
                await attempt(token);
                return true;
            },
            cancellationToken);
}
