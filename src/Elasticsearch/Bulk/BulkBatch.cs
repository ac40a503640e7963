using System.Buffers;
using System.Text.Json;

namespace Cinegrain.Elasticsearch;

/// <summary>The lines of one bulk request, and where each document's are. Not safe for several threads.</summary>
internal sealed class BulkBatch : IDisposable
{
    private readonly ArrayBufferWriter<byte> _buffer;
    private readonly Utf8JsonWriter _json;
    private readonly List<(int Start, int Length)> _items = [];
    private int _start;

    public BulkBatch(int capacity = 64 * 1024)
    {
        _buffer = new ArrayBufferWriter<byte>(capacity);

        // The writer does not see the line breaks between its documents, so it cannot check that there is one.
        _json = new Utf8JsonWriter(_buffer, new JsonWriterOptions { SkipValidation = true, Encoder = JsonText.Encoder });
    }

    public int Count => _items.Count;

    public int Bytes => _buffer.WrittenCount;

    public ReadOnlyMemory<byte> Body => _buffer.WrittenMemory;

    /// <summary>Begins a document: the action that indexes it. Write the document to the writer, then call <see cref="End"/>.</summary>
    /// <param name="version">External version, or −1 for none: with it a document is written only over an older one.</param>
    /// <param name="requireAlias">Refuse the document when the index is gone, instead of making one that nobody described.</param>
    public Utf8JsonWriter Begin(string index, string? id, long version = -1, bool requireAlias = false)
    {
        _start = _buffer.WrittenCount;
        _json.Reset();
        _json.WriteStartObject();
        _json.WriteStartObject("index"u8);
        _json.WriteString("_index"u8, index);
        if (id is not null)
        {
            _json.WriteString("_id"u8, id);
        }

        if (version >= 0)
        {
            _json.WriteNumber("version"u8, version);
            _json.WriteString("version_type"u8, "external"u8);
        }

        if (requireAlias)
        {
            _json.WriteBoolean("require_alias"u8, true);
        }

        _json.WriteEndObject();
        _json.WriteEndObject();
        NewLine();
        return _json;
    }

    /// <summary>Ends the document.</summary>
    public void End()
    {
        NewLine();
        _items.Add((_start, _buffer.WrittenCount - _start));
    }

    /// <summary>Takes a document of another batch over, as it is.</summary>
    public void Copy(BulkBatch other, int item)
    {
        var (start, length) = other._items[item];
        _start = _buffer.WrittenCount;
        _buffer.Write(other._buffer.WrittenSpan.Slice(start, length));
        _items.Add((_start, length));
    }

    public void Clear()
    {
        _buffer.ResetWrittenCount();
        _items.Clear();
    }

    public void Dispose() => _json.Dispose();

    private void NewLine()
    {
        _json.Flush();
        _buffer.GetSpan(1)[0] = (byte)'\n';
        _buffer.Advance(1);
        _json.Reset();
    }
}
