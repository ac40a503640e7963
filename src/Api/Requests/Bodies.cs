using System.Buffers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Cinegrain.Api.Problems;
using Cinegrain.Ingest;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Cinegrain.Api.Requests;

/// <summary>Reads request bodies within a limit, and splits them into JSON objects.</summary>
internal static class Bodies
{
    public const string JsonType = "application/json";
    public const string LinesType = "application/x-ndjson";

    /// <summary>Depth of nesting that is read; deeper input is refused as malformed.</summary>
    private const int MaximumDepth = 32;

    private static ReadOnlySpan<byte> ByteOrderMark => [0xEF, 0xBB, 0xBF];

    /// <summary>True when the body is NDJSON, false when it is JSON.</summary>
    /// <exception cref="ProblemException">Neither, or no content type: a browser sends such bodies to any site without asking first.</exception>
    public static bool IsLines(HttpContext context)
    {
        if (!MediaTypeHeaderValue.TryParse(context.Request.ContentType, out var type))
        {
            throw Unsupported(context, lines: true);
        }

        var isLines = type.MediaType.Equals(LinesType, StringComparison.OrdinalIgnoreCase);
        if (!isLines && !type.MediaType.Equals(JsonType, StringComparison.OrdinalIgnoreCase))
        {
            throw Unsupported(context, lines: true);
        }

        CheckCoding(context, type);
        return isLines;
    }

    /// <summary>Reads one JSON value of a known type.</summary>
    public static async ValueTask<T> ReadAsync<T>(HttpContext context, JsonTypeInfo<T> type, int limit)
    {
        if (!MediaTypeHeaderValue.TryParse(context.Request.ContentType, out var contentType) ||
            !contentType.MediaType.Equals(JsonType, StringComparison.OrdinalIgnoreCase))
        {
            throw Unsupported(context, lines: false);
        }

        CheckCoding(context, contentType);
        var body = await ReadAsync(context, limit);
        CheckSyntax(body);
        try
        {
            return JsonSerializer.Deserialize(body, type) ?? throw new JsonException();
        }
        catch (JsonException exception)
        {
            throw TypeProblem(exception);
        }
    }

    /// <summary>What a value of the wrong type is answered with; names the field by its path and does not quote the value.</summary>
    public static string Explain(JsonException exception)
    {
        var path = exception.Path is { Length: > 1 } p && p[0] == '$' ? p[1..].TrimStart('.') : null;
        return path is { Length: <= 60 }
            ? $"The field '{path}' is missing or not of the type that the OpenAPI document names."
            : "A required field is missing or a field is not of the type that the OpenAPI document names.";
    }

    /// <summary>Reads the whole body.</summary>
    /// <exception cref="ProblemException">It is empty or larger than <paramref name="limit"/>.</exception>
    public static async ValueTask<byte[]> ReadAsync(HttpContext context, int limit)
    {
        var request = context.Request;
        if (request.ContentLength > limit)
        {
            throw TooLarge(limit);
        }

        var reader = request.BodyReader;
        while (true)
        {
            // Nothing is consumed before the end: the pipe keeps the segments, so the body is copied once.
            var result = await reader.ReadAsync(context.RequestAborted);
            var buffer = result.Buffer;
            if (buffer.Length > limit)
            {
                reader.AdvanceTo(buffer.End);
                throw TooLarge(limit);
            }

            if (!result.IsCompleted)
            {
                reader.AdvanceTo(buffer.Start, buffer.End);
                continue;
            }

            var start = buffer.Length >= 3 && buffer.Slice(0, 3).ToArray().AsSpan().SequenceEqual(ByteOrderMark) ? 3 : 0;
            var body = buffer.Slice(start).ToArray();
            reader.AdvanceTo(buffer.End);
            return body.AsSpan().ContainsAnyExcept(" \t\r\n"u8)
                ? body
                : throw new ProblemException(ProblemType.BadRequest, "The body is empty; send what the OpenAPI document names for this address.");
        }
    }

