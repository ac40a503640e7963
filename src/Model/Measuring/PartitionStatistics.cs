using Cinegrain.Model.Codec;
using Cinegrain.Model.Events;

namespace Cinegrain.Model.Measuring;

/// <summary>Sums of test-then-learn over a span of arrival time.</summary>
public readonly record struct QualitySums(
    long Tested, long Hits, double Gain, double GainSquares, long PopularityHits, double PopularityGain)
{
    /// <summary>With one more test.</summary>
    public QualitySums With(TestOutcome test) => new(
        Tested + 1,
        Hits + TestOutcome.Hit(test.Rank),
        Gain + TestOutcome.Gain(test.Rank),
        GainSquares + (TestOutcome.Gain(test.Rank) * TestOutcome.Gain(test.Rank)),
        PopularityHits + TestOutcome.Hit(test.PopularityRank),
        PopularityGain + TestOutcome.Gain(test.PopularityRank));

    /// <summary>The sums of two spans together.</summary>
    public static QualitySums operator +(QualitySums a, QualitySums b) => new(
        a.Tested + b.Tested,
        a.Hits + b.Hits,
        a.Gain + b.Gain,
        a.GainSquares + b.GainSquares,
        a.PopularityHits + b.PopularityHits,
        a.PopularityGain + b.PopularityGain);
}

/// <summary>
/// Sums over the records of one user partition. Stored with the partition's checkpoint, so each event counts once, whatever crashes. Time
/// series by arrival use the time that the log gave each record, so a replay fills the same places.
/// </summary>
public sealed class PartitionStatistics
{
    private const byte Format = 2;
    private const int Minutes = 180, Hours = 24 * 14;

    private readonly long[] _kinds = new long[Enum.GetValues<InteractionKind>().Length];
    private readonly long[] _ratings = new long[10];
    private readonly SortedDictionary<int, long> _months = [];
    private readonly SortedDictionary<long, long> _minutes = [];
    private readonly SortedDictionary<long, QualitySums> _qualityMinutes = [];
    private readonly SortedDictionary<long, QualitySums>[] _qualityHours =
        [.. Enum.GetValues<ModelVariant>().Select(_ => new SortedDictionary<long, QualitySums>())];

    /// <summary>Users met.</summary>
    public long Users { get; private set; }

    /// <summary>Interactions applied.</summary>
    public long Interactions { get; private set; }

    /// <summary>Test-then-learn over everything.</summary>
    public QualitySums Quality { get; private set; }

    /// <summary>Interactions by kind.</summary>
    public IReadOnlyList<long> Kinds => _kinds;

    /// <summary>Ratings by half star, 0.5 to 5.</summary>
    public IReadOnlyList<long> Ratings => _ratings;

    /// <summary>Interactions by month of event time; key = 12 · year + month − 1.</summary>
    public IReadOnlyDictionary<int, long> Months => _months;

    /// <summary>Interactions by minute of arrival (Unix minutes), the last three hours that had any.</summary>
    public IReadOnlyDictionary<long, long> ArrivalMinutes => _minutes;

    /// <summary>Quality by minute of arrival (Unix minutes), the last three hours.</summary>
    public IReadOnlyDictionary<long, QualitySums> QualityMinutes => _qualityMinutes;

    /// <summary>Quality of a variant by hour of arrival (Unix hours), the last two weeks that had tests.</summary>
    public IReadOnlyDictionary<long, QualitySums> QualityHours(ModelVariant variant) => _qualityHours[(int)variant];

    /// <summary>Counts a user met for the first time.</summary>
    public void CountUser() => Users++;

    /// <summary>Counts an interaction.</summary>
    /// <param name="arrivedMs">Arrival in the log, Unix milliseconds.</param>
    public void Count(Interaction interaction, long arrivedMs)
    {
        Interactions++;
        _kinds[(int)interaction.Kind]++;
        if (interaction is { Kind: InteractionKind.Rate, Value: { } stars })
        {
            _ratings[Math.Clamp((int)Math.Round(stars * 2) - 1, 0, 9)]++;
        }

        var at = interaction.At.UtcDateTime;
        Add(_months, (at.Year * 12) + at.Month - 1);
        Add(_minutes, arrivedMs / 60_000);
        Bound(_minutes, Minutes);
    }

    /// <summary>Counts a test.</summary>
    public void Count(TestOutcome test, long arrivedMs)
    {
        Quality = Quality.With(test);
        Add(_qualityMinutes, arrivedMs / 60_000, test, Minutes);
        Add(_qualityHours[(int)test.Variant], arrivedMs / 3_600_000, test, Hours);
    }

