using Cinegrain.Model.Events;

namespace Cinegrain.Model.Tests.Events;

public sealed class NormalisationTests
{
    [Theory]
    [InlineData(InteractionKind.Rate, 0.5, -1)]
    [InlineData(InteractionKind.Rate, 1.0, -1)]
    [InlineData(InteractionKind.Rate, 2.0, -0.5)]
    [InlineData(InteractionKind.Rate, 3.0, 0)]
    [InlineData(InteractionKind.Rate, 4.5, 0.75)]
    [InlineData(InteractionKind.Rate, 5.0, 1)]
    [InlineData(InteractionKind.Watch, 0.0, -0.4)]
    [InlineData(InteractionKind.Watch, 0.05, -0.4)]
    [InlineData(InteractionKind.Watch, 0.3, 0)]
    [InlineData(InteractionKind.Watch, 0.5, 0.4)]
    [InlineData(InteractionKind.Watch, 1.0, 1)]
    [InlineData(InteractionKind.Like, null, 1)]
    [InlineData(InteractionKind.Dislike, null, -1)]
    [InlineData(InteractionKind.Skip, null, -0.3)]
    [InlineData(InteractionKind.Click, null, 0.2)]
    [InlineData(InteractionKind.Watchlist, null, 0.4)]
    public void Preference_OfEachKind_IsOnOneScale(InteractionKind kind, double? value, double expected) =>
        Assert.Equal(expected, Normalisation.Preference(kind, value), 1e-12);

    [Fact]
    public void Preference_OfNoKnownKind_Throws() => Assert.Throws<ArgumentOutOfRangeException>(() => Normalisation.Preference((InteractionKind)99, null));
}
