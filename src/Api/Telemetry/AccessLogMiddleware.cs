using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Cinegrain.Api.Telemetry;

/// <summary>One line a request. The template of the route stands for the path: paths hold ids.</summary>
internal sealed partial class AccessLogMiddleware(RequestDelegate next, ILoggerFactory loggers, TimeProvider time)
{
    private readonly ILogger _logger = loggers.CreateLogger("Cinegrain.Api.AccessLog");

    public async Task InvokeAsync(HttpContext context)
    {
        var start = time.GetTimestamp();
        try
        {
            await next(context);
        }
        finally
        {
            LogRequest(_logger, Method(context.Request.Method), Routes.TemplateOf(context), context.Response.StatusCode, time.GetElapsedTime(start).TotalMilliseconds);
        }
    }

    /// <summary>A method is the caller's text, too.</summary>
    private static string Method(string method) => HttpMethods.IsGet(method) || HttpMethods.IsPost(method) || HttpMethods.IsPut(method) ||
        HttpMethods.IsDelete(method) || HttpMethods.IsHead(method) || HttpMethods.IsOptions(method) || HttpMethods.IsPatch(method) ? method : "(other)";

    [LoggerMessage(Level = LogLevel.Information, Message = "{Method} {Route} {Status} {ElapsedMilliseconds:0.###} ms")]
    private static partial void LogRequest(ILogger logger, string method, string route, int status, double elapsedMilliseconds);
}
