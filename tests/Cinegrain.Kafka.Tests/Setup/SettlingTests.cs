using Cinegrain.Kafka.Setup;
using Confluent.Kafka;

namespace Cinegrain.Kafka.Tests.Setup;

/// <summary>A broker that has just started.</summary>
public sealed class SettlingTests
{
    [Theory]
    [InlineData(ErrorCode.GroupLoadInProgress)]
    [InlineData(ErrorCode.GroupCoordinatorNotAvailable)]
    [InlineData(ErrorCode.LeaderNotAvailable)]
    public async Task Ask_RefusedForAMoment_IsAskedAgain(ErrorCode refusal)
    {
        var asked = 0;
        var answer = await Settling.AskAsync(
            () => ++asked < 3 ? throw Refusal(refusal) : "answer", TimeSpan.FromMinutes(1), TimeProvider.System, CancellationToken.None);

        Assert.Equal("answer", answer);
        Assert.Equal(3, asked);
    }

    [Theory]
    [InlineData(ErrorCode.GroupAuthorizationFailed, 60)]
    [InlineData(ErrorCode.GroupLoadInProgress, 0)]
    public async Task Ask_RefusedForGoodOrForTooLong_Throws(ErrorCode refusal, int patienceSeconds)
    {
        var asked = 0;
        var thrown = await Assert.ThrowsAsync<KafkaException>(() => Settling.AskAsync<string>(
            () => throw Refusal(asked++ == 0 ? refusal : ErrorCode.Unknown), TimeSpan.FromSeconds(patienceSeconds), TimeProvider.System, CancellationToken.None));

        Assert.Equal(refusal, thrown.Error.Code);
        Assert.Equal(1, asked);
    }

    // With a text of its own, since the one of the code comes from librdkafka.
    private static KafkaException Refusal(ErrorCode code) => new(new Error(code, "not now"));
}
