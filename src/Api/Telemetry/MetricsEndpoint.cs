using Cinegrain.Api.OpenApi;
using Cinegrain.Api.Security;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Cinegrain.Api.Telemetry;

/// <summary>Metrics in the text form of Prometheus.</summary>
internal sealed class MetricsEndpoint(CinegrainApiOptions options)
{
    private RequestDelegate? _exporter;

    public void Map(IEndpointRouteBuilder endpoints)
    {
        var exporter = endpoints.CreateApplicationBuilder();
        exporter.UseOpenTelemetryPrometheusScrapingEndpoint(static _ => true);
        _exporter = exporter.Build();
        endpoints.Map("GET", "/metrics", GetAsync, new OperationDoc(
            "getMetrics", "Operations", "Metrics", "Metrics in the text form of Prometheus. They name no user. See the operations page for their list.")
        {
            Scope = options.OpenMetrics ? null : ApiScope.Read,
            Responses = [new ResponseDoc(200, "The metrics.", typeof(string)) { ContentType = "text/plain" }],
        });
    }

    private Task GetAsync(HttpContext context) => _exporter!(context);
}
