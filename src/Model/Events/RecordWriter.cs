using System.Buffers;
using System.Text.Json;

namespace Cinegrain.Model.Events;

/// <summary>Writes the two kinds of record that nearly all of a log are, byte for byte as <see cref="WireFormat"/> writes them, without its way by the metadata of each property.</summary>
internal static class RecordWriter
{
    [ThreadStatic]
    private static (ArrayBufferWriter<byte> Bytes, Utf8JsonWriter Json)? _writer;

    /// <exception cref="ArgumentException">A number of it is none.</exception>
    public static byte[] Interaction(Interaction interaction)
    {
        var (bytes, json) = Begin("interaction"u8);
        json.WriteString("movie"u8, interaction.Movie);
        Write(json, interaction.Kind);
        if (interaction.Value is { } value)
        {
            json.WriteNumber("value"u8, value);
        }

        json.WriteNumber("preference"u8, interaction.Preference);
        json.WriteBoolean("idempotent"u8, interaction.Idempotent);
        Write(json, "genres"u8, interaction.Genres);
        if (interaction.Year is { } year)
        {
            json.WriteNumber("year"u8, year);
        }

        if (interaction.Language is { } language)
        {
            json.WriteString("language"u8, language);
        }

        Write(json, "people"u8, interaction.People);
        json.WriteNumber("v"u8, interaction.SchemaVersion);
        json.WriteString("id"u8, interaction.Id);
        json.WriteString("user"u8, interaction.User);
        json.WriteString("at"u8, interaction.At);
        return End(bytes, json);
    }

    /// <inheritdoc cref="Interaction"/>
    public static byte[] Signal(Signal signal)
    {
        var (bytes, json) = Begin("signal"u8);
        json.WriteString("at"u8, signal.At);
        Write(json, signal.Kind);
        json.WriteNumber("preference"u8, signal.Preference);
        Write(json, "context"u8, signal.Context);
        json.WriteStartArray("secondsBefore"u8);
        foreach (var seconds in signal.SecondsBefore)
        {
            json.WriteNumberValue(seconds);
        }

        json.WriteEndArray();
        json.WriteNumber("likedBefore"u8, signal.LikedBefore);
        json.WriteNumber("history"u8, signal.History);
        json.WriteStartObject("source"u8);
        json.WriteNumber("epoch"u8, signal.Source.Epoch);
        json.WriteNumber("partition"u8, signal.Source.Partition);
        json.WriteNumber("offset"u8, signal.Source.Offset);
        json.WriteNumber("checkpoint"u8, signal.Source.Checkpoint);
        json.WriteEndObject();
        json.WriteNumber("v"u8, signal.SchemaVersion);
        json.WriteString("movie"u8, signal.Movie);
        return End(bytes, json);
    }

    private static (ArrayBufferWriter<byte> Bytes, Utf8JsonWriter Json) Begin(ReadOnlySpan<byte> kind)
    {
        if (_writer is not { } writer)
        {
            var made = new ArrayBufferWriter<byte>(1024);
            _writer = writer = (made, new Utf8JsonWriter(made, new JsonWriterOptions { SkipValidation = true }));
        }

        // What a record that could not be written has left goes with it.
        writer.Bytes.ResetWrittenCount();
        writer.Json.Reset();
        writer.Json.WriteStartObject();
        writer.Json.WriteString("type"u8, kind);
        return writer;
    }

    private static byte[] End(ArrayBufferWriter<byte> bytes, Utf8JsonWriter json)
    {
        json.WriteEndObject();
        json.Flush();
        return bytes.WrittenSpan.ToArray();
    }

    private static void Write(Utf8JsonWriter json, InteractionKind kind)
    {
        if (LogRecords.NameOf(kind) is { IsEmpty: false } name)
        {
            json.WriteString("kind"u8, name);
        }
        else
        {
            json.WriteNumber("kind"u8, (int)kind);
        }
    }

    private static void Write(Utf8JsonWriter json, ReadOnlySpan<byte> name, IReadOnlyList<string> values)
    {
        json.WriteStartArray(name);
        for (var i = 0; i < values.Count; i++)
        {
            json.WriteStringValue(values[i]);
        }

        json.WriteEndArray();
    }
}
