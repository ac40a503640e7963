using Orleans.Streams;
namespace Cinegrain.Streaming;
internal sealed class KafkaAdapterFactory
{
    public static IQueueAdapterFactory Create(IServiceProvider services, string name) => throw new NotSupportedException();
}
