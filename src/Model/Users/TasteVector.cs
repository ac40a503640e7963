using Cinegrain.Model.Codec;

namespace Cinegrain.Model.Users;

/// <summary>
/// Weights by name, decayed with event time: an entry is the sum of preference · e^(−age / <see cref="TimeConstantDays"/>). Kept relative
/// to the latest event; the weakest entry leaves when the vector is full.
/// </summary>
internal sealed class TasteVector(int limit)
{
    /// <summary>Time constant of the decay, in days.</summary>
    public const double TimeConstantDays = 180;

    private string[] _names = [];
    private float[] _weights = [];

    public int Count { get; private set; }

    public string Name(int index) => _names[index];

    public float Weight(int index) => _weights[index];

    /// <summary>Multiplies every weight by a factor of 0 to 1.</summary>
    public void Fade(float factor)
    {
        foreach (ref var weight in _weights.AsSpan(0, Count))
        {
            weight *= factor;
        }
    }

    /// <summary>Adds to the weight of a name.</summary>
    public void Add(string name, float amount)
    {
        for (var i = 0; i < Count; i++)
        {
            if (ReferenceEquals(_names[i], name) || string.Equals(_names[i], name, StringComparison.Ordinal))
            {
                _weights[i] += amount;
                return;
            }
        }

        if (Count < limit)
        {
            if (Count == _names.Length)
            {
                var capacity = Math.Min(limit, Count == 0 ? 4 : Count * 2);
                Array.Resize(ref _names, capacity);
                Array.Resize(ref _weights, capacity);
            }

            _names[Count] = NamePool.Get(name);
            _weights[Count++] = amount;
            return;
        }

        var weakest = 0;
        for (var i = 1; i < Count; i++)
        {
            if (Math.Abs(_weights[i]) < Math.Abs(_weights[weakest]))
            {
                weakest = i;
            }
        }

        if (Math.Abs(_weights[weakest]) < Math.Abs(amount))
        {
            _names[weakest] = NamePool.Get(name);
            _weights[weakest] = amount;
        }
    }

    /// <summary>Entries, strongest first, scaled so that the strongest has weight ±1.</summary>
    public TasteEntry[] ToEntries()
    {
        var entries = new TasteEntry[Count];
        var scale = 0f;
        for (var i = 0; i < Count; i++)
        {
            scale = Math.Max(scale, Math.Abs(_weights[i]));
        }

        for (var i = 0; i < Count; i++)
        {
            entries[i] = new TasteEntry(_names[i], scale > 0 ? Math.Round(_weights[i] / scale, 4) : 0);
        }

        Array.Sort(entries, (a, b) => a.Weight != b.Weight ? b.Weight.CompareTo(a.Weight) : string.CompareOrdinal(a.Name, b.Name));
        return entries;
    }

    public void Write(StateWriter writer)
    {
        writer.Unsigned((ulong)Count);
        for (var i = 0; i < Count; i++)
        {
            writer.String(_names[i]);
            writer.Single(_weights[i]);
        }
    }

    public static TasteVector Read(ref StateReader reader, int limit)
    {
        var count = reader.Count(limit);
        var vector = new TasteVector(limit) { Count = count, _names = new string[count], _weights = new float[count] };
        for (var i = 0; i < count; i++)
        {
            vector._names[i] = NamePool.Get(reader.String());
            vector._weights[i] = reader.Single();
        }

        return vector;
    }
}
