using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Cinegrain.Grains.Tests.Support;

/// <summary>Keeps what the silos say of Cinegrain, and every warning, for a test that fails.</summary>
internal sealed class WarningLog : ILoggerProvider
{
    private const int Most = 60;

    private readonly ConcurrentQueue<string> _lines = new();

    public ILogger CreateLogger(string categoryName) => new Logger(this, categoryName);

    public override string ToString() => string.Join('\n', _lines);

    public void Dispose()
    {
    }

    private sealed class Logger(WarningLog log, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) =>
            logLevel >= LogLevel.Warning || (logLevel == LogLevel.Information && category.StartsWith("Cinegrain", StringComparison.Ordinal));

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
            {
                log._lines.Enqueue($"{DateTime.UtcNow:HH:mm:ss.fff} {logLevel} {category}: {formatter(state, exception)} {exception?.GetType().Name} {exception?.Message}");
                if (log._lines.Count > Most)
                {
                    log._lines.TryDequeue(out _);
                }
            }
        }
    }
}
