using Microsoft.AspNetCore.Http;

namespace Cinegrain.Api.Security;

/// <summary>Whose key a request came with.</summary>
internal sealed record Caller(ApiKeyInfo Key)
{
    /// <summary>Id of the key, or <c>local</c> when there are no keys.</summary>
    public static string Of(HttpContext context) => context.Features.Get<Caller>()?.Key.Id ?? "local";
}
