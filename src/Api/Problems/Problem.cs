using System.Diagnostics;
using System.Text.Json.Serialization;
using Cinegrain.Api.Requests;
using Cinegrain.Ingest;
using Microsoft.AspNetCore.Http;

namespace Cinegrain.Api.Problems;

/// <summary>Body of every error: RFC 9457 problem details with the extensions that this API uses.</summary>
internal sealed record Problem
{
    /// <summary>URI of the kind of problem; stable.</summary>
    public required string Type { get; init; }

    /// <summary>The kind in a few words.</summary>
    public required string Title { get; init; }

    /// <summary>HTTP status, the same as of the response.</summary>
    public required int Status { get; init; }

    /// <summary>What is wrong here and what would be right.</summary>
    public required string Detail { get; init; }

    /// <summary>By parameter or field: what is wrong with it. Only of <c>invalid-parameters</c>.</summary>
    public IReadOnlyDictionary<string, string[]>? Errors { get; init; }

    /// <summary>Code of the first refused line. Only of <c>rejected</c>.</summary>
    public string? Reason { get; init; }

    /// <summary>Lines refused. Only of <c>rejected</c>.</summary>
    public IReadOnlyList<RejectedLine>? Rejected { get; init; }

    /// <summary>Names this request in the server's log and traces.</summary>
    public string? TraceId { get; init; }
}

/// <summary>The one place that answers with a problem.</summary>
internal static class Problems
{
    public const string ContentType = "application/problem+json";

    public static Task WriteAsync(
        HttpContext context,
        ProblemType type,
        string detail,
        IReadOnlyDictionary<string, string[]>? errors = null,
        IReadOnlyList<RejectedLine>? rejected = null,
        TimeSpan? retryAfter = null)
    {
        var response = context.Response;
        var status = type.Status == 0 ? response.StatusCode : type.Status;
        response.StatusCode = status;
        response.Headers.CacheControl = "no-store";
        response.Headers.ETag = default;
        if (retryAfter is { } wait)
        {
            response.Headers.RetryAfter = Math.Clamp((long)Math.Ceiling(wait.TotalSeconds), 1, 3600).ToString();
        }

        var problem = new Problem
        {
            Type = type.Uri,
            Title = type.Title,
            Status = status,
            Detail = detail,
            Errors = errors,
            Reason = rejected is { Count: > 0 } ? rejected[0].Reason : null,
            Rejected = rejected,
            TraceId = Activity.Current?.TraceId.ToString() ?? context.TraceIdentifier,
        };
        return Json.WriteAsync(context, problem, ApiJson.Web.Problem, ContentType);
    }
}
