using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Cinegrain.Api.Telemetry;

/// <summary>What stands for a path in logs and traces: its template, never the path, which may hold a user id.</summary>
internal static class Routes
{
    public const string Unmatched = "(unmatched)";

    public static string TemplateOf(HttpContext context) =>
        (context.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText ?? Unmatched;
}
