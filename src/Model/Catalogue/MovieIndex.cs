using System.Collections.Concurrent;
using System.Text;

namespace Cinegrain.Model.Catalogue;

/// <summary>
/// Numbers the movie ids of one process, from 0 in order of first mention. The numbers mean nothing outside the process: they
/// are never stored, and nothing that is ranked or learned depends on their order. Safe for many threads.
/// </summary>
public sealed class MovieIndex
{
    private readonly ConcurrentDictionary<string, int> _handles = new(StringComparer.Ordinal);
    private readonly Lock _growth = new();
    private readonly ConcurrentDictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _bySpan;
    private volatile string[] _ids = new string[1024];
    private volatile int _count;

    public MovieIndex() => _bySpan = _handles.GetAlternateLookup<ReadOnlySpan<char>>();

    /// <summary>Number of ids known; handles are below it.</summary>
    public int Count => _count;

    /// <summary>Handle of an id; a new one when the id was not known.</summary>
    public int Handle(string id)
    {
        if (_handles.TryGetValue(id, out var handle))
        {
            return handle;
        }

        lock (_growth)
        {
            if (_handles.TryGetValue(id, out handle))
            {
                return handle;
            }

            handle = _count;
            if (handle == _ids.Length)
            {
                var larger = new string[handle * 2];
                _ids.CopyTo(larger, 0);
                _ids = larger;
            }

            _ids[handle] = id;
            _count = handle + 1;
            _handles[id] = handle;
            return handle;
        }
    }

    /// <summary>As <see cref="Handle(string)"/>, for an id in UTF-8; makes a string only of a new one.</summary>
    public int Handle(ReadOnlySpan<byte> id)
    {
        Span<char> text = stackalloc char[64];
        return Encoding.UTF8.TryGetChars(id, text, out var length) && _bySpan.TryGetValue(text[..length], out var handle)
            ? handle
            : Handle(Encoding.UTF8.GetString(id));
    }

    /// <summary>Looks an id up without adding it.</summary>
    public bool TryGetHandle(string id, out int handle) => _handles.TryGetValue(id, out handle);

    /// <summary>The id of a handle.</summary>
    public string Id(int handle) => _ids[handle];
}
