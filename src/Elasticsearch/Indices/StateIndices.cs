using System.Globalization;
using System.Text;
using System.Text.Json;
using Cinegrain.Model.Ports;
using Microsoft.Extensions.Logging;

namespace Cinegrain.Elasticsearch;

/// <summary>
/// The indices that hold the states, each behind an alias. They belong together: each carries the name of the generation that they were made
/// in, so that one that is missing, or comes from another backup, is noticed before anything is learned on it.
/// </summary>
internal sealed partial class StateIndices(ElasticsearchClient client, IReadOnlyList<IndexTemplate> templates, ILogger logger)
{
    private const int OldestMajor = 8;

    /// <summary>Templates of users, movies and the rest, in this order.</summary>
    public static IReadOnlyList<IndexTemplate> Templates(string prefix) =>
        [IndexTemplate.Load("users", prefix), IndexTemplate.Load("movies", prefix), IndexTemplate.Load("state", prefix)];

    /// <summary>Makes what is missing when all of it is, and brings older indices to the mapping of this version.</summary>
    /// <exception cref="WrongLogException">Some are missing, or they do not belong together.</exception>
    /// <exception cref="ElasticsearchException">It could not be done.</exception>
    public async Task EnsureAsync(CancellationToken cancellationToken)
    {
        await CheckVersionAsync(cancellationToken);
        if (client.Options.SharedBy is null)
        {
            await EnsureAloneAsync(cancellationToken);
            return;
        }

        // Processes of a cluster start together.
        await using var alone = await SetupLock.AcquireAsync(client, cancellationToken);
        await EnsureAloneAsync(cancellationToken);
    }

    private async Task EnsureAloneAsync(CancellationToken cancellationToken)
    {
        foreach (var template in templates)
        {
            await SendQuietlyAsync(HttpMethod.Put, $"_index_template/{template.Alias}", template.Json, cancellationToken);
        }

        var found = new List<Found?>();
        foreach (var template in templates)
        {
            found.Add(await FindAsync(template, cancellationToken));
        }

        // The last one is made last: without it nothing was ever bound to the others.
        if (found[^1] is null)
        {
            foreach (var (template, index) in templates.Zip(found))
            {
                await RemoveEmptyAsync(template, index, cancellationToken);
            }

            var generation = Guid.NewGuid().ToString("N");
            foreach (var template in templates)
            {
                await CreateAsync(template, generation, withAlias: true, cancellationToken);
            }

            LogCreated(string.Join(", ", templates.Select(template => template.Index)));
            return;
        }

        var known = found[^1]!.Generation;
        for (var i = 0; i < templates.Count; i++)
        {
            if (found[i]?.Generation != known)
            {
                throw new WrongLogException(
                    (found[i] is null ? $"the index {templates[i].Alias} is gone" : $"the index {templates[i].Alias} is of another backup")
                    + $" while {templates[^1].Alias} is there, so the states are not whole: restore {Names} from one snapshot, or delete them all "
                    + "to rebuild them from the log");
            }
        }

        for (var i = 0; i < templates.Count; i++)
        {
            await MigrateAsync(templates[i], found[i]!, cancellationToken);
        }
    }

    private string Names => string.Join(", ", templates.Select(template => template.Alias));

    private async Task CheckVersionAsync(CancellationToken cancellationToken)
    {
        using var answer = await SendAsync(HttpMethod.Get, "", null, cancellationToken);
        if (!answer.RootElement.TryGetProperty("version", out var version)
            || !version.TryGetProperty("number", out var number)
            || !int.TryParse(number.GetString()!.Split('.')[0], NumberStyles.None, CultureInfo.InvariantCulture, out var major))
        {
            throw new ElasticsearchException(ElasticsearchFailure.Other, "what answers at the URL of Elasticsearch is not Elasticsearch");
        }

        if (major < OldestMajor)
        {
            throw new ElasticsearchException(
                ElasticsearchFailure.Other, $"this is Elasticsearch {number.GetString()}; Cinegrain needs version {OldestMajor} or later");
        }
    }

    private async Task<Found?> FindAsync(IndexTemplate template, CancellationToken cancellationToken)
    {
        try
        {
            using var answer = await SendAsync(HttpMethod.Get, $"{template.Alias}/_mapping", null, cancellationToken);
            var indices = answer.RootElement.EnumerateObject().ToList();
            if (indices.Count != 1 || indices[0].Name == template.Alias)
            {
                throw new WrongLogException(
                    $"{template.Alias} must be an alias of one index, but it is "
                    + (indices.Count == 1 ? "an index itself" : $"an alias of {indices.Count} indices") + ": choose another index prefix, or mend it");
            }

            var meta = indices[0].Value.GetProperty("mappings").TryGetProperty("_meta", out var value) ? value : default;
            return meta.ValueKind == JsonValueKind.Object
                && meta.TryGetProperty("schema", out var schema)
                && meta.TryGetProperty("generation", out var generation)
                ? new Found(indices[0].Name, schema.GetInt32(), generation.GetString()!)
                : throw new WrongLogException($"{indices[0].Name} was not made by Cinegrain: choose another index prefix");
        }
        catch (ElasticsearchException exception) when (exception.Failure == ElasticsearchFailure.Missing)
        {
            return null;
        }
    }

