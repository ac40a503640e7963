using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Cinegrain.Api.Problems;
using Cinegrain.Api.Tests.Support;

namespace Cinegrain.Api.Tests.OpenApi;

/// <summary>
/// Requests made from the document, valid, on the edge and broken. Whatever comes: never 500, every error a problem, every status one that
/// the document names. <c>CINEGRAIN_FUZZ_SEED</c> and <c>CINEGRAIN_FUZZ_COUNT</c> (requests an operation) choose other runs.
/// </summary>
public sealed class FuzzTests
{
    private static readonly string[] Ids = ["alice", "m01", "858", "ü 日本", "a/b", "%2F", "%", "+", "'\"<>&", "a\nb", "\u0085", "a\u0000b", " ", " a", "\uFEFF", "null", "-1", "😀"];
    private static readonly string[] Numbers = ["-1", "0", "1", "2", "100", "101", "1e3", "0.5", "1.5", "NaN", "Infinity", "-0", "+5", " 5", "0x10", "99999999999999999999", "", "٣"];
    private static readonly string[] Values = ["null", "true", "-1", "0", "5", "0.25", "1e400", "-1e-400", "12345678901234567890123456789", "\"\"", "\"x\"", "\"NaN\"", "[]", "{}", "[null]", "[[1]]", "\"\\u0000\"", "\"\\ud800\"", "\"2024-01-01T00:00:00Z\"", "\"0000-00-00\"", "\"rate\"", "\"m01\""];
    private static readonly HashSet<string> ProblemUris = ProblemType.All.Select(p => p.Uri).ToHashSet();

    private static int Seed => int.Parse(Environment.GetEnvironmentVariable("CINEGRAIN_FUZZ_SEED") ?? "20250101");

    private static int Count => int.Parse(Environment.GetEnvironmentVariable("CINEGRAIN_FUZZ_COUNT") ?? "120");

    [Fact]
    public async Task Fuzz_EveryOperation_NothingUndocumentedAndNo500()
    {
        await using var app = await TestApp.StartAsync(o => o with { MaximumBodyBytes = 200_000, MaximumLines = 50 });
        app.Recommender.Arrival.SetResult();
        await app.RateAsync("alice", "m01");
        var document = await ApiDocument.LoadAsync(app);
        var answered = new Dictionary<int, int>();
        foreach (var operation in document.Operations)
        {
            for (var i = 0; i < Count; i++)
            {
                var seed = HashCode(operation.Id, i);
                using var request = Make(document, operation, new Random(seed));
                var shown = $"CINEGRAIN_FUZZ_SEED={Seed}, request {i} of {operation.Id} (random seed {seed}): {request.Method} {request.RequestUri}";
                using var response = await app.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
                var status = (int)response.StatusCode;
                answered[status] = answered.GetValueOrDefault(status) + 1;

                Assert.True(status != 500, $"{shown} answers 500: {app.Logs.Lines.LastOrDefault(l => l.Contains(" Error ", StringComparison.Ordinal))}");
                Assert.True(operation.Responses.TryGetValue(status, out var documented), $"{shown} answers {status}, which is not documented");
                var type = response.Content.Headers.ContentType?.MediaType;
                if (status >= 400)
                {
                    Assert.True(type == "application/problem+json", $"{shown} answers {status} as {type}");
                    var problem = await TestApp.ReadAsync(response);
                    Assert.Contains(problem.GetProperty("type").GetString()!, ProblemUris);
                    Assert.Equal(status, problem.GetProperty("status").GetInt32());
                    AssertMatches(document, documented.GetProperty("content").GetProperty(type!).GetProperty("schema"), problem, shown);
                }
                else if (type is not null)
                {
                    Assert.True(documented.GetProperty("content").TryGetProperty(type, out var media), $"{shown} answers as {type}, which is not documented");
                    if (type == "application/json")
                    {
                        AssertMatches(document, media.GetProperty("schema"), await TestApp.ReadAsync(response), shown);
                    }
                }
            }
        }

        // The requests are of use only when they get past the first check, and fail at many.
        Assert.Superset(new HashSet<int> { 200, 202, 204, 400, 404, 413, 415, 422 }, answered.Keys.ToHashSet());
    }

