using Cinegrain.Contracts;
using Cinegrain.Contracts.Servers;
using Cinegrain.Kafka.Tests.Support;
using Cinegrain.Model.Ports;

namespace Cinegrain.Kafka.Tests;

/// <summary>The tests of <see cref="LogContract"/> on a real broker, as rows, so that they are skipped where there is none.</summary>
public sealed class KafkaLogContractTests
{
    public static TheoryData<string, object?[]> Tests() => ContractRows.Of<LogContract>();

    [Fact]
    public void Tests_OfTheContract_AreFound() => Assert.True(Tests().Count > 20);

    [KafkaTheory]
    [MemberData(nameof(Tests))]
    public async Task Contract_OfTheLog_Holds(string test, object?[] arguments)
    {
        await ContractRows.RunAsync<LogContract>(new Contract(Broker.NewOptions()), test, arguments);
    }

    private sealed class Contract(KafkaLogOptions options) : LogContract
    {
        protected override async Task<ILog> OpenAsync() => await Broker.OpenAsync(options);

        protected override async Task CloseAsync(ILog log) => await ((KafkaLog)log).DisposeAsync();

        protected override Task RemoveAsync() => Broker.RemoveAsync(options);
    }
}
