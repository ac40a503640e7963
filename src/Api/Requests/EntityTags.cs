using System.Buffers.Text;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;

namespace Cinegrain.Api.Requests;

/// <summary>Entity tags (RFC 9110, section 8.8.3).</summary>
internal static class EntityTags
{
    /// <summary>A strong tag: the first 12 bytes of the SHA-256 of the body.</summary>
    public static string Of(ReadOnlySpan<byte> body)
    {
        Span<byte> hash = stackalloc byte[32];
        SHA256.HashData(body, hash);
        Span<char> tag = stackalloc char[18];
        tag[0] = tag[17] = '"';
        Base64Url.EncodeToChars(hash[..12], tag[1..17]);
        return new string(tag);
    }

    /// <summary>True when If-None-Match names the tag, so that 304 answers the request.</summary>
    public static bool IsKnown(HttpRequest request, string tag)
    {
        var header = request.Headers.IfNoneMatch;
        for (var i = 0; i < header.Count; i++)
        {
            var value = header[i].AsSpan();
            foreach (var range in value.Split(','))
            {
                var candidate = value[range].Trim();
                if (candidate.StartsWith("W/", StringComparison.Ordinal))
                {
                    // Weak comparison (RFC 9110, section 13.1.2).
                    candidate = candidate[2..];
                }

                if (candidate is "*" || candidate.SequenceEqual(tag))
                {
                    return true;
                }
            }
        }

        return false;
    }
}
