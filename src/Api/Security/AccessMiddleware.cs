using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Cinegrain.Api.Problems;
using Cinegrain.Api.Telemetry;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace Cinegrain.Api.Security;

/// <summary>
/// Who may call what, and how often. Without keys: everyone on this machine, by a name of this machine. With keys: by scope, and within
/// the rate limits of the address and of the key.
/// </summary>
internal sealed class AccessMiddleware(
    RequestDelegate next, ApiKeyStore keys, CinegrainApiOptions options, ApiMetrics metrics, TimeProvider time)
{
    private const string KeyHeader = "X-Api-Key";

    private readonly TokenBuckets<string> _byKey = metrics.Watch("key", new TokenBuckets<string>(options.KeyLimit, time));
    private readonly TokenBuckets<UInt128> _byAddress = metrics.Watch("address", new TokenBuckets<UInt128>(options.AddressLimit, time));

    public Task InvokeAsync(HttpContext context)
    {
        if (!keys.HasKeys)
        {
            return IsLocal(context)
                ? next(context)
                : Refuse(
                    context, ProblemType.LocalOnly,
                    "There are no API keys, so only this machine may call, by the name localhost, 127.0.0.1 or [::1]. " +
                    "To let others in, create a key: cinegrain keys create --scope admin --data DIR");
        }

        var required = context.GetEndpoint()?.Metadata.GetMetadata<RequiredScope>();
        if (required?.IsLimited != false && !_byAddress.TryTake(AddressOf(context), out var wait))
        {
            return Refuse(context, ProblemType.TooManyRequests, "Too many requests came from this address. " + ProblemType.TooManyRequests.Remedy, wait);
        }

        if (required?.Scope is not { } scope)
        {
            return next(context);
        }

        if (Authenticate(context, required) is not { } key)
        {
            context.Response.Headers.WWWAuthenticate = required.IsPage
                ? new StringValues(["Bearer", "Basic realm=\"Cinegrain: any name, and an API key as the password\", charset=\"UTF-8\""])
                : "Bearer";
            return Refuse(context, ProblemType.Unauthorized, "No valid API key came with the request. " + ProblemType.Unauthorized.Remedy);
        }

        if (!_byKey.TryTake(key.Id, out wait))
        {
            return Refuse(context, ProblemType.TooManyRequests, "Too many requests came with this key. " + ProblemType.TooManyRequests.Remedy, wait);
        }

        if (key.Scope < scope)
        {
            var name = scope.ToString().ToLowerInvariant();
            return Refuse(context, ProblemType.Forbidden, $"This needs a key with the scope {name}. Create one: cinegrain keys create --scope {name}");
        }

        context.Features.Set(new Caller(key));
        return next(context);
    }

    /// <summary>
    /// By address and by name: a page of another site that a browser on this machine shows can point a name of its own at 127.0.0.1 (DNS
    /// rebinding), but then the Host header has that name.
    /// </summary>
    private static bool IsLocal(HttpContext context)
    {
        if (context.Connection.RemoteIpAddress is { } remote && !IPAddress.IsLoopback(remote))
        {
            return false;
        }

        var host = context.Request.Host.Host;
        return host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || host is "127.0.0.1" or "[::1]" ||
            (IPAddress.TryParse(host, out var address) && IPAddress.IsLoopback(address));
    }

    private static UInt128 AddressOf(HttpContext context)
    {
        if (context.Connection.RemoteIpAddress is not { } address)
        {
            return default;
        }

        if (address.IsIPv4MappedToIPv6)
        {
            address = address.MapToIPv4();
        }

        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out _);

        // One subscriber has a whole /64 (RFC 6177).
        return address.AddressFamily == AddressFamily.InterNetworkV6
            ? new UInt128(BinaryPrimitives.ReadUInt64BigEndian(bytes), 0)
            : BinaryPrimitives.ReadUInt32BigEndian(bytes);
    }

    private ApiKeyInfo? Authenticate(HttpContext context, RequiredScope required)
    {
        var headers = context.Request.Headers;
        if (headers[KeyHeader] is [{ } header])
        {
            return keys.Verify(header.AsSpan().Trim());
        }

        if (headers.Authorization is not [{ } authorization])
        {
            return null;
        }

        if (authorization.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase))
        {
            return keys.Verify(authorization.AsSpan("Bearer ".Length).Trim());
        }

        return required.IsPage && authorization.StartsWith("Basic ", StringComparison.OrdinalIgnoreCase)
            ? VerifyBasic(authorization.AsSpan("Basic ".Length).Trim())
            : null;
    }

    private ApiKeyInfo? VerifyBasic(ReadOnlySpan<char> credentials)
    {
        Span<byte> bytes = stackalloc byte[512];
        if (credentials.Length > 600 || !Convert.TryFromBase64Chars(credentials, bytes, out var length))
        {
            return null;
        }

        var colon = bytes[..length].IndexOf((byte)':');
        return colon < 0 ? null : keys.Verify(Encoding.UTF8.GetString(bytes[(colon + 1)..length]));
    }

    private Task Refuse(HttpContext context, ProblemType type, string detail, TimeSpan? retryAfter = null)
    {
        metrics.Refused(type.Code);
        return Problems.Problems.WriteAsync(context, type, detail, retryAfter: retryAfter);
    }
}
