using Cinegrain.Model.Codec;
using Cinegrain.Model.Events;

namespace Cinegrain.Model.Movies;

/// <summary>
/// Which signals a movie has applied: for each user partition, its epoch, its last checkpoint L and the offsets at or above L that were
/// applied. Exact whatever the order of arrival, and bounded by the events between two checkpoints: a signal below L was in the log
/// before any signal that names L.
/// </summary>
internal sealed class SourceMarks
{
    private Mark[] _marks = [];

    /// <summary>Takes note of a signal; false when it was applied before, or is of an epoch that is over.</summary>
    /// <param name="currentEpoch">Epoch that the partition is in: a movie that is rebuilt with it must not learn what older epochs left in the log.</param>
    public bool Accept(SignalSource source, int currentEpoch)
    {
        if (source.Epoch < currentEpoch)
        {
            return false;
        }

        var place = 0;
        while (place < _marks.Length && _marks[place].Partition != source.Partition)
        {
            place++;
        }

        if (place == _marks.Length)
        {
            _marks = [.. _marks, new Mark(source.Partition, source.Epoch)];
        }

        var mark = _marks[place];
        if (source.Epoch < mark.Epoch)
        {
            return false;
        }

        if (source.Epoch > mark.Epoch)
        {
            mark = _marks[place] = new Mark(source.Partition, source.Epoch);
        }

        mark.Raise(source.Checkpoint);
        return mark.Add(source.Offset);
    }

    public void Write(StateWriter writer)
    {
        writer.Unsigned((ulong)_marks.Length);
        foreach (var mark in _marks.OrderBy(m => m.Partition))
        {
            mark.Write(writer);
        }
    }

    public static SourceMarks Read(ref StateReader reader)
    {
        var marks = new SourceMarks { _marks = new Mark[reader.Count()] };
        for (var i = 0; i < marks._marks.Length; i++)
        {
            marks._marks[i] = Mark.Read(ref reader);
        }

        return marks;
    }

    private sealed class Mark(int partition, int epoch)
    {
        // Ascending. Appended at the end nearly always, since a partition emits in the order of its offsets.
        private readonly List<long> _applied = [];
        private long _checkpoint;

        public int Partition => partition;

        public int Epoch => epoch;

        public void Raise(long checkpoint)
        {
            if (checkpoint > _checkpoint)
            {
                _checkpoint = checkpoint;
                var below = _applied.BinarySearch(checkpoint);
                _applied.RemoveRange(0, below < 0 ? ~below : below);
            }
        }

        public bool Add(long offset)
        {
            if (offset < _checkpoint)
            {
                return false;
            }

            var place = _applied.BinarySearch(offset);
            if (place >= 0)
            {
                return false;
            }

            _applied.Insert(~place, offset);
            return true;
        }

        public void Write(StateWriter writer)
        {
            writer.Unsigned((ulong)partition);
            writer.Unsigned((ulong)epoch);
            writer.Unsigned((ulong)_checkpoint);
            writer.Unsigned((ulong)_applied.Count);
            var last = _checkpoint;
            foreach (var offset in _applied)
            {
                writer.Unsigned((ulong)(offset - last));
                last = offset;
            }
        }

        public static Mark Read(ref StateReader reader)
        {
            var mark = new Mark(reader.Int32(), reader.Int32()) { _checkpoint = reader.Int64() };
            var last = mark._checkpoint;
            for (var count = reader.Count(); count > 0; count--)
            {
                var step = reader.Int64();
                last = step <= long.MaxValue - last ? last + step : throw new InvalidDataException("a stored movie is damaged: an offset is too large");
                mark._applied.Add(last);
            }

            return mark;
        }
    }
}
