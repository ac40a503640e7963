using System.Buffers.Text;
using System.Text;
using Cinegrain.Api.Problems;

namespace Cinegrain.Api.Requests;

/// <summary>Opaque cursors of keyset pagination: the last key of the page before, in base64url.</summary>
internal static class Cursors
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    public static string Encode(string key) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(key));

    public static string? Decode(string? cursor)
    {
        if (cursor is null)
        {
            return null;
        }

        try
        {
            return Strict.GetString(Base64Url.DecodeFromChars(cursor));
        }
        catch (Exception exception) when (exception is FormatException or DecoderFallbackException)
        {
            throw Invalid();
        }
    }

    public static ProblemException Invalid() => new(
        ProblemType.InvalidParameters,
        "The cursor is not one of this address; errors says what to do.",
        new Dictionary<string, string[]> { ["after"] = ["Send the value of next of the page before, unchanged, or leave it out to start anew."] });
}