    /// <summary>The answer has every required property and no other than the schema's, down to the leaves.</summary>
    private static void AssertMatches(ApiDocument document, JsonElement schema, JsonElement value, string shown)
    {
        schema = document.Resolve(schema);
        if (value.ValueKind == JsonValueKind.Object && schema.TryGetProperty("properties", out var properties))
        {
            foreach (var name in schema.TryGetProperty("required", out var required) ? required.EnumerateArray().Select(r => r.GetString()!) : [])
            {
                Assert.True(value.TryGetProperty(name, out _), $"{shown}: {name} is missing");
            }

            foreach (var property in value.EnumerateObject())
            {
                Assert.True(properties.TryGetProperty(property.Name, out var inner), $"{shown}: {property.Name} is not documented");
                AssertMatches(document, inner, property.Value, shown);
            }
        }
        else if (value.ValueKind == JsonValueKind.Array && schema.TryGetProperty("items", out var items))
        {
            foreach (var element in value.EnumerateArray())
            {
                AssertMatches(document, items, element, shown);
            }
        }
    }

    private static HttpRequestMessage Make(ApiDocument document, ApiOperation operation, Random random)
    {
        var path = operation.Path;
        foreach (var parameter in operation.Parameters("path"))
        {
            var id = random.Next(3) switch
            {
                0 => parameter.GetProperty("name").GetString() == "user" ? "alice" : $"m{random.Next(1, 31):00}",
                1 => Pick(random, Ids),
                _ => RandomText(random, random.Next(10) == 0 ? random.Next(250, 300) : random.Next(1, 20)),
            };

            // Dots alone are resolved by clients, and a null character is refused below HTTP.
            id = id.Replace("\0", "", StringComparison.Ordinal);
            path = path.Replace($"{{{parameter.GetProperty("name").GetString()}}}", Uri.EscapeDataString(id.Trim('.').Length == 0 ? "x" : id), StringComparison.Ordinal);
        }

        var query = new List<string>();
        foreach (var parameter in operation.Parameters("query"))
        {
            if (random.Next(5) < 2)
            {
                for (var times = random.Next(12) == 0 ? 2 : 1; times > 0; times--)
                {
                    query.Add($"{parameter.GetProperty("name").GetString()}={Uri.EscapeDataString(QueryValue(parameter.GetProperty("schema"), random))}");
                }
            }
        }

        if (random.Next(10) == 0)
        {
            query.Add(Pick(random, ["unknown=1", "&&", "=", "%ZZ=1", "n", "x=%FF%FE"]));
        }

        var request = new HttpRequestMessage(new HttpMethod(operation.Method), query.Count > 0 ? $"{path}?{string.Join('&', query)}" : path);
        foreach (var header in operation.Parameters("header"))
        {
            if (random.Next(3) == 0)
            {
                request.Headers.TryAddWithoutValidation(
                    header.GetProperty("name").GetString()!, Pick(random, ["*", "\"a\"", "W/\"b\", \"c\"", ",,", " ", "key-1", "ü", new string('k', 300), header.GetProperty("example").GetString()!]));
            }
        }

        if (operation.Bodies.ToArray() is { Length: > 0 } bodies)
        {
            var (type, media) = bodies[random.Next(bodies.Length)];
            var body = Body(document, media, type, random);
            request.Content = new ByteArrayContent(body);
            var contentType = random.Next(8) == 0 ? Pick(random, ["text/plain", "application/json; charset=latin1", "*/*", "application/xml"]) : type;
            request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(contentType);
        }

        return request;
    }

