using System.Buffers;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Cinegrain.Ingest;

/// <summary>Writes interactions in the form that the intake takes.</summary>
internal static class InteractionJson
{
    [ThreadStatic]
    private static (ArrayBufferWriter<byte> Buffer, Utf8JsonWriter Writer)? s_json;

    /// <param name="at">Unix seconds or milliseconds, or null for now.</param>
    public static byte[] Write(string user, string movie, string kind, double? value, long? at)
    {
        var (buffer, writer) = Start();
        writer.WriteString("user"u8, user);
        writer.WriteString("movie"u8, movie);
        writer.WriteString("kind"u8, kind);
        if (value is { } number)
        {
            writer.WriteNumber("value"u8, number);
        }

        if (at is { } time)
        {
            writer.WriteNumber("at"u8, time);
        }

        return End(buffer, writer);
    }

    /// <summary>Writes texts as they stand; empty ones are left out, and a value or time that is a finite number becomes one.</summary>
    public static byte[] WriteTexts(ReadOnlySpan<(string Name, string Text)> fields)
    {
        var (buffer, writer) = Start();
        foreach (var (name, text) in fields)
        {
            if (string.IsNullOrWhiteSpace(text))
            {
                continue;
            }

            if (name is "value" or "at"
                && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number))
            {
                writer.WriteNumber(name, number);
            }
            else
            {
                writer.WriteString(name, text);
            }
        }

        return End(buffer, writer);
    }

    private static (ArrayBufferWriter<byte> Buffer, Utf8JsonWriter Writer) Start()
    {
        if (s_json is not { } json)
        {
            var made = new ArrayBufferWriter<byte>(256);
            s_json = json = (made, new Utf8JsonWriter(made, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }));
        }

        json.Buffer.ResetWrittenCount();
        json.Writer.Reset();
        json.Writer.WriteStartObject();
        return json;
    }

    private static byte[] End(ArrayBufferWriter<byte> buffer, Utf8JsonWriter writer)
    {
        writer.WriteEndObject();
        writer.Flush();
        return buffer.WrittenSpan.ToArray();
    }
}
