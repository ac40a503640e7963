using System.Text.Json;
using System.Text.Json.Nodes;
using Cinegrain.Api.OpenApi;
using Cinegrain.Api.Requests;
using Cinegrain.Api.Tests.Support;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Cinegrain.Api.Tests.OpenApi;

public sealed class DocumentTests
{
    private static readonly string[] Expected =
    [
        "DELETE /v1/movies/{id}", "DELETE /v1/users/{user}", "GET /health/live", "GET /health/ready", "GET /metrics", "GET /v1/dashboard",
        "GET /v1/movies", "GET /v1/movies/{id}", "GET /v1/movies/{id}/similar", "GET /v1/popular", "GET /v1/trending", "GET /v1/users/{user}/export",
        "GET /v1/users/{user}/profile", "GET /v1/users/{user}/recommendations", "GET /v1/users/{user}/recommendations/stream", "POST /v1/interactions",
        "POST /v1/movies", "PUT /v1/movies/{id}", "PUT /v1/users/{user}/consent",
    ];

    [Fact]
    public async Task Document_Operations_AreAllThatIsMapped()
    {
        await using var app = await TestApp.StartAsync();
        var document = await ApiDocument.LoadAsync(app);

        Assert.Equal(Expected, document.Operations.Select(o => o.ToString()).Order(StringComparer.Ordinal));
        var mapped = app.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Where(e => e.Metadata.GetMetadata<HttpMethodMetadata>() is not null && !e.RoutePattern.RawText!.StartsWith("/openapi", StringComparison.Ordinal))
            .Select(e => $"{e.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods.Single()} {e.RoutePattern.RawText}");
        Assert.Equal(Expected, mapped.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Document_EachOperation_SaysEverything()
    {
        await using var app = await TestApp.StartAsync();
        var document = await ApiDocument.LoadAsync(app);
        var tags = document.Root.GetProperty("tags").EnumerateArray().Select(t => t.GetProperty("name").GetString()).ToHashSet();
        var ids = new HashSet<string>();
        foreach (var operation in document.Operations)
        {
            Assert.True(ids.Add(operation.Id), $"{operation}: the id is taken");
            foreach (var text in new[] { "summary", "description" })
            {
                Assert.False(string.IsNullOrWhiteSpace(operation.Json.GetProperty(text).GetString()), $"{operation}: {text}");
            }

            Assert.Contains(Assert.Single(operation.Json.GetProperty("tags").EnumerateArray()).GetString(), tags);
            var statuses = operation.Responses.Keys.ToHashSet();
            Assert.Contains(statuses, s => s is >= 200 and < 300);
            var isProtected = operation.Json.TryGetProperty("security", out _);
            Assert.Equal(operation.Path.StartsWith("/health", StringComparison.Ordinal), !isProtected);
            int[] needed = [400, 403, 429, 500, 503, .. isProtected ? [401] : Array.Empty<int>(), .. operation.Bodies.Any() ? [413, 415] : Array.Empty<int>()];
            Assert.Superset(needed.ToHashSet(), statuses);

            foreach (var parameter in operation.Json.TryGetProperty("parameters", out var parameters) ? parameters.EnumerateArray() : [])
            {
                Assert.False(string.IsNullOrWhiteSpace(parameter.GetProperty("description").GetString()));
                Assert.True(parameter.TryGetProperty("example", out _), $"{operation}: {parameter.GetProperty("name")} has no example");
                Assert.True(parameter.TryGetProperty("schema", out _));
            }

            foreach (var (type, media) in operation.Bodies)
            {
                AssertSchemaAndExample(document, $"{operation} {type}", media);
            }

            foreach (var (status, response) in operation.Responses)
            {
                Assert.False(string.IsNullOrWhiteSpace(response.GetProperty("description").GetString()), $"{operation} {status}");
                if (status >= 400)
                {
                    var media = response.GetProperty("content").GetProperty("application/problem+json");
                    Assert.EndsWith("/Problem", media.GetProperty("schema").GetProperty("$ref").GetString());
                    AssertSchemaAndExample(document, $"{operation} {status}", media);
                }
                else if (response.TryGetProperty("content", out var content) && content.TryGetProperty("application/json", out var json))
                {
                    AssertSchemaAndExample(document, $"{operation} {status}", json);
                }
            }
        }
    }

    [Fact]
    public async Task Document_EachExample_RoundTrips()
    {
        await using var app = await TestApp.StartAsync();
        var document = await ApiDocument.LoadAsync(app);
        var types = typeof(ApiJson).Assembly.GetTypes()
            .Where(t => t.Namespace?.StartsWith("Cinegrain", StringComparison.Ordinal) == true && t is { IsGenericType: false, IsByRefLike: false, IsPublic: false, IsNested: false })
            .Where(t => !(t.IsAbstract && t.IsSealed) && ApiJson.Web.GetTypeInfo(t) is not null)
            
            .ToDictionary(t => SchemaNames.Of(t) ?? t.Name);
        var count = 0;
        foreach (var operation in document.Operations)
        {
            var media = operation.Bodies.Concat(operation.Responses.Values
                .Where(r => r.TryGetProperty("content", out _))
                .SelectMany(r => r.GetProperty("content").EnumerateObject().Select(c => (c.Name, c.Value))));
            foreach (var (contentType, content) in media)
            {
                if (!content.TryGetProperty("examples", out var examples))
                {
                    continue;
                }

                var schema = content.GetProperty("schema");
                var name = (schema.TryGetProperty("oneOf", out var oneOf) ? oneOf[0] : schema).GetProperty("$ref").GetString()!.Split('/')[^1];
                foreach (var example in examples.EnumerateObject().Select(e => e.Value.GetProperty("value")))
                {
                    foreach (var one in Split(contentType, example))
                    {
                        var node = JsonNode.Parse(one.GetRawText());
                        var value = JsonSerializer.Deserialize(one, types[name], ApiJson.Web);
                        Assert.True(
                            JsonNode.DeepEquals(node, JsonSerializer.SerializeToNode(value, types[name], ApiJson.Web)), $"{operation} {name}: {one}");
                        count++;
                    }
                }
            }
        }

        Assert.InRange(count, 100, 1000);
    }

    [Fact]
    public async Task Document_EachOperationAsInItsExamples_Answers()
    {
        await using var app = await TestApp.StartAsync();
        app.Recommender.Arrival.SetResult();
        await app.RateAsync("alice", "m01");
        await app.Recommender.PutMoviesAsync(
            [new Cinegrain.Model.Events.MovieMetadata { Id = "858", Title = "The Godfather" }, new Cinegrain.Model.Events.MovieMetadata { Id = "318", Title = "Shawshank" }], default);
        var document = await ApiDocument.LoadAsync(app);

        // What erases comes last.
        foreach (var operation in document.Operations.OrderBy(o => o.Method == "DELETE"))
        {
            var path = operation.Parameters("path").Aggregate(
                operation.Path, (p, v) => p.Replace($"{{{v.GetProperty("name").GetString()}}}", v.GetProperty("example").GetString(), StringComparison.Ordinal));
            var query = string.Join('&', operation.Parameters("query").Where(p => p.GetProperty("name").GetString() != "after").Select(p => $"{p.GetProperty("name").GetString()}={Text(p.GetProperty("example"))}"));
            var bodies = operation.Bodies.SelectMany(b => b.Media.GetProperty("examples").EnumerateObject().Select(e => (b.Type, Example: e.Value.GetProperty("value")))).ToArray();
            foreach (var body in bodies.DefaultIfEmpty())
            {
                using var request = new HttpRequestMessage(new HttpMethod(operation.Method), query.Length > 0 ? $"{path}?{query}" : path);
                foreach (var header in operation.Parameters("header"))
                {
                    request.Headers.TryAddWithoutValidation(header.GetProperty("name").GetString()!, header.GetProperty("example").GetString());
                }

                if (body.Type is not null)
                {
                    request.Content = TestApp.Json(body.Type.Contains("ndjson", StringComparison.Ordinal) ? body.Example.GetString()! : body.Example.GetRawText(), body.Type);
                }

                using var response = await app.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
                Assert.True(response.IsSuccessStatusCode, $"{operation} with its example answers {(int)response.StatusCode}");
            }
        }
    }

    private static IEnumerable<JsonElement> Split(string contentType, JsonElement example) => contentType switch
    {
        "application/x-ndjson" => example.GetString()!.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => JsonDocument.Parse(l).RootElement),
        _ when example.ValueKind == JsonValueKind.Array => example.EnumerateArray(),
        _ => [example],
    };

    private static string Text(JsonElement example) => example.ValueKind switch
    {
        JsonValueKind.Array => string.Join(',', example.EnumerateArray().Select(e => e.GetString())),
        JsonValueKind.String => Uri.EscapeDataString(example.GetString()!),
        _ => example.GetRawText(),
    };

    private static void AssertSchemaAndExample(ApiDocument document, string what, JsonElement media)
    {
        var schema = media.GetProperty("schema");
        var resolved = document.Resolve(schema.TryGetProperty("oneOf", out var oneOf) ? oneOf[0] : schema);
        Assert.True(resolved.TryGetProperty("properties", out var properties) && properties.EnumerateObject().Any(), $"{what}: the schema is empty");
        Assert.True(media.TryGetProperty("examples", out var examples) && examples.EnumerateObject().Any(), $"{what}: no example");
    }
}
