using Cinegrain.Api.Problems;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Cinegrain.Api.Requests;

/// <summary>Reads and checks ids in the path.</summary>
internal static class RouteIds
{
    public const int MaximumLength = 256;

    /// <summary>Segments before the id: <c>/v1/users/{user}</c>, <c>/v1/movies/{id}</c>.</summary>
    private const int SegmentsBefore = 2;

    public static string User(HttpContext context) => Read(context, "user", "user id");

    public static string Movie(HttpContext context) => Read(context, "id", "movie id");

    private static string Read(HttpContext context, string parameter, string what)
    {
        var id = (string?)context.Request.RouteValues[parameter] ?? "";
        if (id.Contains("%2F", StringComparison.OrdinalIgnoreCase))
        {
            id = Unescape(context) ?? id.Replace("%2F", "/", StringComparison.OrdinalIgnoreCase);
        }

        if (id.Length is < 1 or > MaximumLength || Texts.HasControl(id))
        {
            throw new ProblemException(
                ProblemType.InvalidParameters,
                $"The {what} in the address is not valid; errors says why.",
                new Dictionary<string, string[]>
                {
                    [parameter] = [id.Length > MaximumLength
                        ? $"It has {id.Length} characters; a {what} has 1 to {MaximumLength}."
                        : $"A {what} has 1 to {MaximumLength} characters, none of them a control character."],
                });
        }

        return id;
    }

    /// <summary>
    /// A server decodes every escape of a path but that of the slash; whether "%2F" was a slash or an escaped "%" only the raw
    /// target tells.
    /// </summary>
    private static string? Unescape(HttpContext context)
    {
        var target = context.Features.Get<IHttpRequestFeature>()?.RawTarget;
        if (string.IsNullOrEmpty(target) || target[0] != '/')
        {
            return null;
        }

        var end = target.IndexOf('?', StringComparison.Ordinal);
        var segments = (end < 0 ? target : target[..end]).Split('/');
        var index = SegmentsBefore + 1 + context.Request.PathBase.Value!.AsSpan().Count('/');
        return index < segments.Length ? Uri.UnescapeDataString(segments[index]) : null;
    }
}
