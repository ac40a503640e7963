using System.Text.Encodings.Web;
using System.Text.Json;

namespace Cinegrain.Elasticsearch;

/// <summary>How JSON is written: letters of every script as they are.</summary>
internal static class JsonText
{
    public static JavaScriptEncoder Encoder => JavaScriptEncoder.UnsafeRelaxedJsonEscaping;

    /// <summary>A text as a JSON string, quotes included.</summary>
    public static string Quote(string text) => $"\"{JsonEncodedText.Encode(text, Encoder)}\"";
}
