using Cinegrain.Embedded.Engine;
using Microsoft.Extensions.Time.Testing;

namespace Cinegrain.Simulation.Tests.Engine;

public sealed class TestBudgetTests
{
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public void TryTake_MoreThanTheRate_IsRefusedUntilTimePasses()
    {
        var budget = Budget(new EngineOptions { TestsPerSecond = 4 });
        Assert.Equal(4, Take(budget, 10));
        _time.Advance(TimeSpan.FromMilliseconds(500));
        Assert.Equal(2, Take(budget, 10));
    }

    [Fact]
    public void TryTake_AfterALongPause_NoMoreThanASecondsWorth()
    {
        var budget = Budget(new EngineOptions { TestsPerSecond = 4 });
        _time.Advance(TimeSpan.FromHours(1));
        Assert.Equal(4, Take(budget, 100));
    }

    [Fact]
    public void TryTake_AShareOfTheUsers_IsTheSameUsersAlways()
    {
        var options = new EngineOptions { TestShare = 0.3, TestsPerSecond = 1_000_000 };
        bool[] Chosen() => [.. Enumerable.Range(0, 2_000).Select(i => Budget(options).TryTake($"user-{i}"))];

        var chosen = Chosen();
        Assert.Equal(chosen, Chosen());
        Assert.InRange(chosen.Count(taken => taken), 500, 700);
    }

    [Theory]
    [InlineData(0, 1_000)]
    [InlineData(1, 0)]
    public void TryTake_NoShareOrNoRate_IsRefused(double share, int rate) =>
        Assert.Equal(0, Take(Budget(new EngineOptions { TestShare = share, TestsPerSecond = rate }), 50));

    [Fact]
    public void TryTake_Lockstep_TakesAll() =>
        Assert.Equal(50, Take(Budget(new EngineOptions { Lockstep = true, TestShare = 0, TestsPerSecond = 0 }), 50));

    private static int Take(TestBudget budget, int times) => Enumerable.Range(0, times).Count(i => budget.TryTake($"user-{i}"));

    private TestBudget Budget(EngineOptions options) => new(options, _time);
}
