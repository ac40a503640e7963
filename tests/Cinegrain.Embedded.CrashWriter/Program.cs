using System.Text;
using Cinegrain.Embedded.Sqlite;
using Cinegrain.Model.Ports;

// Appends and writes states for ever, and prints a line for each that was acknowledged: the test kills this process and compares.
using var folder = DataFolder.Open(args[0]);
await using var log = SqliteLog.Open(folder.Path, new SqliteLogOptions { SegmentRecords = 50 }, TimeProvider.System);
await using var store = SqliteStateStore.Open(folder.Path, new SqliteStateStoreOptions());
await store.BindAsync(log.Identity, CancellationToken.None);
Console.WriteLine("ready");

var acknowledged = Console.Out;
await Task.WhenAll(Enumerable.Range(0, 4).Select(async writer =>
{
    var key = $"writer-{writer}";
    for (var i = 0; ; i++)
    {
        var positions = await log.AppendAsync(
            [new LogEntry(Topics.Interactions, key, Encoding.UTF8.GetBytes($"{i}")), new LogEntry(Topics.Signals, key, Encoding.UTF8.GetBytes($"{i}"))],
            CancellationToken.None);
        lock (acknowledged)
        {
            acknowledged.WriteLine($"append {key} {i} {positions[0].Partition} {positions[0].Offset} {positions[1].Partition} {positions[1].Offset}");
            acknowledged.Flush();
        }

        if (i % 5 == 0)
        {
            await store.WriteAsync(
                [new ActorState(ActorKind.User, key, i + 1, new byte[100 + i])],
                new Checkpoint("test", writer, i, 0, default),
                CancellationToken.None);
            lock (acknowledged)
            {
                acknowledged.WriteLine($"state {key} {i + 1} {writer}");
                acknowledged.Flush();
            }
        }
    }
}));
