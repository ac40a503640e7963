using Cinegrain.Contracts;
using Cinegrain.Embedded.Sqlite;
using Cinegrain.Model.Ports;

namespace Cinegrain.Embedded.Tests.Sqlite;

public sealed class SqliteLogContractTests : LogContract
{
    private readonly string _folder = Directory.CreateTempSubdirectory("cinegrain-").FullName;

    // Small segments, so that every test crosses some.
    protected override Task<ILog> OpenAsync() =>
        Task.FromResult<ILog>(SqliteLog.Open(_folder, new SqliteLogOptions { SegmentRecords = 7 }, TimeProvider.System));

    protected override async Task CloseAsync(ILog log) => await ((SqliteLog)log).DisposeAsync();

    protected override Task RemoveAsync()
    {
        Directory.Delete(_folder, recursive: true);
        return Task.CompletedTask;
    }
}

public sealed class SqliteStateStoreContractTests : StateStoreContract
{
    private readonly string _folder = Directory.CreateTempSubdirectory("cinegrain-").FullName;

    protected override Task<IStateStore> OpenAsync() =>
        Task.FromResult<IStateStore>(SqliteStateStore.Open(_folder, new SqliteStateStoreOptions()));

    protected override async Task CloseAsync(IStateStore store) => await ((SqliteStateStore)store).DisposeAsync();

    protected override Task RemoveAsync()
    {
        Directory.Delete(_folder, recursive: true);
        return Task.CompletedTask;
    }
}
