using System.Text.Json.Nodes;
using Cinegrain.Api.Problems;
using Cinegrain.Api.Requests;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace Cinegrain.Api.OpenApi;

/// <summary>Says of each operation what its <see cref="OperationDoc"/> says.</summary>
internal sealed class OperationDocTransformer : IOpenApiOperationTransformer
{
    public Task TransformAsync(OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellationToken)
    {
        if (context.Description.ActionDescriptor.EndpointMetadata.OfType<OperationDoc>().SingleOrDefault() is not { } doc)
        {
            return Task.CompletedTask;
        }

        operation.Parameters = [.. PathParameters(context.Description.RelativePath ?? ""), .. doc.Query.Select(Describe), .. doc.Headers.Select(Describe)];
        if (doc.Body is { } body && operation.RequestBody?.Content is { } content)
        {
            ((OpenApiRequestBody)operation.RequestBody).Description = body.Description;
            ((OpenApiRequestBody)operation.RequestBody).Required = true;
            foreach (var (type, media) in content)
            {
                media.Examples = Examples(body.Examples.Where(e => e.ContentType == type));
            }

            if (body.Many && content.TryGetValue(Bodies.JsonType, out var json) && json.Schema is { } one)
            {
                json.Schema = new OpenApiSchema
                {
                    OneOf = [one, new OpenApiSchema { Type = JsonSchemaType.Array, Items = one, MinItems = 1 }],
                };
            }
        }

        foreach (var response in doc.Responses)
        {
            if (operation.Responses?[response.Status.ToString()] is not OpenApiResponse described)
            {
                continue;
            }

            described.Description = response.Description;
            if (response.Headers.Count > 0)
            {
                described.Headers = response.Headers.ToDictionary(h => h.Name, h => (IOpenApiHeader)new OpenApiHeader
                {
                    Description = h.Description, Schema = new OpenApiSchema { Type = JsonSchemaType.String }, Example = h.Example,
                });
            }

            if (response.Example is { } example && described.Content?.TryGetValue(response.ContentType, out var media) == true)
            {
                media.Examples = Examples([example]);
            }
        }

        foreach (var problems in doc.AllProblems().GroupBy(p => p.Status))
        {
            if (operation.Responses?[problems.Key.ToString()] is not OpenApiResponse described)
            {
                continue;
            }

            described.Description = string.Join(' ', problems.Select(p => $"{p.Code}: {p.Title}. {p.Remedy}"));
            if (problems.Key is 429 or 503)
            {
                described.Headers = new Dictionary<string, IOpenApiHeader>
                {
                    ["Retry-After"] = new OpenApiHeader
                    {
                        Description = "Seconds to wait.", Schema = new OpenApiSchema { Type = JsonSchemaType.Integer }, Example = 1,
                    },
                };
            }

            if (described.Content?.TryGetValue(Problems.Problems.ContentType, out var media) == true)
            {
                media.Examples = Examples(problems.Select(ProblemExamples.Of));
            }
        }

        if (doc.Scope is { } scope)
        {
            operation.Description += $"\n\nScope of the key: `{scope.ToString().ToLowerInvariant()}`.";
            operation.Security =
            [
                new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference("bearer", context.Document)] = [] },
                new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference("apiKey", context.Document)] = [] },
            ];
        }

        return Task.CompletedTask;
    }

    private static IEnumerable<IOpenApiParameter> PathParameters(string path)
    {
        if (path.Contains("{user}", StringComparison.Ordinal))
        {
            yield return PathParameter("user", "Id of the user as the caller knows it.", "alice");
        }

        if (path.Contains("{id}", StringComparison.Ordinal))
        {
            yield return PathParameter("id", "Catalogue id of the movie.", "858");
        }
    }

    private static OpenApiParameter PathParameter(string name, string description, string example) => new()
    {
        Name = name,
        In = ParameterLocation.Path,
        Required = true,
        Description = $"{description} 1 to {RouteIds.MaximumLength} characters, none of them a control character.",
        Schema = new OpenApiSchema { Type = JsonSchemaType.String, MinLength = 1, MaxLength = RouteIds.MaximumLength },
        Example = example,
    };

    private static OpenApiParameter Describe(QueryParameter parameter)
    {
        var schema = new OpenApiSchema
        {
            Type = parameter.Kind switch
            {
                QueryParameterKind.Integer => JsonSchemaType.Integer,
                QueryParameterKind.Number => JsonSchemaType.Number,
                QueryParameterKind.Boolean => JsonSchemaType.Boolean,
                QueryParameterKind.List => JsonSchemaType.Array,
                _ => JsonSchemaType.String,
            },
        };
        switch (parameter.Kind)
        {
            case QueryParameterKind.Integer or QueryParameterKind.Number:
                schema.Format = parameter.Kind == QueryParameterKind.Integer ? "int32" : "double";
                schema.Minimum = parameter.Minimum.ToString();
                schema.Maximum = parameter.Maximum.ToString();
                break;
            case QueryParameterKind.Text:
                schema.MinLength = (int)parameter.Minimum;
                schema.MaxLength = (int)parameter.Maximum;
                break;
            case QueryParameterKind.List:
                schema.MaxItems = parameter.MaximumCount;
                schema.Items = new OpenApiSchema { Type = JsonSchemaType.String, MinLength = 1, MaxLength = (int)parameter.Maximum };
                break;
        }

        if (parameter.Default is not null)
        {
            schema.Default = Value(parameter, parameter.Default);
        }

        return new OpenApiParameter
        {
            Name = parameter.Name,
            In = ParameterLocation.Query,
            Description = parameter.Description,
            Schema = schema,
            Example = parameter.Example is null ? null : Value(parameter, parameter.Example),
            Style = parameter.Kind == QueryParameterKind.List ? ParameterStyle.Form : null,
            Explode = false,
        };
    }

    private static OpenApiParameter Describe(HeaderDoc header) => new()
    {
        Name = header.Name,
        In = ParameterLocation.Header,
        Description = header.Description,
        Schema = new OpenApiSchema { Type = JsonSchemaType.String },
        Example = header.Example,
    };

    private static JsonNode? Value(QueryParameter parameter, string text) => parameter.Kind switch
    {
        QueryParameterKind.Text => text,
        QueryParameterKind.List => new JsonArray([.. text.Split(',').Select(t => (JsonNode)t)]),
        _ => JsonNode.Parse(text),
    };

    private static Dictionary<string, IOpenApiExample>? Examples(IEnumerable<ExampleDoc> examples)
    {
        var map = examples.ToDictionary(e => e.Name, e => (IOpenApiExample)new OpenApiExample
        {
            Summary = e.Name,
            Value = e.ContentType == Bodies.LinesType ? e.Json : JsonNode.Parse(e.Json),
        });
        return map.Count > 0 ? map : null;
    }
}