    private static string QueryValue(JsonElement schema, Random random)
    {
        var type = schema.GetProperty("type").GetString();
        return random.Next(3) switch
        {
            0 => type switch
            {
                "integer" => random.Next((int)Math.Max(int.MinValue, schema.GetProperty("minimum").GetDouble()), (int)Math.Min(int.MaxValue - 1, schema.GetProperty("maximum").GetDouble()) + 1).ToString(),
                "number" => random.NextDouble().ToString("R"),
                "boolean" => Pick(random, ["true", "false", "TRUE"]),
                "array" => string.Join(',', Enumerable.Range(0, random.Next(4)).Select(_ => Pick(random, ["Comedy", "en", "m01", ""]))),
                _ => Pick(random, ["movie", "1", "3-7", "bTAx"]),
            },
            1 => Pick(random, Numbers),
            _ => random.Next(4) == 0 ? new string('x', random.Next(1, 3000)) : RandomText(random, random.Next(0, 20)),
        };
    }

    private static byte[] Body(ApiDocument document, JsonElement media, string type, Random random)
    {
        var examples = media.GetProperty("examples").EnumerateObject().Select(e => e.Value.GetProperty("value")).ToArray();
        var example = examples[random.Next(examples.Length)];
        var text = example.ValueKind == JsonValueKind.String ? example.GetString()! : example.GetRawText();
        switch (random.Next(7))
        {
            case 0:
                return Encoding.UTF8.GetBytes(text);
            case 1:
                return Encoding.UTF8.GetBytes(text.Replace("858", "m01", StringComparison.Ordinal).Replace("318", "m02", StringComparison.Ordinal));
            case 2:
                var bytes = Encoding.UTF8.GetBytes(text);
                for (var i = random.Next(1, 4); i > 0; i--)
                {
                    bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
                }

                return bytes;
            case 3:
                return Encoding.UTF8.GetBytes(text[..random.Next(text.Length)]);
            case 4:
                return Encoding.UTF8.GetBytes(Pick(random, ["", " ", "[]", "{}", "null", "0", "\"\"", "[[]]", "[{}]", new string('[', 5000), "{\"a\":" + new string('{', 100), "\uFEFF{}", "{}\n{}"]));
            case 5 when random.Next(4) == 0:
                return random.Next(2) == 0
                    ? Encoding.UTF8.GetBytes(new string(' ', 200_001))
                    : Encoding.UTF8.GetBytes(type.Contains("ndjson", StringComparison.Ordinal) ? string.Concat(Enumerable.Repeat("{}\n", 60)) : $"[{string.Join(',', Enumerable.Repeat("{}", 60))}]");
            default:
                var schema = media.GetProperty("schema");
                var properties = document.Resolve(schema.TryGetProperty("oneOf", out var oneOf) ? oneOf[0] : schema).GetProperty("properties").EnumerateObject().Select(p => p.Name).ToArray();
                var members = properties.Where(_ => random.Next(4) > 0).Select(p => $"\"{p}\":{Pick(random, Values)}");
                return Encoding.UTF8.GetBytes($"{{{string.Join(',', members)}}}");
        }
    }

    private static string RandomText(Random random, int length)
    {
        var text = new StringBuilder();
        while (text.Length < length)
        {
            text.Append(random.Next(6) switch
            {
                0 => new Rune(random.Next(0x20, 0x7F)).ToString(),
                1 => new Rune(random.Next(0xA0, 0xD800)).ToString(),
                2 => new Rune(random.Next(0x10000, 0x10FFFF)).ToString(),
                3 => ((char)random.Next(1, 0x20)).ToString(),
                _ => ((char)random.Next('a', 'z' + 1)).ToString(),
            });
        }

        return text.ToString();
    }

    private static T Pick<T>(Random random, T[] from) => from[random.Next(from.Length)];

    /// <summary>The same on every run, unlike the framework's.</summary>
    private static int HashCode(string id, int index)
    {
        var hash = unchecked(Seed * 31 + index);
        foreach (var c in id)
        {
            hash = unchecked((hash * 31) + c);
        }

        return hash;
    }
}
