using Cinegrain.Embedded.Engine;
using Cinegrain.Embedded.Sqlite;

namespace Cinegrain.Standalone.Logs;

/// <summary>The log in one file of the data folder, whose lock keeps others out.</summary>
internal sealed class SqliteHostLog(SqliteLog log) : IHostLog
{
    private readonly TaskCompletionSource _lost = new();

    public IErasableLog Log => log;

    public Task Lost => _lost.Task;

    public async Task<(int Segments, int Records)> TrimAsync(
        IReadOnlyList<(string Topic, int Partition, long Offset)> needed, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var offsets = needed.ToDictionary(n => (n.Topic, n.Partition), n => n.Offset);
        var trimmed = await log.TrimAsync(
            now, (topic, partition) => offsets.GetValueOrDefault((topic, partition), log.End(topic, partition)), cancellationToken);
        return (trimmed.Segments, trimmed.Records);
    }

    public Task ShowPositionsAsync(IReadOnlyList<(string Topic, int Partition, long Offset)> positions, CancellationToken cancellationToken) => Task.CompletedTask;

    public ValueTask DisposeAsync() => log.DisposeAsync();
}
