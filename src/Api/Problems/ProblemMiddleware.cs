using System.Diagnostics;
using Cinegrain.Api.Telemetry;
using Cinegrain.Model.Ports;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Cinegrain.Api.Problems;

/// <summary>Turns exceptions, and error statuses without a body, into problems. Nothing of an exception reaches the caller.</summary>
internal sealed partial class ProblemMiddleware(RequestDelegate next, ILogger<ProblemMiddleware> logger)
{
    public async Task InvokeAsync(HttpContext context)
    {
        try
        {
            await next(context);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The caller went away: nobody reads an answer.
            return;
        }
        catch (Exception exception) when (!context.Response.HasStarted)
        {
            await AnswerAsync(context, exception);
            return;
        }
        catch (Exception exception)
        {
            // Too late for an answer: cut the connection, so that the caller does not take the rest for whole.
            LogFailure(logger, context.Request.Method, Routes.TemplateOf(context), context.TraceIdentifier, Describe(exception));
            context.Abort();
            return;
        }

        var response = context.Response;
        if (response.StatusCode >= 400 && !response.HasStarted && response.ContentType is null && response.ContentLength is null or 0)
        {
            var (type, detail) = ProblemType.ForStatus(response.StatusCode);
            await Problems.WriteAsync(context, type, detail);
        }
    }

    private Task AnswerAsync(HttpContext context, Exception exception)
    {
        // Headers that the failed handler set must not go out with the problem; those of the edge are set again below by OnStarting.
        var allow = context.Response.Headers.Allow;
        switch (exception)
        {
            case ProblemException problem:
                return Problems.WriteAsync(context, problem.Type, problem.Message, problem.Errors, retryAfter: problem.RetryAfter);
            case UnavailableException unavailable:
                return Problems.WriteAsync(
                    context, ProblemType.Unavailable, "The server cannot take or answer this now. Nothing was lost; try again later.",
                    retryAfter: unavailable.RetryAfter);
            case BadHttpRequestException bad:
                context.Response.StatusCode = bad.StatusCode;
                context.Response.Headers.Allow = allow;
                var (type, detail) = ProblemType.ForStatus(bad.StatusCode);
                return Problems.WriteAsync(context, type, detail);
            default:
                LogFailure(logger, context.Request.Method, Routes.TemplateOf(context), context.TraceIdentifier, Describe(exception));
                return Problems.WriteAsync(context, ProblemType.Internal, "The server failed. " + ProblemType.Internal.Remedy);
        }
    }

    /// <summary>Types and stack traces, without messages: those may quote ids.</summary>
    private static string Describe(Exception exception)
    {
        var text = new System.Text.StringBuilder();
        for (Exception? e = exception; e is not null; e = e.InnerException)
        {
            text.Append(e.GetType().FullName).Append('\n').Append(new StackTrace(e, fNeedFileInfo: true));
        }

        return text.ToString();
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "{Method} {Route} failed ({TraceId}): {Failure}")]
    private static partial void LogFailure(ILogger logger, string method, string route, string traceId, string failure);
}

/// <summary>Ends a request with a problem.</summary>
internal sealed class ProblemException(
    ProblemType type, string detail, IReadOnlyDictionary<string, string[]>? errors = null, TimeSpan? retryAfter = null) : Exception(detail)
{
    public ProblemType Type { get; } = type;

    public IReadOnlyDictionary<string, string[]>? Errors { get; } = errors;

    public TimeSpan? RetryAfter { get; } = retryAfter;
}
