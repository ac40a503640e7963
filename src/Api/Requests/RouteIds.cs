using Cinegrain.Api.Problems;
using Cinegrain.Ingest;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Cinegrain.Api.Requests;

/// <summary>Reads and checks ids in the path.</summary>
internal static class RouteIds
{
    public const int MaximumLength = Pseudonymizer.MaximumLength;

    /// <summary>Segments before the id: <c>/v1/users/{user}</c>, <c>/v1/movies/{id}</c>.</summary>
    private const int SegmentsBefore = 2;

    /// <summary>The user id as the caller sent it.</summary>
    /// <param name="pseudonym">Its pseudonym, which the id is checked by.</param>
    public static string User(HttpContext context, Pseudonymizer pseudonymizer, out string pseudonym)
    {
        var user = Read(context, "user");
        if (!pseudonymizer.TryPseudonym(user, out var made, out var reason))
        {
            throw Invalid("user", reason);
        }

        pseudonym = made;
        return user;
    }

    /// <summary>The movie id.</summary>
    public static string Movie(HttpContext context)
    {
        var id = Read(context, "id");
        return Fault(id) is { } fault ? throw Invalid("id", fault) : id;
    }

    /// <summary>What is wrong with a movie id, or null.</summary>
    public static string? Fault(string? id) => id is { Length: >= 1 and <= MaximumLength } && !Texts.HasControl(id) && !char.IsWhiteSpace(id[0]) && !char.IsWhiteSpace(id[^1])
        ? null
        : $"A movie id has 1 to {MaximumLength} characters, none of them a control character, and no space at its ends.";

    private static ProblemException Invalid(string parameter, string fault) => new(
        ProblemType.InvalidParameters, "The id in the address is not valid; errors says why.", new Dictionary<string, string[]> { [parameter] = [fault] });

    private static string Read(HttpContext context, string parameter)
    {
        var id = (string?)context.Request.RouteValues[parameter] ?? "";
        return id.Contains("%2F", StringComparison.OrdinalIgnoreCase)
            ? Unescape(context) ?? id.Replace("%2F", "/", StringComparison.OrdinalIgnoreCase)
            : id;
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
