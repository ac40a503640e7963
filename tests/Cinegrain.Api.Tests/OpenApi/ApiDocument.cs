using System.Text.Json;
using Cinegrain.Api.Tests.Support;

namespace Cinegrain.Api.Tests.OpenApi;

/// <summary>The served document, as the tests read it.</summary>
internal sealed record ApiDocument(JsonElement Root)
{
    private static readonly string[] Methods = ["get", "put", "post", "delete"];

    public IEnumerable<ApiOperation> Operations =>
        from path in Root.GetProperty("paths").EnumerateObject()
        from operation in path.Value.EnumerateObject()
        where Methods.Contains(operation.Name)
        select new ApiOperation(operation.Name.ToUpperInvariant(), path.Name, operation.Value);

    public static async Task<ApiDocument> LoadAsync(TestApp app) => new(await TestApp.ReadAsync(await app.Client.GetAsync("/openapi/v1.json")));

    /// <summary>Follows a reference.</summary>
    public JsonElement Resolve(JsonElement schema)
    {
        while (schema.TryGetProperty("$ref", out var reference))
        {
            schema = reference.GetString()!.Split('/').Skip(1).Aggregate(Root, (node, name) => node.GetProperty(name));
        }

        return schema;
    }
}

internal sealed record ApiOperation(string Method, string Path, JsonElement Json)
{
    public string Id => Json.GetProperty("operationId").GetString()!;

    public IEnumerable<JsonElement> Parameters(string place) =>
        Json.TryGetProperty("parameters", out var parameters) ? parameters.EnumerateArray().Where(p => p.GetProperty("in").GetString() == place) : [];

    public IReadOnlyDictionary<int, JsonElement> Responses =>
        Json.GetProperty("responses").EnumerateObject().ToDictionary(r => int.Parse(r.Name), r => r.Value);

    public IEnumerable<(string Type, JsonElement Media)> Bodies =>
        Json.TryGetProperty("requestBody", out var body) ? body.GetProperty("content").EnumerateObject().Select(c => (c.Name, c.Value)) : [];

    public override string ToString() => $"{Method} {Path}";
}
