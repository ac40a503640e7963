using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Runtime.Providers;
using Orleans.Runtime.Configuration;
using Orleans.Streams;

namespace Cinegrain.Streaming;

/// <summary>What silos and clients configure alike.</summary>
public interface IKafkaStreamConfigurator : INamedServiceConfigurator;

/// <summary>Options and services of a Kafka stream provider.</summary>
public static class KafkaStreamConfiguratorExtensions
{
    /// <summary>Options of the provider.</summary>
    public static void ConfigureKafka(this IKafkaStreamConfigurator configurator, Action<OptionsBuilder<KafkaStreamOptions>> configure) =>
        configurator.Configure(configure);

    /// <summary>Turns records into events and back; without one, grains get a <see cref="KafkaRecord"/> of each record with a key.</summary>
    public static void UseDataAdapter(this IKafkaStreamConfigurator configurator, Func<IServiceProvider, string, IKafkaDataAdapter> factory) =>
        configurator.ConfigureComponent(factory);
}

/// <summary>Configures a Kafka stream provider of a silo. Everything of Orleans' own persistent streams can be configured, too.</summary>
public sealed class SiloKafkaStreamConfigurator : SiloPersistentStreamConfigurator, IKafkaStreamConfigurator
{
    private static readonly TimeSpan MinimumBackoff = TimeSpan.FromMilliseconds(100), MaximumBackoff = TimeSpan.FromSeconds(2);

    internal SiloKafkaStreamConfigurator(string name, Action<Action<IServiceCollection>> services)
        : base(name, services, KafkaAdapterFactory.Create)
    {
        this.AddKafka();
        this.ConfigureStreamPubSub(StreamPubSubType.ImplicitOnly);
        this.ConfigurePullingAgent(options => options.Configure(agent =>
        {
            agent.GetQueueMsgsTimerPeriod = TimeSpan.FromMilliseconds(10);

            // After its maximum the agent would skip an event.
            agent.MaxEventDeliveryTime = Timeout.InfiniteTimeSpan;
            agent.StreamInactivityPeriod = TimeSpan.FromMinutes(3);
        }));
        this.ConfigureDelegate(services =>
        {
            // Once for all providers.
            if (!services.Any(service => service.ServiceKey is Type key && key == typeof(KafkaReaderPlacement)))
            {
                services.AddPlacementDirector<KafkaReaderPlacement, KafkaReaderPlacementDirector>();
            }
        });
        this.ConfigurePartitionBalancing((services, _) => EvenQueueBalancer.Create(services));
        this.ConfigureBackoffProvider((_, _) => (IMessageDeliveryBackoffProvider)new DeliveryBackoff(MinimumBackoff, MaximumBackoff));
        this.ConfigureBackoffProvider((_, _) => (IQueueReaderBackoffProvider)new DeliveryBackoff(MinimumBackoff, MaximumBackoff));
    }

    /// <summary>Stores positions behind a barrier; without one, they are offsets of a consumer group and move on when records are delivered.</summary>
    public void UseCheckpointer(Func<IServiceProvider, string, IKafkaCheckpointer> factory) => this.ConfigureComponent(factory);

    /// <summary>Takes records that the data adapter cannot read.</summary>
    public void UsePoisonHandler(Func<IServiceProvider, string, IKafkaPoisonHandler> factory) => this.ConfigureComponent(factory);
}

/// <summary>Configures a Kafka stream provider of a client.</summary>
public sealed class ClusterClientKafkaStreamConfigurator : ClusterClientPersistentStreamConfigurator, IKafkaStreamConfigurator
{
    internal ClusterClientKafkaStreamConfigurator(string name, IClientBuilder builder)
        : base(name, builder, KafkaAdapterFactory.Create)
    {
        this.AddKafka();
        this.ConfigureStreamPubSub(StreamPubSubType.ImplicitOnly);
    }
}

file static class Registration
{
    public static void AddKafka(this INamedServiceConfigurator configurator) => configurator.ConfigureDelegate(services =>
    {
        services.ConfigureNamedOptionForLogging<KafkaStreamOptions>(configurator.Name);
        services.AddTransient<IConfigurationValidator>(
            provider => new KafkaStreamOptionsValidator(provider.GetOptionsByName<KafkaStreamOptions>(configurator.Name), configurator.Name));
    });
}
