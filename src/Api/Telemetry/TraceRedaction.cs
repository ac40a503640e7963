using System.Diagnostics;
using OpenTelemetry;

namespace Cinegrain.Api.Telemetry;

/// <summary>Takes paths and queries, and with them ids, out of traces before they are exported: the template of the route stands for the path.</summary>
internal sealed class TraceRedaction : BaseProcessor<Activity>
{
    private static readonly string[] Removed = ["url.query", "url.full", "http.url", "http.target"];

    public override void OnEnd(Activity data)
    {
        if (data.Kind != ActivityKind.Server)
        {
            return;
        }

        var route = data.GetTagItem("http.route") as string;
        data.SetTag("url.path", route ?? Routes.Unmatched);
        foreach (var tag in Removed)
        {
            data.SetTag(tag, null);
        }

        if (route is null)
        {
            // Without a route the name may be made of the path.
            data.DisplayName = data.GetTagItem("http.request.method") as string ?? "HTTP";
        }
    }
}
