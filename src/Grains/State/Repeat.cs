using Cinegrain.Model.Ports;
using Microsoft.Extensions.Logging;

namespace Cinegrain.Grains.State;

/// <summary>Repeats what the log or the store refuses for now, until it succeeds: pauses of 0.1 to 5 seconds.</summary>
public sealed partial class Repeat(TimeProvider time, ILogger<Repeat> logger)
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
                LogUnavailable(what, pause.TotalSeconds, exception.Message);
            }

            await Task.Delay(pause, time, cancellationToken);
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

    [LoggerMessage(Level = LogLevel.Warning, Message = "{What} is not possible now, next attempt in {Seconds} s: {Reason}")]
    private partial void LogUnavailable(string what, double seconds, string reason);
}
