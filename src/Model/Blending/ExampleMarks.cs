using Cinegrain.Model.Codec;

namespace Cinegrain.Model.Blending;

/// <summary>Offset per user partition up to which an owner took examples, so that a replay teaches nothing twice.</summary>
internal sealed class ExampleMarks
{
    private readonly SortedDictionary<int, long> _marks = [];

    /// <summary>Takes note of an example; false when it is at or below the mark of its partition.</summary>
    public bool Pass(TrainingExample example)
    {
        if (_marks.TryGetValue(example.Partition, out var mark) && example.Offset <= mark)
        {
            return false;
        }

        _marks[example.Partition] = example.Offset;
        return true;
    }

    public void Write(StateWriter writer)
    {
        writer.Unsigned((ulong)_marks.Count);
        foreach (var (partition, offset) in _marks)
        {
            writer.Unsigned((ulong)partition);
            writer.Unsigned((ulong)offset);
        }
    }

    public static ExampleMarks Read(ref StateReader reader)
    {
        var marks = new ExampleMarks();
        for (var count = reader.Count(); count > 0; count--)
        {
            marks._marks[reader.Int32()] = reader.Int64();
        }

        return marks;
    }
}
