using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace Cinegrain.Api.Security;

/// <summary>Headers that hold browsers back.</summary>
internal sealed class SecurityHeadersMiddleware(RequestDelegate next)
{
    /// <summary>Nothing may be loaded from an answer of the API.</summary>
    private static readonly StringValues ApiPolicy = "default-src 'none'; frame-ancestors 'none'";

    /// <summary>Pages load from here alone. Components set sizes by style attributes, hence the inline styles.</summary>
    private static readonly StringValues PagePolicy =
        "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; " +
        "connect-src 'self'; object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'";

    private static readonly StringValues NoSniff = "nosniff";
    private static readonly StringValues NoReferrer = "no-referrer";

    public Task InvokeAsync(HttpContext context)
    {
        var headers = context.Response.Headers;
        headers.XContentTypeOptions = NoSniff;
        headers["Referrer-Policy"] = NoReferrer;
        headers.ContentSecurityPolicy = context.GetEndpoint()?.Metadata.GetMetadata<RequiredScope>() is { IsPage: false } ? ApiPolicy : PagePolicy;
        return next(context);
    }
}
