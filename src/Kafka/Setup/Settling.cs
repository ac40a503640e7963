using Confluent.Kafka;

namespace Cinegrain.Kafka.Setup;

/// <summary>Asks again what a broker does not answer for a moment: of a partition that was just made, or of anything when it just started.</summary>
internal static class Settling
{
    private static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(100);

    /// <summary>The answer.</summary>
    /// <param name="patience">How long to ask again.</param>
    /// <exception cref="KafkaException">There is no answer within that time.</exception>
    public static async Task<T> AskAsync<T>(Func<T> ask, TimeSpan patience, TimeProvider time, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        while (true)
        {
            try
            {
                return ask();
            }
            catch (KafkaException exception) when (IsPassing(exception.Error.Code) && time.GetElapsedTime(started) < patience)
            {
                await Task.Delay(Moment, time, cancellationToken);
            }
        }
    }

    private static bool IsPassing(ErrorCode code) => code is ErrorCode.NotLeaderForPartition or ErrorCode.LeaderNotAvailable
        or ErrorCode.UnknownTopicOrPart or ErrorCode.Local_UnknownPartition or ErrorCode.Local_UnknownTopic or ErrorCode.Local_Transport
        or ErrorCode.GroupLoadInProgress or ErrorCode.GroupCoordinatorNotAvailable or ErrorCode.NotCoordinatorForGroup;
}
