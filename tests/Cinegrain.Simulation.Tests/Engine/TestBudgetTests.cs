using Cinegrain.Model.Measuring;
using Microsoft.Extensions.Time.Testing;

namespace Cinegrain.Simulation.Tests.Engine;

public sealed class TestBudgetTests
{
    private readonly FakeTimeProvider _time = new();
    private readonly long _start;

    public TestBudgetTests() => _start = _time.GetTimestamp();

    [Fact]
    public void TryTake_MoreThanTheRate_IsRefusedUntilTimePasses()
    {
        var budget = Budget(perSecond: 4);
        Assert.Equal(4, Take(budget, 10));
        _time.Advance(TimeSpan.FromMilliseconds(500));
        Assert.Equal(2, Take(budget, 10));
    }

    [Fact]
    public void TryTake_AfterALongPause_NoMoreThanASecondsWorth()
    {
        var budget = Budget(perSecond: 4);
        _time.Advance(TimeSpan.FromHours(1));
        Assert.Equal(4, Take(budget, 100));
    }

    [Fact]
    public void TryTake_AShareOfTheUsers_IsTheSameUsersAlways()
    {
        bool[] Chosen() => [.. Enumerable.Range(0, 2_000).Select(i => Budget(0.3, 1_000_000).TryTake($"user-{i}", TimeSpan.Zero))];

        var chosen = Chosen();
        Assert.Equal(chosen, Chosen());
        Assert.InRange(chosen.Count(taken => taken), 500, 700);
    }

    [Theory]
    [InlineData(0, 1_000)]
    [InlineData(1, 0)]
    public void TryTake_NoShareOrNoRate_IsRefused(double share, int rate) =>
        Assert.Equal(0, Take(Budget(share, rate), 50));

    [Fact]
    public void TryTake_Lockstep_TakesAll() =>
        Assert.Equal(50, Take(Budget(0, 0, lockstep: true), 50));

    private int Take(TestBudget budget, int times) => Enumerable.Range(0, times).Count(i => budget.TryTake($"user-{i}", _time.GetElapsedTime(_start)));

    private static TestBudget Budget(double share = 1, int perSecond = 500, bool lockstep = false) => new(share, perSecond, lockstep);
}
