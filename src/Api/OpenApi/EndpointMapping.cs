using Cinegrain.Api.Requests;
using Cinegrain.Api.Security;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Routing;

namespace Cinegrain.Api.OpenApi;

/// <summary>
/// Maps operations. Handlers are plain request delegates: they read what they need by hand, so the hot path binds nothing and every bad
/// input becomes a problem in the same words.
/// </summary>
internal static class EndpointMapping
{
    public static IEndpointConventionBuilder Map(
        this IEndpointRouteBuilder endpoints, string method, string pattern, RequestDelegate handler, OperationDoc doc)
    {
        RequestDelegate mapped = doc.Query.Length > 0 ? handler : context =>
        {
            if (context.Request.QueryString.HasValue)
            {
                new QueryReader(context.Request, []).ThrowIfInvalid();
            }

            return handler(context);
        };

        var metadata = new List<object>
        {
            // The API explorer lists endpoints that name their method.
            handler.Method,
            doc,
            new RequiredScope(doc.Scope, IsLimited: doc.IsLimited),
        };
        foreach (var response in doc.Responses)
        {
            metadata.Add(response.Type is null
                ? new ProducesResponseTypeMetadata(response.Status, typeof(void))
                : new ProducesResponseTypeMetadata(response.Status, response.Type, [response.ContentType]));
        }

        foreach (var status in doc.AllProblems().Select(p => p.Status).Distinct())
        {
            metadata.Add(new ProducesResponseTypeMetadata(status, typeof(Problems.Problem), [Problems.Problems.ContentType]));
        }

        if (doc.Body is { } body)
        {
            metadata.Add(new BodyMetadata(body.Type, body.Many ? [Bodies.JsonType, Bodies.LinesType] : [Bodies.JsonType]));
        }

        return endpoints.MapMethods(pattern, [method], mapped)
            .WithName(doc.Id)
            .WithTags(doc.Tag)
            .WithSummary(doc.Summary)
            .WithDescription(doc.Description)
            .WithMetadata([.. metadata]);
    }

    private sealed record BodyMetadata(Type? RequestType, IReadOnlyList<string> ContentTypes) : IAcceptsMetadata
    {
        public bool IsOptional => false;
    }
}
