using Cinegrain.Model.Events;
using Cinegrain.Model.Measuring;
using FsCheck.Xunit;

namespace Cinegrain.Model.Tests.Measuring;

[Properties(Arbitrary = [typeof(Generators)], MaxTest = 50)]
public sealed class PartitionStatisticsTests
{
    private const long Minute = 60_000;

    [Property]
    public void FromBytes_OfToBytes_IsEqual(UserLog log, int seed)
    {
        var statistics = new PartitionStatistics();
        var random = new Random(seed);
        statistics.CountUser();
        foreach (var interaction in log.Records.OfType<Interaction>())
        {
            statistics.Count(interaction, random.NextInt64(10_000 * Minute));
            statistics.Count(new TestOutcome(random.Next(20), random.Next(20)), random.NextInt64(10_000 * Minute));
        }

        var bytes = statistics.ToBytes();
        var restored = PartitionStatistics.FromBytes(bytes);
        Assert.Equal(bytes, restored.ToBytes());
        Assert.Equivalent(statistics, restored, strict: true);
        Assert.All(Enumerable.Range(1, bytes.Length - 1), length =>
            Assert.Throws<InvalidDataException>(() => PartitionStatistics.FromBytes(bytes.AsSpan(0, length))));
    }

    [Fact]
    public void FromBytes_OfNoBytes_IsNothing() => Assert.Equal(0, PartitionStatistics.FromBytes([]).Interactions);

    [Fact]
    public void Count_OfInteractions_SumsByKindStarsMonthAndMinute()
    {
        var statistics = new PartitionStatistics();
        statistics.Count(Make.Interaction("m1", 0, InteractionKind.Rate, 0.5), 5 * Minute);
        statistics.Count(Make.Interaction("m2", 0, InteractionKind.Rate, 5), (5 * Minute) + 59_999);
        statistics.Count(Make.Interaction("m3", 31 * 86400, InteractionKind.Like), 6 * Minute);
        Assert.Equal(3, statistics.Interactions);
        Assert.Equal((2, 1), (statistics.Kinds[(int)InteractionKind.Rate], statistics.Kinds[(int)InteractionKind.Like]));
        Assert.Equal([1, 0, 0, 0, 0, 0, 0, 0, 0, 1], statistics.Ratings);
        Assert.Equal([(2020 * 12, 2L), ((2020 * 12) + 1, 1L)], statistics.Months.Select(m => (m.Key, m.Value)));
        Assert.Equal([(5L, 2L), (6L, 1L)], statistics.ArrivalMinutes.Select(m => (m.Key, m.Value)));
    }

    [Fact]
    public void Count_OverLongTimes_KeepsTheLatestOfEachSeries()
    {
        var statistics = new PartitionStatistics();
        for (var minute = 0; minute < 30_000; minute += 7)
        {
            statistics.Count(Make.Interaction("m"), minute * Minute);
            statistics.Count(new TestOutcome(0, 99), minute * Minute);
        }

        Assert.Equal((180, 180, 24 * 14), (statistics.ArrivalMinutes.Count, statistics.QualityMinutes.Count, statistics.QualityHours(ModelVariant.Stage2).Count));
        Assert.Equal(29_995, statistics.ArrivalMinutes.Keys.Max());
        Assert.Equal(30_000 / 60, statistics.QualityHours(ModelVariant.Stage2).Keys.Max() + 1);
        Assert.Equal(statistics.Interactions, statistics.Quality.Tested);
        Assert.True(statistics.ToBytes().Length < 24_000);
    }

    [Fact]
    public void Add_OfTheSumsOfTwoParts_IsThatOfTheWhole()
    {
        PartitionStatistics[] parts = [new(), new()];
        var whole = new PartitionStatistics();
        for (var i = 0; i < 1_000; i++)
        {
            foreach (var sums in new[] { parts[i % 3 == 0 ? 0 : 1], whole })
            {
                sums.CountUser();
                sums.Count(Make.Interaction("m", i * 86_400, i % 2 == 0 ? InteractionKind.Rate : InteractionKind.Like, i % 2 == 0 ? 4.5 : null), i * Minute);
                sums.Count(new TestOutcome(i % 2 == 0 ? 0 : 99, 99, (ModelVariant)(i % 2)), i * Minute);
            }
        }

        parts[0].Add(parts[1]);

        Assert.Equal(whole.ToBytes(), parts[0].ToBytes());
    }

    [Theory]
    [InlineData(0, 1, 1)]
    [InlineData(1, 1, 0.63092975)]
    [InlineData(9, 1, 0.28906483)]
    [InlineData(10, 0, 0)]
    [InlineData(int.MaxValue, 0, 0)]
    public void Count_OfATest_AddsHitAndGain(int rank, int hits, double gain)
    {
        var sums = default(QualitySums).With(new TestOutcome(rank, rank));
        Assert.Equal((1, hits, hits), (sums.Tested, sums.Hits, sums.PopularityHits));
        Assert.Equal(gain, sums.Gain, 1e-7);
        Assert.Equal(gain, sums.PopularityGain, 1e-7);
        Assert.Equal(2 * sums.Gain, (sums + sums).Gain, 1e-12);
    }
}
