using System.Globalization;
using System.Text;
using Cinegrain.Model.Ports;

namespace Cinegrain.Ingest;

/// <summary>
/// A position over partitions of <see cref="Topics.Interactions"/>, opaque to callers: for each partition the version that includes
/// a write, which is its offset plus one. As text: <c>3-1235.7-99</c>, partitions ascending; empty when it covers nothing.
/// </summary>
public sealed class LogPositions
{
    /// <summary>Most partitions that a text may name.</summary>
    public const int MaximumPartitions = 4096;

    private const int MaximumTextLength = MaximumPartitions * 31;

    private readonly SortedList<int, long> _versions;

    private LogPositions(SortedList<int, long> versions) => _versions = versions;

    /// <summary>The position that covers all of the given records.</summary>
    public static LogPositions Of(IEnumerable<LogPosition> records)
    {
        ArgumentNullException.ThrowIfNull(records);
        var versions = new SortedList<int, long>();
        foreach (var record in records)
        {
            Include(versions, record);
        }

        return new LogPositions(versions);
    }

    /// <summary>The text of the position that covers one record.</summary>
    public static string Format(LogPosition record) => Of([record]).ToString();

    /// <summary>Reads the text that <see cref="ToString"/> makes.</summary>
    /// <exception cref="FormatException">Not such a text.</exception>
    public static LogPositions Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return TryParse(text, out var positions)
            ? positions
            : throw new FormatException("not a position of this log; pass on what an answer gave as position or modelPosition, unchanged");
    }

    /// <summary>Like <see cref="Parse"/>; false when the text is not a position.</summary>
    public static bool TryParse(string? text, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out LogPositions? positions)
    {
        positions = null;
        if (text is null || text.Length > MaximumTextLength)
        {
            return false;
        }

        var versions = new SortedList<int, long>();
        if (text.Length > 0)
        {
            foreach (var range in text.AsSpan().Split('.'))
            {
                var pair = text.AsSpan()[range];
                var dash = pair.IndexOf('-');
                if (dash < 1 || versions.Count == MaximumPartitions
                    || !int.TryParse(pair[..dash], NumberStyles.None, CultureInfo.InvariantCulture, out var partition)
                    || !long.TryParse(pair[(dash + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var version)
                    || version < 1
                    || !versions.TryAdd(partition, version))
                {
                    return false;
                }
            }
        }

        positions = new LogPositions(versions);
        return true;
    }

    /// <summary>The version of the partition that includes the write, or null when the position says nothing of the partition.</summary>
    public long? ForPartition(int partition) => _versions.TryGetValue(partition, out var version) ? version : null;

    /// <summary>The partitions covered, ascending, each with the version that includes the write.</summary>
    public IEnumerable<KeyValuePair<int, long>> Partitions => _versions;

    /// <summary>The text that <see cref="Parse"/> reads.</summary>
    public override string ToString()
    {
        var text = new StringBuilder(_versions.Count * 12);
        foreach (var (partition, version) in _versions)
        {
            if (text.Length > 0)
            {
                text.Append('.');
            }

            text.Append(CultureInfo.InvariantCulture, $"{partition}-{version}");
        }

        return text.ToString();
    }

    private static void Include(SortedList<int, long> versions, LogPosition record)
    {
        var version = record.Offset + 1;
        if (!versions.TryGetValue(record.Partition, out var known) || known < version)
        {
            versions[record.Partition] = version;
        }
    }
}
