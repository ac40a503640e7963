using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Cinegrain.Contracts.Servers;
using Cinegrain.Model.Events;
using Cinegrain.Model.Ports;
using Cinegrain.Standalone.Tests.Support;
using Xunit;

namespace Cinegrain.Standalone.Tests.Hosting;

/// <summary>The command <c>cinegrain import … --to kafka</c> beside the same import through a server.</summary>
public sealed class KafkaImportTests : IDisposable
{
    private const int Lines = 1_500;

    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [KafkaFact]
    public async Task Import_ToKafka_WritesWhatTheServerWrites()
    {
        await using var through = new TestKafka();
        await using var direct = new TestKafka();
        await File.WriteAllLinesAsync(_folder.File("movies.ndjson"), [.. Films.Lines(), """{"id":"no-title"}"""]);
        var lines = Interactions();
        await File.WriteAllLinesAsync(_folder.File("events.ndjson"), lines);
        await File.WriteAllLinesAsync(_folder.File("first.ndjson"), lines.Take(1_000));
        Directory.CreateDirectory(_folder.File("server"));
        string server;
        await using (var host = await StandaloneProcess.StartReadyAsync(_folder.File("server"), through.Options))
        {
            server = await ImportAsync("events.ndjson", "--movies", _folder.File("movies.ndjson"), "--server", $"{host.Client.BaseAddress}");
            Assert.Equal(0, await host.StopAsync());
        }

        // Cut off after its first batch, then whole, then once more.
        string[] kafka = ["--movies", _folder.File("movies.ndjson"), "--to", "kafka", "--kafka-bootstrap", direct.Bootstrap, "--kafka-prefix", direct.Prefix, "--data", _folder.File("server")];
        await ImportAsync("first.ndjson", kafka);
        var report = await ImportAsync("events.ndjson", kafka);
        Assert.Equal(WithoutTime(server), WithoutTime(report));
        var expected = await ReadAsync(through);
        var actual = await ReadAsync(direct);
        Assert.Equal(Lines - 3, expected.Interactions.Count);
        Assert.Equal(expected.Interactions, actual.Interactions);
        Assert.Equal(expected.Movies, actual.Movies.TakeLast(expected.Movies.Count));
        Assert.Equal(2, expected.Refusals.Count);
        Assert.Equal(expected.Refusals, actual.Refusals.TakeLast(2));
        Assert.Equal(WithoutTime(report), WithoutTime(await ImportAsync("events.ndjson", kafka)));
        Assert.Equal(expected.Interactions, (await ReadAsync(direct)).Interactions);
    }

    private static List<string> Interactions()
    {
        var random = new Random(3);
        var start = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
        var lines = Enumerable.Range(0, Lines)
            .Select(i => Films.Rate($"viewer-{random.Next(40)}", Films.Catalogue[random.Next(Films.Catalogue.Count)].Id, random.Next(1, 11) / 2.0, start.AddMinutes(i))).ToList();

        // Refused in both batches, and a repeat under an id of the caller's.
        lines[10] = "{";
        lines[1_200] = Films.Rate("viewer-1", "nowhere", 4, start);
        lines[20] = lines[1_300] = lines[20].Replace("{", """{"id":"once",""", StringComparison.Ordinal);
        return lines;
    }

    /// <summary>Runs the command line, which has refused lines to tell of or none; what it wrote as its result.</summary>
    private async Task<string> ImportAsync(string file, params string[] options)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in (string[])[Path.Combine(AppContext.BaseDirectory, "cinegrain.dll"), "import", "ndjson", _folder.File(file), "--json", .. options])
        {
            start.ArgumentList.Add(argument);
        }

        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 2, $"exit code {process.ExitCode}: {await errors}");
        return output;
    }

    private static string WithoutTime(string report) => string.Join('\n', report.Split('\n').Where(line => !line.Contains("\"seconds\"", StringComparison.Ordinal)));

    /// <summary>What the topics hold, with what differs by its nature taken out of the refusals.</summary>
    private static async Task<(List<string> Interactions, List<string> Movies, List<string> Refusals)> ReadAsync(TestKafka kafka)
    {
        await using var log = await kafka.OpenLogAsync();
        return (await RecordsAsync(Topics.Interactions), await RecordsAsync(Topics.Movies), [.. (await RecordsAsync(Topics.Rejected)).Select(Refusal)]);

        async Task<List<string>> RecordsAsync(string topic)
        {
            var records = new List<string>();
            for (var partition = 0; partition < log.PartitionCount(topic); partition++)
            {
                await foreach (var record in Reference.RecordsAsync(log, topic, partition))
                {
                    records.Add($"{partition} {(topic == Topics.Rejected ? "" : record.Key)} {Encoding.UTF8.GetString(record.Value.Span)}");
                }
            }

            return records;
        }

        static string Refusal(string record)
        {
            var refused = JsonSerializer.Deserialize(record[record.IndexOf('{', StringComparison.Ordinal)..], WireFormat.Default.RejectedInput)!;
            return JsonSerializer.Serialize(refused with { Source = "", At = default }, WireFormat.Default.RejectedInput);
        }
    }
}
