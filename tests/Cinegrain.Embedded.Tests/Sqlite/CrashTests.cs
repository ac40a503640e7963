using System.Globalization;
using Cinegrain.Embedded.Sqlite;
using Cinegrain.Model.Ports;
using static Cinegrain.Embedded.Tests.Sqlite.Samples;

namespace Cinegrain.Embedded.Tests.Sqlite;

public sealed class CrashTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Open_ProcessWasKilledWhileWriting_EverythingAcknowledgedIsThereInOrder()
    {
        var appends = new List<(string Key, string Value, int Partition, long Offset, int SignalPartition, long SignalOffset)>();
        var states = new Dictionary<string, long>();
        var random = new Random(42);
        for (var round = 0; round < 4; round++)
        {
            using var writer = await Writer.StartAsync(_folder.Path);
            var lines = new List<string>();
            for (var i = random.Next(20, 400); i > 0; i--)
            {
                lines.Add((await writer.ReadLineAsync())!);
            }

            lines.AddRange(await writer.KillAsync());

            // The last line may be cut.
            foreach (var words in lines.SkipLast(1).Select(line => line.Split(' ')))
            {
                if (words[0] == "append")
                {
                    appends.Add((words[1], words[2], Number(words[3]), Number(words[4]), Number(words[5]), Number(words[6])));
                }
                else
                {
                    states[words[1]] = Math.Max(states.GetValueOrDefault(words[1]), Number(words[2]));
                }
            }

            await using var log = SqliteLog.Open(_folder.Path, new SqliteLogOptions(), TimeProvider.System);
            await using var store = SqliteStateStore.Open(_folder.Path, new SqliteStateStoreOptions());
            await store.BindAsync(log.Identity, None);
            var records = new Dictionary<(string, int), Dictionary<long, LogRecord>>();
            foreach (var (topic, count) in new[] { (Topics.Interactions, 4), (Topics.Signals, 2) })
            {
                for (var partition = 0; partition < count; partition++)
                {
                    var read = await log.ReadAllAsync(topic, partition);
                    Assert.Equal(Enumerable.Range(0, read.Count).Select(i => (long)i), read.Select(record => record.Offset));
                    records[(topic, partition)] = read.ToDictionary(record => record.Offset);
                }
            }

            Assert.All(appends, append =>
            {
                var interaction = records[(Topics.Interactions, append.Partition)][append.Offset];
                var signal = records[(Topics.Signals, append.SignalPartition)][append.SignalOffset];
                Assert.Equal((append.Key, append.Value), (interaction.Key, Text(interaction)));
                Assert.Equal((append.Key, append.Value), (signal.Key, Text(signal)));
            });
            foreach (var (key, version) in states)
            {
                var state = (await store.LoadAsync(ActorKind.User, [key], None))[0];
                Assert.True(state!.Version >= version, $"{key}: version {state.Version} is stored, {version} was acknowledged");

                // The state and the checkpoint were one transaction.
                Assert.Equal(99 + state.Version, state.State.Length);
            }
        }

        Assert.NotEmpty(appends);
        Assert.NotEmpty(states);
    }

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
}
