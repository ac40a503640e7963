using Cinegrain.Contracts.Servers;
using Cinegrain.Embedded.Sqlite;
using Cinegrain.Kafka;
using Cinegrain.Model.Ports;
using Cinegrain.Standalone.Tests.Support;
using Xunit;

namespace Cinegrain.Standalone.Tests.Hosting;

/// <summary>kill -9 at random moments under load.</summary>
public sealed class CrashTests
{
    private const int Kills = 12;

    [Fact]
    public async Task Killed_ManyTimesUnderLoad_EndsInTheStateOfARunNeverKilled()
    {
        using var folder = new TestFolder();
        using var reference = await RunAsync(folder.Path, Kills, []);
        await reference.AssertStoredAsync(folder.Path);
    }

    [ElasticsearchFact]
    public async Task Killed_ManyTimesUnderLoadOnElasticsearch_EndsInTheStateOfARunNeverKilled()
    {
        using var folder = new TestFolder();
        await using var server = new TestElasticsearch();
        using var reference = await RunAsync(folder.Path, Kills / 3, server.Options);
        await using var store = server.OpenStore();
        await reference.AssertStoredAsync(store);
    }

    [KafkaFact]
    public async Task Killed_ManyTimesUnderLoadOnKafka_EndsInTheStateOfARunNeverKilled()
    {
        using var folder = new TestFolder();
        await using var kafka = new TestKafka();
        using var reference = await RunAsync(folder.Path, Kills / 3, kafka.Options, kafka.OpenLogAsync);
        await reference.AssertStoredAsync(folder.Path);
    }

    private static async Task<Reference> RunAsync(string folder, int kills, string[] options, Func<Task<KafkaLog>>? openLog = null)
    {
        const int Seed = 20260301;
        options = [.. options, "--checkpoint-seconds", "0.2"];
        await using (var first = await StandaloneProcess.StartReadyAsync(folder, options))
        {
            await Films.PutAsync(first);
            Assert.Equal(0, await first.StopAsync());
        }

        var load = new Load(Seed);
        var random = new Random(Seed);
        for (var kill = 0; kill < kills; kill++)
        {
            await using var host = StandaloneProcess.Launch(folder, options);
            if (kill % 4 == 3)
            {
                // While it still reads its log, at the end of the start.
                await host.Answering.WaitAsync(StandaloneProcess.Limit);
            }
            else
            {
                await host.ListenAsync();
                load.Use(host);
                await load.AcknowledgedAsync(random.Next(1, 60));
            }

            load.Use(null);
            await host.KillAsync();
        }

        await using var last = await StandaloneProcess.StartReadyAsync(folder, options);
        load.Use(last);
        await load.StopAsync();
        Assert.True(load.Acknowledged.Count > kills * Load.LinesPerBatch, "The load was too small to say anything.");
        await load.AssertAcknowledgedAsync(last);
        Assert.Equal(0, await last.StopAsync());

        await using IAsyncDisposable log = openLog is null ? SqliteLog.Open(folder, new SqliteLogOptions(), TimeProvider.System) : await openLog();
        var reference = await Reference.ReadAsync((ILog)log);
        await Reference.AssertSignalsOnceAsync((ILog)log, late: openLog is null ? 0 : kills * Load.LinesPerBatch);
        Assert.Equal(load.Acknowledged.Count, reference.Users.Values.Sum(actor => actor.State.Interactions));
        return reference;
    }
}
