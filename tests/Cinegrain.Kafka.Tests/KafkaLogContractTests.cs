using Cinegrain.Contracts;
using Cinegrain.Kafka.Tests.Support;
using Cinegrain.Model.Ports;

namespace Cinegrain.Kafka.Tests;

/// <summary>The contract of the log, on a real broker.</summary>
public sealed class KafkaLogContractTests : LogContract
{
    // xunit takes an exception that begins so as a skipped test.
    private const string DynamicSkip = "$XunitDynamicSkip$";

    private readonly KafkaLogOptions _options = Broker.Bootstrap is null ? null! : Broker.NewOptions();

    protected override async Task<ILog> OpenAsync() =>
        Broker.Skip is { } reason ? throw new InvalidOperationException(DynamicSkip + reason) : await Broker.OpenAsync(_options);

    protected override async Task CloseAsync(ILog log) => await ((KafkaLog)log).DisposeAsync();

    protected override Task RemoveAsync() => Broker.RemoveAsync(_options);
}