    private async Task RemoveEmptyAsync(IndexTemplate template, Found? found, CancellationToken cancellationToken)
    {
        if (found is null)
        {
            return;
        }

        await SendQuietlyAsync(HttpMethod.Post, $"{found.Index}/_refresh", null, cancellationToken);
        using var answer = await SendAsync(HttpMethod.Get, $"{found.Index}/_count", null, cancellationToken);
        if (answer.RootElement.GetProperty("count").GetInt64() > 0)
        {
            throw new WrongLogException(
                $"the index {templates[^1].Alias} is gone while {template.Alias} has documents, so the states are not whole: restore {Names} from one "
                + "snapshot, or delete them all to rebuild them from the log");
        }

        await SendQuietlyAsync(HttpMethod.Delete, found.Index, null, cancellationToken);
    }

    private async Task CreateAsync(IndexTemplate template, string generation, bool withAlias, CancellationToken cancellationToken)
    {
        var aliases = withAlias ? $"{JsonText.Quote(template.Alias)}:{{}}" : "";
        var meta = $"\"schema\":{template.Schema},\"generation\":{JsonText.Quote(generation)}";
        var body = $"{{\"aliases\":{{{aliases}}},\"mappings\":{{\"_meta\":{{{meta}}}}}}}";
        await SendQuietlyAsync(HttpMethod.Put, template.Index, body, cancellationToken);
    }

    /// <summary>
    /// Brings an older index to this version's mapping: the new index is filled, then the alias moves to it, in one step, so a reader always finds
    /// one of the two whole. Versions come along, so what a later attempt repeats does no harm.
    /// </summary>
    private async Task MigrateAsync(IndexTemplate template, Found found, CancellationToken cancellationToken)
    {
        if (found.Schema == template.Schema)
        {
            return;
        }

        if (found.Schema > template.Schema)
        {
            throw new WrongLogException(
                $"{found.Index} was written by a newer version of Cinegrain: run that version, or delete {Names} to rebuild them from the log");
        }

        try
        {
            await CreateAsync(template, found.Generation, withAlias: false, cancellationToken);
        }
        catch (ElasticsearchException exception) when (exception.Type == "resource_already_exists_exception")
        {
            // An attempt before was cut off: it is filled on.
        }

        await SendQuietlyAsync(HttpMethod.Post, $"{found.Index}/_refresh", null, cancellationToken);
        await ReindexAsync(found.Index, template.Index, cancellationToken);
        await SendQuietlyAsync(
            HttpMethod.Post,
            "_aliases",
            $$$"""{"actions":[{"remove":{"index":"{{{found.Index}}}","alias":"{{{template.Alias}}}"}},{"add":{"index":"{{{template.Index}}}","alias":"{{{template.Alias}}}"}}]}""",
            cancellationToken);
        await SendQuietlyAsync(HttpMethod.Delete, found.Index, null, cancellationToken);
        LogMigrated(found.Index, template.Index);
    }

    /// <summary>Copies with versions, as a task of the cluster that outlives one request.</summary>
    private async Task ReindexAsync(string from, string to, CancellationToken cancellationToken)
    {
        using var started = await SendAsync(
            HttpMethod.Post,
            "_reindex?wait_for_completion=false&refresh=true",
            $$$"""{"conflicts":"proceed","source":{"index":"{{{from}}}"},"dest":{"index":"{{{to}}}","version_type":"external"}}""",
            cancellationToken);
        var task = started.RootElement.GetProperty("task").GetString();
        while (true)
        {
            using var answer = await SendAsync(HttpMethod.Get, $"_tasks/{task}", null, cancellationToken);
            if (answer.RootElement.GetProperty("completed").GetBoolean())
            {
                if (answer.RootElement.TryGetProperty("error", out _)
                    || answer.RootElement.GetProperty("response").GetProperty("failures").GetArrayLength() > 0)
                {
                    throw new ElasticsearchException(
                        ElasticsearchFailure.Mapping,
                        $"the documents of {from} could not all be copied to {to}: look into the log of Elasticsearch, or delete {Names} to rebuild them");
                }

                return;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(100), client.Time, cancellationToken);
        }
    }

    private async Task<JsonDocument> SendAsync(HttpMethod method, string path, string? body, CancellationToken cancellationToken) => JsonDocument.Parse(
        await client.SendAsync("indices", method, path, body is null ? default : Encoding.UTF8.GetBytes(body), cancellationToken));

    private async Task SendQuietlyAsync(HttpMethod method, string path, string? body, CancellationToken cancellationToken) =>
        (await SendAsync(method, path, body, cancellationToken)).Dispose();

    private sealed record Found(string Index, int Schema, string Generation);

    [LoggerMessage(Level = LogLevel.Information, Message = "Made the indices {Indices}.")]
    private partial void LogCreated(string indices);

    [LoggerMessage(Level = LogLevel.Information, Message = "Moved the documents of {From} to {To}.")]
    private partial void LogMigrated(string from, string to);
}
