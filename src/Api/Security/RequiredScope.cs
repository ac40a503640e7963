using Microsoft.AspNetCore.Builder;

namespace Cinegrain.Api.Security;

/// <summary>Metadata of an endpoint: who may call it once there are keys.</summary>
/// <param name="Scope">Scope that the key needs; null: no key is needed.</param>
/// <param name="IsPage">True for pages: a browser may send the key as the password of HTTP Basic, and is asked for it.</param>
/// <param name="IsLimited">False for probes, which no rate limit holds back.</param>
internal sealed record RequiredScope(ApiScope? Scope, bool IsPage = false, bool IsLimited = true);

/// <summary>Protects endpoints that are not part of the REST API.</summary>
public static class PageProtection
{
    /// <summary>
    /// Once there are keys, the endpoints need one with this scope. A browser asks its user for it: any name, and the key as the
    /// password (HTTP Basic). Without keys nothing changes.
    /// </summary>
    public static TBuilder RequireKeyOfBrowser<TBuilder>(this TBuilder builder, ApiScope scope)
        where TBuilder : IEndpointConventionBuilder
    {
        builder.Add(endpoint => endpoint.Metadata.Add(new RequiredScope(scope, IsPage: true)));
        return builder;
    }
}
