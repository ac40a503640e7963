using Orleans.Hosting;

namespace Cinegrain.Streaming;

/// <summary>Adds stream providers over Kafka.</summary>
public static class KafkaStreamExtensions
{
    /// <summary>Adds a stream provider that delivers the records of topics to implicitly subscribed grains.</summary>
    /// <param name="builder">The silo.</param>
    /// <param name="name">Name of the provider.</param>
    /// <param name="configure">Its options.</param>
    public static ISiloBuilder AddKafkaStreams(this ISiloBuilder builder, string name, Action<KafkaStreamOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(configure);
        return builder.AddKafkaStreams(name, (SiloKafkaStreamConfigurator streams) => streams.ConfigureKafka(options => options.Configure(configure)));
    }

    /// <summary>Adds a stream provider whose parts are configured one by one.</summary>
    /// <param name="builder">The silo.</param>
    /// <param name="name">Name of the provider.</param>
    /// <param name="configure">Its options, data adapter, checkpointer and poison handler.</param>
    public static ISiloBuilder AddKafkaStreams(this ISiloBuilder builder, string name, Action<SiloKafkaStreamConfigurator> configure)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(configure);
        configure(new SiloKafkaStreamConfigurator(name, services => builder.ConfigureServices(services)));
        return builder;
    }

    /// <summary>Adds a stream provider to a client, which can send through it.</summary>
    /// <param name="builder">The client.</param>
    /// <param name="name">Name of the provider.</param>
    /// <param name="configure">Its options.</param>
    public static IClientBuilder AddKafkaStreams(this IClientBuilder builder, string name, Action<KafkaStreamOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(configure);
        return builder.AddKafkaStreams(name, (ClusterClientKafkaStreamConfigurator streams) => streams.ConfigureKafka(options => options.Configure(configure)));
    }

    /// <summary>Adds a stream provider to a client, with its parts configured one by one.</summary>
    /// <param name="builder">The client.</param>
    /// <param name="name">Name of the provider.</param>
    /// <param name="configure">Its options and data adapter.</param>
    public static IClientBuilder AddKafkaStreams(this IClientBuilder builder, string name, Action<ClusterClientKafkaStreamConfigurator> configure)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(configure);
        configure(new ClusterClientKafkaStreamConfigurator(name, builder));
        return builder;
    }
}
