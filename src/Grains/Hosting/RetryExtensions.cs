using Cinegrain.Model.Ports;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Cinegrain.Grains.Hosting;

/// <summary>Has what is repeated told in the log.</summary>
public static partial class RetryExtensions
{
    /// <summary>Adds <see cref="Retry"/>.</summary>
    public static IServiceCollection AddRetry(this IServiceCollection services) => services.AddSingleton(provider =>
    {
        var (time, logger) = (provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILogger<Retry>>());
        return new Retry((pause, token) => Task.Delay(pause, time, token), (what, seconds, reason) => LogUnavailable(logger, what, seconds, reason));
    });

    [LoggerMessage(Level = LogLevel.Warning, Message = "{What} is not possible now, next attempt in {Seconds} s: {Reason}")]
    private static partial void LogUnavailable(ILogger logger, string what, double seconds, string reason);
}
