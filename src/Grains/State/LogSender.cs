using Cinegrain.Model.Ports;

namespace Cinegrain.Grains.State;

/// <summary>Appends to the log what the actors of a silo emit, in batches, until it is there.</summary>
internal sealed class LogSender : IDisposable
{
    private const int MostWaiting = 50_000, Step = 2_000;

    private readonly Batcher<LogEntry> _entries;

    public LogSender(ILog log, Retry retry) => _entries = new(MostWaiting, Step, (entries, stopping) =>
        retry.UntilDoneAsync("appending to the log", token => log.AppendAsync(entries, token), stopping));

    /// <summary>Entries that wait.</summary>
    public int Waiting => _entries.Count;

    public void Start() => _entries.Start();

    public Task StopAsync(CancellationToken cancellationToken) => _entries.StopAsync(cancellationToken);

    public void Dispose() => _entries.Dispose();

    /// <summary>The task completes when the entry is durable, and everything that was sent before.</summary>
    public Task SendAsync(LogEntry entry) => _entries.AddAsync(entry);

    /// <summary>Completes when more may be sent.</summary>
    public Task RoomAsync() => _entries.RoomAsync();
}
