using Cinegrain.Hosting;
using Cinegrain.Model.Ports;
using Orleans.Configuration;
using Orleans.Runtime;
using StackExchange.Redis;

namespace Cinegrain.Gateway.Hosting;

/// <summary>
/// The gateway's client of the cluster. The gateway starts without a silo and outlives all of them: while none is there a request is refused at once, and
/// the client connects again by itself.
/// </summary>
internal sealed partial class ClusterConnection(GatewayOptions options, TimeProvider time, ILogger<ClusterConnection> logger) : BackgroundService
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1), RetryAfter = TimeSpan.FromSeconds(2), RefreshPeriod = TimeSpan.FromSeconds(3);

    private volatile IHost? _client;

    /// <summary>True once a silo has answered.</summary>
    public bool IsConnected => _client is not null;

    /// <summary>Asks the cluster.</summary>
    /// <exception cref="UnavailableException">No silo answers now, or what it needs is away.</exception>
    public async Task<T> AskAsync<T>(Func<IGrainFactory, Task<T>> ask)
    {
        if (_client is not { } client)
        {
            throw new UnavailableException("no silo of the cluster answers", RetryAfter);
        }

        try
        {
            return await ask(client.Services.GetRequiredService<IGrainFactory>());
        }
        catch (Exception exception) when (IsPassing(exception))
        {
            throw new UnavailableException("the cluster does not answer now", RetryAfter, exception);
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (_client is null && !stoppingToken.IsCancellationRequested)
        {
            var client = Build();
            try
            {
                await client.StartAsync(stoppingToken);
                _client = client;
                LogConnected();
            }
            catch (Exception exception) when (!stoppingToken.IsCancellationRequested)
            {
                client.Dispose();
                LogNoSilo(exception.Message);
                await Task.Delay(Pause, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            catch (OperationCanceledException)
            {
                client.Dispose();
            }
        }
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        if (_client is { } client)
        {
            await client.StopAsync(cancellationToken);
            client.Dispose();
        }
    }

    /// <summary>
    /// What says that a silo, or the store or log behind it, is away: the same request may succeed later. No request hands its own cancellation on, so one that
    /// comes back is of a silo that ends or was declared dead.
    /// </summary>
    private static bool IsPassing(Exception exception) => exception
        is OrleansException or TimeoutException or UnavailableException or IOException or System.Net.Sockets.SocketException or ObjectDisposedException
            or OperationCanceledException
        || exception.GetType().Name.Contains(nameof(UnavailableException), StringComparison.Ordinal);

    private IHost Build()
    {
        // A container of its own: it is made anew for each attempt to connect.
        var builder = new HostApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder.Services.AddSingleton(time);
        builder.Services.AddLogging(logging => logging.AddFilter(static _ => false));
        builder.UseOrleansClient(client =>
        {
            if (options.Clustering == "localhost")
            {
                client.UseStaticClustering(options.LocalGateways);
            }
            else
            {
                var redis = ConfigurationOptions.Parse(options.Redis);
                redis.Password = Secrets.Read(options.RedisPassword, options.RedisPasswordFile, nameof(options.RedisPasswordFile)) ?? redis.Password;
                redis.AbortOnConnectFail = false;
                client.UseRedisClustering(clustering => clustering.ConfigurationOptions = redis);
            }

            client.Configure<ClusterOptions>(cluster => (cluster.ClusterId, cluster.ServiceId) = (options.ClusterId, options.ClusterId));
            client.Configure<Orleans.Configuration.GatewayOptions>(gateways => gateways.GatewayListRefreshPeriod = RefreshPeriod);
            client.Configure<ClientMessagingOptions>(messaging => messaging.ResponseTimeout = TimeSpan.FromSeconds(options.ResponseSeconds));
            client.AddActivityPropagation();
        });
        return builder.Build();
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Connected to the cluster.")]
    private partial void LogConnected();

    [LoggerMessage(Level = LogLevel.Warning, Message = "No silo of the cluster answers, next attempt in a second: {Reason}")]
    private partial void LogNoSilo(string reason);
}
