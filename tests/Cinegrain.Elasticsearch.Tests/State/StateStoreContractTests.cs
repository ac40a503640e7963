using Cinegrain.Contracts;
using Cinegrain.Elasticsearch.Tests.Support;
using Cinegrain.Model.Ports;
using Microsoft.Extensions.Logging.Abstractions;

namespace Cinegrain.Elasticsearch.Tests.State;

/// <summary>The tests of <see cref="StateStoreContract"/>, as rows, so that they are skipped where there is no server.</summary>
public sealed class StateStoreContractTests
{
    public static TheoryData<string, object?[]> Tests() => ContractRows.Of<StateStoreContract>();

    [Fact]
    public void Tests_OfTheContract_AreFound() => Assert.True(Tests().Count > 20);

    [ElasticsearchTheory]
    [MemberData(nameof(Tests))]
    public async Task Contract_OfTheStateStore_Holds(string test, object?[] arguments)
    {
        using var server = new Server();
        await ContractRows.RunAsync<StateStoreContract>(new Contract(server), test, arguments);
    }

    private sealed class Contract(Server server) : StateStoreContract
    {
        protected override Task<IStateStore> OpenAsync() => Task.FromResult<IStateStore>(
            new ElasticsearchStateStore(server.Client, NullLogger<ElasticsearchStateStore>.Instance, describer: null));

        protected override async Task CloseAsync(IStateStore store) => await ((ElasticsearchStateStore)store).DisposeAsync();

        protected override Task RemoveAsync() => server.RemoveAsync();
    }
}
