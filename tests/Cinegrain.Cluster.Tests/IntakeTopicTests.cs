using System.Globalization;
using System.Text;
using System.Text.Json;
using Cinegrain.Cluster.Tests.Support;
using Cinegrain.Model.Ports;
using Xunit;

namespace Cinegrain.Cluster.Tests;

/// <summary>Raw interactions of other programs, which the gateways share.</summary>
public sealed class IntakeTopicTests
{
    private const int Users = 20, Each = 15;

    [ProcessFact]
    public async Task Intake_OfTwoGateways_TakesEachRecordOnceThoughOneIsKilled()
    {
        await using var cluster = ClusterProcesses.Start();
        var gateways = new[] { await cluster.StartGatewayAsync(), await cluster.StartGatewayAsync() };
        await cluster.StartSiloAsync();
        await Task.WhenAll(gateways.Select(gateway => gateway.ReadyAsync()));
        await ClusterProcesses.PutCatalogueAsync(gateways[0]);
        await using var producer = await cluster.OpenLogAsync();

        await SendAsync(producer, 0);
        await ServerProcess.UntilAsync(async () => await LearnedAsync(gateways[1]) == Users * Each);

        // One dies among records that it has taken and not told the group of.
        await SendAsync(producer, Each);
        await ServerProcess.UntilAsync(async () => await LearnedAsync(gateways[1]) > Users * Each);
        await gateways[0].KillAsync();
        await ServerProcess.UntilAsync(async () => await LearnedAsync(gateways[1]) == 2 * Users * Each);
        await producer.AppendAsync([new LogEntry(Topics.Intake, "x", """{"user":"ann","movie":"no-such-movie","kind":"like"}"""u8.ToArray())], CancellationToken.None);

        await cluster.AssertAsReferenceAsync(2 * Users * Each);
        await using var log = await cluster.OpenLogAsync();
        await ServerProcess.UntilAsync(async () => await log.AskEndAsync(Topics.Rejected, 0, CancellationToken.None) > 0);
        var rejected = await log.ReadAsync(Topics.Rejected, 0, 0, 10, CancellationToken.None);
        Assert.Contains("unknown-movie", Encoding.UTF8.GetString(Assert.Single(rejected).Value.Span), StringComparison.Ordinal);
        Assert.StartsWith(Topics.Intake, rejected[0].Key, StringComparison.Ordinal);
    }

    private static Task SendAsync(ILog producer, int from) => producer.AppendAsync(
        [
            .. Enumerable.Range(0, Users * Each).Select(i => new LogEntry(
                Topics.Intake,
                i.ToString(CultureInfo.InvariantCulture),
                JsonSerializer.SerializeToUtf8Bytes(new { user = $"viewer-{i % Users}", movie = ClusterProcesses.Catalogue[from + (i / Users)].Id, kind = "rate", value = 4.5 }))),
        ],
        CancellationToken.None);

    private static async Task<int> LearnedAsync(ServerProcess gateway)
    {
        var profiles = await Task.WhenAll(Enumerable.Range(0, Users).Select(user => gateway.Client.GetAsync($"/v1/users/viewer-{user}/profile")));
        var learned = 0;
        foreach (var profile in profiles.Where(profile => profile.IsSuccessStatusCode))
        {
            learned += JsonDocument.Parse(await profile.Content.ReadAsStringAsync()).RootElement.GetProperty("interactions").GetInt32();
        }

        return learned;
    }
}