/// <summary>An example of each kind of problem.</summary>
internal static class ProblemExamples
{
    public static ExampleDoc Of(ProblemType type) => ExampleDoc.Of(type.Code, new Problem
    {
        Type = type.Uri,
        Title = type.Title,
        Status = type.Status,
        Detail = type == ProblemType.InvalidParameters ? "A parameter is not valid; errors says which and why." : type.Remedy,
        Errors = type == ProblemType.InvalidParameters ? new Dictionary<string, string[]> { ["n"] = ["It must be a whole number from 1 to 100."] } : null,
        Reason = type == ProblemType.Rejected ? "unknown-movie" : null,
        Rejected = type == ProblemType.Rejected
            ? [new Ingest.RejectedLine(1, "unknown-movie", "The catalogue has no such movie; add it first.")]
            : null,
        TraceId = "4bf92f3577b34da6a3ce929d0e0e4736",
    }, ApiJson.Web.Problem) with { ContentType = Problems.Problems.ContentType };
}

/// <summary>What the document says as a whole.</summary>
internal sealed class DocumentTransformer : IOpenApiDocumentTransformer
{
    public Task TransformAsync(OpenApiDocument document, OpenApiDocumentTransformerContext context, CancellationToken cancellationToken)
    {
        document.Info = new OpenApiInfo
        {
            Title = "Cinegrain",
            Version = "v1",
            Description =
                "Real-time movie recommendations. Every error is a problem (RFC 9457); its type ends in one of these codes:\n\n" +
                "| code | status | meaning | what to do |\n|---|---|---|---|\n" +
                string.Concat(ProblemType.All.Select(p => $"| `{p.Code}` | {(p.Status == 0 ? "any other" : p.Status)} | {p.Title} | {p.Remedy} |\n")),
            License = new OpenApiLicense { Name = "Apache-2.0", Identifier = "Apache-2.0" },
        };
        document.Tags = new HashSet<OpenApiTag>
        {
            new() { Name = "Recommendations", Description = "A user's list, once or as a stream." },
            new() { Name = "Interactions", Description = "What users did." },
            new() { Name = "Users", Description = "Rights of data subjects: see, take, erase, restrict." },
            new() { Name = "Movies", Description = "The catalogue, and lists that belong to no user." },
            new() { Name = "Operations", Description = "For those who run it." },
        };

        // The document is served from wherever the API is.
        document.Servers = [new OpenApiServer { Url = "/" }];
        document.Components ??= new OpenApiComponents();
        document.Components.SecuritySchemes = new Dictionary<string, IOpenApiSecurityScheme>
        {
            ["bearer"] = new OpenApiSecurityScheme
            {
                Type = SecuritySchemeType.Http, Scheme = "bearer",
                Description = "An API key, made with `cinegrain keys create --scope read|write|admin`. Without any key the server answers this machine only, and needs none.",
            },
            ["apiKey"] = new OpenApiSecurityScheme
            {
                Type = SecuritySchemeType.ApiKey, In = ParameterLocation.Header, Name = "X-Api-Key", Description = "The same key in another header.",
            },
        };
        return Task.CompletedTask;
    }
}

/// <summary>Names of schemas: those of the types, without the ending that only code needs.</summary>
internal static class SchemaNames
{
    public static string? Of(Type type) =>
        type.Namespace?.StartsWith("Cinegrain.", StringComparison.Ordinal) == true && type.Name.EndsWith("Response", StringComparison.Ordinal)
            ? type.Name[..^"Response".Length]
            : null;
}

/// <summary>What may be null is left out of answers: no schema may require it.</summary>
internal sealed class OptionalMembersTransformer : IOpenApiSchemaTransformer
{
    public Task TransformAsync(OpenApiSchema schema, OpenApiSchemaTransformerContext context, CancellationToken cancellationToken)
    {
        foreach (var property in context.JsonTypeInfo.Properties)
        {
            if (property is { IsRequired: false, IsGetNullable: true })
            {
                schema.Required?.Remove(property.Name);
            }
        }

        return Task.CompletedTask;
    }
}
