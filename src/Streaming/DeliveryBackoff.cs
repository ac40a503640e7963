using Orleans.Internal;
using Orleans.Runtime.Providers;

namespace Cinegrain.Streaming;

/// <summary>Pauses between attempts, doubling from a minimum to a maximum.</summary>
internal sealed class DeliveryBackoff(TimeSpan minimum, TimeSpan maximum) : IMessageDeliveryBackoffProvider, IQueueReaderBackoffProvider
{
    /// <inheritdoc/>
    public TimeSpan Next(int attempt) => TimeSpan.FromTicks(Math.Min(maximum.Ticks, minimum.Ticks << Math.Clamp(attempt, 0, 20)));
}
