using System.Diagnostics;
using OpenTelemetry;

namespace Cinegrain.Api.Telemetry;

/// <summary>Takes paths and queries, and with them ids, out of traces before they are exported: the template of the route stands for the path.</summary>
internal sealed class TraceRedaction : BaseProcessor<Activity>
{
    private static readonly string[] Removed = ["url.query", "url.full", "http.url", "http.target"];

    /// <summary>Tags of Orleans with keys of grains, pseudonyms among them, and with messages that quote them.</summary>
    private static readonly string[] RemovedOfOrleans =
        ["orleans.rpc.target_id", "orleans.rpc.source_id", "orleans.grain.id", "exception.message", "exception.stacktrace"];

    public override void OnEnd(Activity data)
    {
        if (data.Source.Name.StartsWith("Microsoft.Orleans", StringComparison.Ordinal))
        {
            foreach (var tag in RemovedOfOrleans)
            {
                data.SetTag(tag, null);
            }

            return;
        }

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
