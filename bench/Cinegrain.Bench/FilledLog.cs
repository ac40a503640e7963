using System.Text.Json;
using Cinegrain.Embedded.Sqlite;
using Cinegrain.Kafka;
using Cinegrain.Model.Events;
using Cinegrain.Model.Ports;
using Confluent.Kafka;

namespace Cinegrain.Bench;

/// <summary>A log with the films and interactions of a fictional audience, in a folder or on Kafka, where its topics go with it.</summary>
internal sealed class FilledLog : IAsyncDisposable
{
    private const int AppendAtOnce = 2_000;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly Func<ValueTask> _close;

    private FilledLog(ILog log, Func<ValueTask> close, string prefix = "") => (Log, _close, Prefix) = (log, close, prefix);

    public ILog Log { get; }

    /// <summary>What stands before the names of the topics on Kafka.</summary>
    public string Prefix { get; }

    /// <param name="kafka">Brokers, or null for the folder.</param>
    public static async Task<FilledLog> OpenAsync(string? kafka, string folder, int films, int viewers, int events)
    {
        var filled = kafka is null ? OpenFolder(folder) : await OpenKafkaAsync(kafka);
        await filled.FillAsync(films, viewers, events);
        return filled;
    }

    public ValueTask DisposeAsync() => _close();

    private static FilledLog OpenFolder(string folder)
    {
        Directory.CreateDirectory(folder);
        var log = SqliteLog.Open(folder, new SqliteLogOptions(), TimeProvider.System);
        return log.End(Topics.Movies, 0) == 0
            ? new FilledLog(log, log.DisposeAsync)
            : throw new InvalidOperationException($"{folder} is not empty: name a folder of its own with --data");
    }

    private static async Task<FilledLog> OpenKafkaAsync(string bootstrap)
    {
        var prefix = $"bench-{Guid.NewGuid():N}.";
        var log = await KafkaLog.OpenAsync(
            new KafkaLogOptions { Bootstrap = bootstrap, Prefix = prefix }, TimeProvider.System, null, CancellationToken.None);
        return new FilledLog(log, async () =>
        {
            await log.DisposeAsync();
            using var admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = bootstrap }).Build();
            await admin.DeleteTopicsAsync(
                admin.GetMetadata(Patience).Topics.Select(topic => topic.Topic).Where(topic => topic.StartsWith(prefix, StringComparison.Ordinal)));
        }, prefix);
    }

    private async Task FillAsync(int films, int viewers, int events)
    {
        var movies = World.Movies(films);
        await Log.AppendAsync(
            [.. movies.Select(movie => new LogEntry(Topics.Movies, movie.Id, JsonSerializer.SerializeToUtf8Bytes(movie, WireFormat.Default.MovieMetadata)))],
            CancellationToken.None);
        var number = 0;
        foreach (var part in World.Interactions(movies, viewers, events).Chunk(AppendAtOnce))
        {
            await Log.AppendAsync(
                [.. part.Select(interaction => new LogEntry(
                    Topics.Interactions, interaction.User, LogRecords.ToBytes(interaction with { Id = $"{number++:D26}" })))],
                CancellationToken.None);
        }
    }
}
