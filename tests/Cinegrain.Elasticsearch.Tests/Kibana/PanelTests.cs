using System.Text.Json;
using System.Text.RegularExpressions;
using Cinegrain.Elasticsearch.Tests.Support;
using Cinegrain.Model;
using Cinegrain.Model.Events;
using Cinegrain.Model.Measuring;
using Cinegrain.Model.Movies;
using Cinegrain.Model.Ports;
using Cinegrain.Model.Users;
using Microsoft.Extensions.Logging.Abstractions;

namespace Cinegrain.Elasticsearch.Tests.Kibana;

/// <summary>What each panel asks of Elasticsearch finds something among documents that our own writers made.</summary>
public sealed partial class PanelTests
{
    private static readonly CancellationToken None = CancellationToken.None;
    private static readonly DateTimeOffset At = new(2026, 3, 1, 20, 0, 0, TimeSpan.Zero);

    [ElasticsearchFact]
    public async Task Panels_OfAllDashboards_FindData()
    {
        using var server = new Server();
        try
        {
            await FillAsync(server);
            var empty = new List<string>();
            foreach (var panel in SavedObjectsTests.Panels)
            {
                var answer = await server.AskAsync(HttpMethod.Post, $"{{prefix}}-{panel.View}/_search?size=0", Search(panel));
                Assert.False(answer.TryGetProperty("error", out var error), $"{panel.Title}: {error}");
                if (!HasData(answer, panel))
                {
                    empty.Add($"{panel.Title}: {answer.GetRawText()}");
                }
            }

            Assert.Empty(empty);
        }
        finally
        {
            await server.RemoveAsync();
        }
    }

    /// <summary>The request that Lens makes of a panel, as far as it matters: its query, and its buckets nested in their order, the metrics innermost.</summary>
    private static string Search(SavedObjectsTests.Panel panel)
    {
        var order = panel.Layer.GetProperty("columnOrder").EnumerateArray().Select(name => name.GetString()!).ToList();
        var aggregations = string.Join(',', order.Where(name => !panel.Column(name).GetProperty("isBucketed").GetBoolean()).Select(name => $"\"{name}\":{Metric(panel.Column(name))}"));
        foreach (var name in order.Where(name => panel.Column(name).GetProperty("isBucketed").GetBoolean()).Reverse())
        {
            aggregations = $"\"{name}\":{{{Bucket(panel.Column(name))},\"aggs\":{{{aggregations}}}}}";
        }

        return $"{{\"query\":{Query(panel.Query)},\"aggs\":{{{aggregations}}}}}";
    }

    private static string Bucket(JsonElement column)
    {
        var field = column.GetProperty("sourceField").GetString();
        var parameters = column.GetProperty("params");
        return column.GetProperty("operationType").GetString() == "terms"
            ? $"\"terms\":{{\"field\":\"{field}\",\"size\":{parameters.GetProperty("size").GetInt32()}}}"
            : parameters.GetProperty("interval").GetString() is { } interval && interval != "auto"
                ? $"\"date_histogram\":{{\"field\":\"{field}\",\"calendar_interval\":\"{interval}\",\"min_doc_count\":1}}"
                : $"\"auto_date_histogram\":{{\"field\":\"{field}\",\"buckets\":20}}";
    }

    private static string Metric(JsonElement column)
    {
        var field = column.GetProperty("sourceField").GetString();
        var aggregation = column.GetProperty("operationType").GetString() switch
        {
            "count" => "\"value_count\":{\"field\":\"_index\"}",
            "unique_count" => $"\"cardinality\":{{\"field\":\"{field}\"}}",
            "average" => $"\"avg\":{{\"field\":\"{field}\"}}",
            "median" => $"\"percentiles\":{{\"field\":\"{field}\",\"percents\":[50]}}",
            "last_value" => $"\"top_hits\":{{\"size\":1,\"sort\":[{{\"@timestamp\":\"desc\"}}],\"_source\":[\"{field}\"]}}",
            var other => $"\"{other}\":{{\"field\":\"{field}\"}}",
        };
        var filter = column.TryGetProperty("filter", out var query) ? Query(query.GetProperty("query").GetString()!) : "{\"match_all\":{}}";
        return $"{{\"filter\":{filter},\"aggs\":{{\"value\":{{{aggregation}}}}}}}";
    }

    /// <summary>The few forms of Kibana's query language that the dashboards use, in Lucene's.</summary>
    private static string Query(string kuery) => kuery.Length == 0
        ? "{\"match_all\":{}}"
        : $"{{\"query_string\":{{\"query\":{JsonText.Quote(Comparison().Replace(kuery.Replace(" and ", " AND ").Replace(" or ", " OR ").Replace(": ", ":"), "$1:$2$3"))}}}}}";

