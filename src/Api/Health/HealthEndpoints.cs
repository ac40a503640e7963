using Cinegrain.Api.OpenApi;
using Cinegrain.Api.Problems;
using Cinegrain.Api.Requests;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Cinegrain.Api.Health;

/// <summary>State of the process.</summary>
internal sealed record HealthResponse
{
    /// <summary><c>live</c> or <c>ready</c>.</summary>
    public required string Status { get; init; }
}

/// <summary>Probes. They need no key and no rate limit holds them back.</summary>
internal sealed class HealthEndpoints(IRecommender recommender)
{
    private static readonly byte[] Live = Json.Serialize(new HealthResponse { Status = "live" }, ApiJson.Web.HealthResponse);
    private static readonly byte[] Ready = Json.Serialize(new HealthResponse { Status = "ready" }, ApiJson.Web.HealthResponse);

    public void Map(IEndpointRouteBuilder endpoints)
    {
        endpoints.Map("GET", "/health/live", GetLiveAsync, new OperationDoc(
            "getLive", "Operations", "Whether the process lives", "Answers as long as the process can answer at all. Restart it when this fails.")
        {
            IsLimited = false,
            Responses = [new ResponseDoc(200, "It lives.", typeof(HealthResponse), ExampleDoc.Of("live", new HealthResponse { Status = "live" }, ApiJson.Web.HealthResponse))],
        });
        endpoints.Map("GET", "/health/ready", GetReadyAsync, new OperationDoc(
            "getReady", "Operations", "Whether the process is ready", "Answers 200 once the process has caught up with its log after the start; 503 before. Send requests only to a process that is ready.")
        {
            IsLimited = false,
            Responses = [new ResponseDoc(200, "It is ready.", typeof(HealthResponse), ExampleDoc.Of("ready", new HealthResponse { Status = "ready" }, ApiJson.Web.HealthResponse))],
        });
    }

    private static Task GetLiveAsync(HttpContext context) => Json.WriteAsync(context, Live);

    private Task GetReadyAsync(HttpContext context) => recommender.IsReady
        ? Json.WriteAsync(context, Ready)
        : throw new ProblemException(
            ProblemType.Unavailable, "The process still reads its log. It becomes ready by itself.", retryAfter: TimeSpan.FromSeconds(1));
}