    /// <summary>Adds the sums of other records.</summary>
    public void Add(PartitionStatistics other)
    {
        Users += other.Users;
        Interactions += other.Interactions;
        Quality += other.Quality;
        Add(_kinds, other._kinds);
        Add(_ratings, other._ratings);
        Add(_months, other._months, int.MaxValue, static (a, b) => a + b);
        Add(_minutes, other._minutes, Minutes, static (a, b) => a + b);
        Add(_qualityMinutes, other._qualityMinutes, Minutes, static (a, b) => a + b);
        foreach (var (hours, others) in _qualityHours.Zip(other._qualityHours))
        {
            Add(hours, others, Hours, static (a, b) => a + b);
        }
    }

    /// <summary>The sums as bytes.</summary>
    public byte[] ToBytes()
    {
        var writer = StateWriter.Begin();
        writer.Byte(Format);
        writer.Unsigned((ulong)Users);
        writer.Unsigned((ulong)Interactions);
        WriteQuality(writer, Quality);
        foreach (var value in _kinds.Concat(_ratings))
        {
            writer.Unsigned((ulong)value);
        }

        writer.Unsigned((ulong)_months.Count);
        foreach (var (month, count) in _months)
        {
            writer.Unsigned((ulong)month);
            writer.Unsigned((ulong)count);
        }

        writer.Unsigned((ulong)_minutes.Count);
        foreach (var (minute, count) in _minutes)
        {
            writer.Unsigned((ulong)minute);
            writer.Unsigned((ulong)count);
        }

        foreach (var series in _qualityHours.Prepend(_qualityMinutes))
        {
            writer.Unsigned((ulong)series.Count);
            foreach (var (time, sums) in series)
            {
                writer.Unsigned((ulong)time);
                WriteQuality(writer, sums);
            }
        }

        return writer.ToArray();
    }

    /// <summary>Reads sums back; no bytes are sums of nothing.</summary>
    /// <exception cref="InvalidDataException">The bytes are damaged or of a newer format.</exception>
    public static PartitionStatistics FromBytes(ReadOnlySpan<byte> bytes)
    {
        var statistics = new PartitionStatistics();
        if (bytes.IsEmpty)
        {
            return statistics;
        }

        var reader = new StateReader(bytes);
        if (reader.Byte() != Format)
        {
            throw new InvalidDataException("the stored statistics are of another format: run the version of Cinegrain that wrote them, or a newer one");
        }

        statistics.Users = reader.Int64();
        statistics.Interactions = reader.Int64();
        statistics.Quality = ReadQuality(ref reader);
        foreach (var values in new[] { statistics._kinds, statistics._ratings })
        {
            foreach (ref var value in values.AsSpan())
            {
                value = reader.Int64();
            }
        }

        for (var count = reader.Count(); count > 0; count--)
        {
            statistics._months[reader.Int32()] = reader.Int64();
        }

        for (var count = reader.Count(); count > 0; count--)
        {
            statistics._minutes[reader.Int64()] = reader.Int64();
        }

        foreach (var series in statistics._qualityHours.Prepend(statistics._qualityMinutes))
        {
            for (var count = reader.Count(); count > 0; count--)
            {
                series[reader.Int64()] = ReadQuality(ref reader);
            }
        }

        reader.End();
        return statistics;
    }

    private static void Add(long[] into, long[] from)
    {
        for (var i = 0; i < into.Length; i++)
        {
            into[i] += from[i];
        }
    }

    private static void Add<TKey, TValue>(
        SortedDictionary<TKey, TValue> into, SortedDictionary<TKey, TValue> from, int bound, Func<TValue, TValue, TValue> add)
        where TKey : notnull
    {
        foreach (var (key, value) in from)
        {
            into[key] = into.TryGetValue(key, out var known) ? add(known, value) : value;
        }

        while (into.Count > bound)
        {
            into.Remove(into.First().Key);
        }
    }

    private static void Add<TKey>(SortedDictionary<TKey, long> series, TKey key)
        where TKey : notnull => series[key] = series.GetValueOrDefault(key) + 1;

    private static void Add(SortedDictionary<long, QualitySums> series, long time, TestOutcome test, int bound)
    {
        series[time] = series.GetValueOrDefault(time).With(test);
        Bound(series, bound);
    }

    private static void Bound<TValue>(SortedDictionary<long, TValue> series, int bound)
    {
        if (series.Count > bound)
        {
            series.Remove(series.First().Key);
        }
    }

    private static void WriteQuality(StateWriter writer, QualitySums sums)
    {
        writer.Unsigned((ulong)sums.Tested);
        writer.Unsigned((ulong)sums.Hits);
        writer.Double(sums.Gain);
        writer.Double(sums.GainSquares);
        writer.Unsigned((ulong)sums.PopularityHits);
        writer.Double(sums.PopularityGain);
    }

    private static QualitySums ReadQuality(ref StateReader reader) => new(
        reader.Int64(), reader.Int64(), reader.Double(), reader.Double(), reader.Int64(), reader.Double());
}