    private static bool HasData(JsonElement answer, SavedObjectsTests.Panel panel)
    {
        var at = answer.GetProperty("aggregations");
        foreach (var name in panel.Layer.GetProperty("columnOrder").EnumerateArray().Select(name => name.GetString()!))
        {
            if (panel.Column(name).GetProperty("isBucketed").GetBoolean())
            {
                var buckets = at.GetProperty(name).GetProperty("buckets");
                if (buckets.GetArrayLength() == 0)
                {
                    return false;
                }

                at = buckets.EnumerateArray().First(bucket => bucket.GetProperty("doc_count").GetInt64() > 0);
            }
            else
            {
                var metric = at.GetProperty(name);
                var value = metric.GetProperty("value");
                if (metric.GetProperty("doc_count").GetInt64() == 0
                    || (value.TryGetProperty("value", out var number) && number.ValueKind != JsonValueKind.Number)
                    || (value.TryGetProperty("hits", out var last)
                        && !last.GetProperty("hits")[0].GetProperty("_source").TryGetProperty(panel.Column(name).GetProperty("sourceField").GetString()!, out _)))
                {
                    return false;
                }
            }
        }

        return true;
    }

    private static async Task FillAsync(Server server)
    {
        using var shared = new SharedModel(new ModelOptions());
        await using var store = new ElasticsearchStateStore(server.Client, NullLogger<ElasticsearchStateStore>.Instance, shared.Index);
        var log = new MemoryLog();
        var delta = new TraitsDelta();
        var states = new List<ActorState>();
        for (var i = 0; i < 4; i++)
        {
            var metadata = new MovieMetadata
            {
                Id = $"m-{i}", Title = $"Film {i}", Year = 1990 + (i * 7), Genres = ["Drama", "Crime"], Language = i % 2 == 0 ? "en" : "fr", Directors = ["Somebody"], Cast = ["An Actor"],
            };
            var movie = new MovieState(metadata.Id, shared.Index);
            movie.Apply(0, new CatalogueChange { Movie = metadata.Id, Metadata = metadata }, shared.View, delta);
            for (var event_ = 1; event_ <= 6; event_++)
            {
                movie.Apply(
                    event_,
                    new Signal { Movie = metadata.Id, At = At, Kind = InteractionKind.Rate, Preference = 1, Context = [], Source = new SignalSource(0, 0, (i * 10) + event_, 0) },
                    shared.View,
                    delta);
            }

            states.Add(new ActorState(ActorKind.Movie, metadata.Id, 7, movie.ToBytes()));
            shared.View.Put(metadata);
        }

        foreach (var name in new[] { "ann", "bob" })
        {
            var user = new UserState(name, shared.Index);
            for (var i = 0; i < 4; i++)
            {
                var interaction = new Interaction
                {
                    Id = $"{name}-{i}", User = name, At = At.AddMinutes(i), Movie = $"m-{i}", Kind = i == 3 ? InteractionKind.Like : InteractionKind.Rate, Value = i == 3 ? null : 4 + (i / 2.0),
                    Preference = 0.8, Genres = ["Drama", "Crime"], Year = 1990 + (i * 7), Language = "en", People = ["Somebody"],
                };
                user.Apply(log.Append(interaction), interaction);
            }

            states.Add(new ActorState(ActorKind.User, name, 10, user.ToBytes()));
        }

        states.Add(new ActorState(ActorKind.User, "gone", 11, default));
        await store.WriteAsync(states, null, None);

        log.Append(new LogEntry(Topics.Rejected, "api", JsonSerializer.SerializeToUtf8Bytes(
            new RejectedInput { Source = "api", Reason = "unknown-movie", Detail = "d", At = At }, WireFormat.Default.RejectedInput)));
        using var interactions = new InteractionDocuments(server.Client, log, store, movie => shared.View.Metadata(movie)?.Title, NullLogger<InteractionDocuments>.Instance);
        using var rejected = new RejectedDocuments(server.Client, log, store, NullLogger<RejectedDocuments>.Instance);
        using (var stopping = new CancellationTokenSource())
        {
            var running = Task.WhenAll(interactions.RunAsync(stopping.Token), rejected.RunAsync(stopping.Token));
            await interactions.WaitAsync(0, log.End(Topics.Interactions, 0), None);
            await rejected.WaitAsync(0, 1, None);
            await stopping.CancelAsync();
            await running;
        }

        var sums = new QualitySums(10, 3, 1.2, 0.6, 2, 0.7);
        using var metrics = new MetricDocuments(
            server.Client,
            () => new MetricSample(8, 2, 3, 9, 0, 2, 4, new Dictionary<long, QualitySums> { [29_000_000] = sums }, [new VariantHour("stage1", 480_000, sums)], [Experiment.Arm]),
            "one",
            NullLogger<MetricDocuments>.Instance);
        await metrics.WriteAsync(None);
        var audit = new AuditDocuments(server.Client);
        foreach (var action in new[] { "ProfileRead", "Exported", "Erased", "ConsentGiven", "ConsentWithdrawn" })
        {
            await audit.AppendAsync(At, "key-1", action, "hash", None);
        }

        await server.AskAsync(HttpMethod.Post, "{prefix}-*/_refresh");
    }

    [GeneratedRegex(@"(\w+) (>=|<=|>|<) (\S+)")]
    private static partial Regex Comparison();
}