    /// <summary>The lines that are not blank, numbered from 1 as in the body.</summary>
    public static List<IntakeLine> SplitLines(byte[] body, int maximum)
    {
        var lines = new List<IntakeLine>();
        var number = 0;
        for (var start = 0; start < body.Length;)
        {
            var rest = body.AsSpan(start);
            var length = rest.IndexOf((byte)'\n');
            if (length < 0)
            {
                length = rest.Length;
            }

            number++;
            if (rest[..length].ContainsAnyExcept(" \t\r"u8))
            {
                if (lines.Count == maximum)
                {
                    throw TooMany(maximum);
                }

                lines.Add(new IntakeLine(number, body.AsMemory(start, length)));
            }

            start += length + 1;
        }

        return lines;
    }

    /// <summary>One JSON object, or the elements of an array, numbered from 1.</summary>
    /// <param name="isArray">True when the body is an array.</param>
    public static List<IntakeLine> SplitValue(byte[] body, int maximum, out bool isArray)
    {
        CheckSyntax(body);
        var reader = new Utf8JsonReader(body, new JsonReaderOptions { MaxDepth = MaximumDepth });
        reader.Read();
        isArray = reader.TokenType == JsonTokenType.StartArray;
        if (!isArray)
        {
            return reader.TokenType == JsonTokenType.StartObject
                ? [new IntakeLine(1, body)]
                : throw new ProblemException(ProblemType.BadRequest, "The body is neither a JSON object nor an array of objects; send one of them.");
        }

        var lines = new List<IntakeLine>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (lines.Count == maximum)
            {
                throw TooMany(maximum);
            }

            var start = (int)reader.TokenStartIndex;
            reader.Skip();
            lines.Add(new IntakeLine(lines.Count + 1, body.AsMemory(start, (int)reader.BytesConsumed - start)));
        }

        return lines.Count > 0
            ? lines
            : throw new ProblemException(ProblemType.BadRequest, "The array is empty; send at least one object.");
    }

    private static void CheckSyntax(byte[] body)
    {
        var reader = new Utf8JsonReader(body, new JsonReaderOptions { MaxDepth = MaximumDepth });
        try
        {
            while (reader.Read())
            {
                if (reader.TokenType is JsonTokenType.String or JsonTokenType.PropertyName && !System.Text.Unicode.Utf8.IsValid(reader.ValueSpan))
                {
                    throw new ProblemException(
                        ProblemType.MalformedJson, $"The text at byte {reader.TokenStartIndex + 1} is not valid UTF-8; send JSON in UTF-8.");
                }
            }
        }
        catch (JsonException exception)
        {
            throw new ProblemException(
                ProblemType.MalformedJson,
                reader.CurrentDepth >= MaximumDepth - 1
                    ? $"The body is nested deeper than {MaximumDepth} levels; send it flat."
                    : $"The body stops being JSON at line {exception.LineNumber + 1}, byte {exception.BytePositionInLine + 1}; correct it there.");
        }
    }

    private static void CheckCoding(HttpContext context, MediaTypeHeaderValue type)
    {
        if (type.Charset.HasValue && !type.Charset.Equals("utf-8", StringComparison.OrdinalIgnoreCase) && !type.Charset.Equals("\"utf-8\"", StringComparison.OrdinalIgnoreCase))
        {
            throw new ProblemException(ProblemType.UnsupportedMediaType, "The body must be in UTF-8; convert it and leave the charset out.");
        }

        if (context.Request.Headers.ContentEncoding.Count > 0 && !string.Equals(context.Request.Headers.ContentEncoding, "identity", StringComparison.OrdinalIgnoreCase))
        {
            throw new ProblemException(ProblemType.UnsupportedMediaType, "Compressed bodies are not taken; send the body without Content-Encoding.");
        }
    }

    private static ProblemException TypeProblem(JsonException exception) => new(ProblemType.BadRequest, Explain(exception));

    private static ProblemException Unsupported(HttpContext context, bool lines) => new(
        ProblemType.UnsupportedMediaType,
        (context.Request.ContentType is null ? "The request has no Content-Type; send the body as " : "The content type is not taken here; send the body as ") +
        (lines ? $"{JsonType} (an object or an array) or {LinesType} (an object a line)." : $"{JsonType}."));

    private static ProblemException TooLarge(int limit) => new(
        ProblemType.TooLarge, $"The body has more than {limit} bytes. {ProblemType.TooLarge.Remedy}");

    private static ProblemException TooMany(int maximum) => new(
        ProblemType.TooLarge, $"The body has more than {maximum} objects. {ProblemType.TooLarge.Remedy}");
}
