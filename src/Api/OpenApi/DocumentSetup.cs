using Cinegrain.Api.Requests;
using Cinegrain.Api.Security;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Cinegrain.Api.OpenApi;

/// <summary>The OpenAPI document at <c>/openapi/v1.json</c>, and Swagger UI over it at <c>/docs</c>.</summary>
internal static class DocumentSetup
{
    public static void AddOpenApiDocument(this IServiceCollection services)
    {
        services.AddOpenApi("v1", options =>
        {
            options.AddOperationTransformer<OperationDocTransformer>();
            options.AddDocumentTransformer<DocumentTransformer>();
            options.AddSchemaTransformer<OptionalMembersTransformer>();
            options.CreateSchemaReferenceId = type => SchemaNames.Of(type.Type) ??
                Microsoft.AspNetCore.OpenApi.OpenApiOptions.CreateDefaultSchemaReferenceId(type);
        });

        // Schemas are made from these options.
        services.Configure<JsonOptions>(json =>
        {
            json.SerializerOptions.NumberHandling = System.Text.Json.Serialization.JsonNumberHandling.Strict;
            json.SerializerOptions.RespectNullableAnnotations = true;
            json.SerializerOptions.TypeInfoResolverChain.Insert(0, ApiJson.Web);
        });
    }

    public static void MapOpenApiDocument(this IEndpointRouteBuilder endpoints) =>
        endpoints.MapOpenApi("/openapi/{documentName}.json").WithMetadata(new RequiredScope(null));

    public static void UseDocumentPages(this IApplicationBuilder app) => app.UseSwaggerUI(ui =>
    {
        ui.RoutePrefix = "docs";
        ui.DocumentTitle = "Cinegrain API";
        ui.SwaggerEndpoint("../openapi/v1.json", "v1");
    });
}
