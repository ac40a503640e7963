using Cinegrain.Embedded.Sqlite;
using Cinegrain.Model.Ports;
using Microsoft.Data.Sqlite;
using static Cinegrain.Embedded.Tests.Sqlite.Samples;

namespace Cinegrain.Embedded.Tests.Sqlite;

public sealed class SqliteStateStoreTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task WriteAsync_TombstonesOfUsers_NoFileHasTheirPseudonymsOrStates()
    {
        const int Users = 400;
        await using var store = Open();
        var random = new Random(5);

        // States grow, move and share pages; the marks stand in the middle of them.
        for (var version = 1; version <= 6; version++)
        {
            var states = Enumerable.Range(0, Users)
                .Where(_ => version == 1 || random.Next(3) == 0)
                .Select(i => State(i, version, random.Next(10, 200 * version * version)))
                .ToArray();
            await store.WriteAsync(states, new Checkpoint(Topics.Interactions, 0, version, 0, default), None);
        }

        var erased = Enumerable.Range(0, Users).Where(i => i % 5 == 0).ToArray();
        Assert.All(erased.Take(10), i => Assert.NotEmpty(_folder.FilesWith(Bytes(Pseudonym(i)))));

        foreach (var group in erased.Chunk(8))
        {
            await store.WriteAsync([.. group.Select(i => new ActorState(ActorKind.User, Pseudonym(i), 100, default))], null, None);
            foreach (var i in group)
            {
                Assert.Empty(_folder.FilesWith(Bytes(Pseudonym(i))));
                Assert.Empty(_folder.FilesWith(Bytes(Mark(i))));
            }
        }

        var loaded = await store.LoadAsync(ActorKind.User, [.. Enumerable.Range(0, Users).Select(Pseudonym)], None);
        for (var i = 0; i < Users; i++)
        {
            Assert.Equal(i % 5 == 0, loaded[i]!.IsTombstone);
        }

        Assert.NotEmpty(_folder.FilesWith(Bytes(Pseudonym(1))));
    }

    [Fact]
    public async Task WriteAsync_TombstoneAgain_StillClearsTheFiles()
    {
        await using var store = Open();
        await store.WriteAsync([State(1, 1, 500)], null, None);
        await store.WriteAsync([new ActorState(ActorKind.User, Pseudonym(1), 2, default)], null, None);
        await store.WriteAsync([State(1, 3, 500)], null, None);
        Assert.NotEmpty(_folder.FilesWith(Bytes(Pseudonym(1))));
        await store.WriteAsync([new ActorState(ActorKind.User, Pseudonym(1), 4, default)], null, None);
        Assert.Empty(_folder.FilesWith(Bytes(Pseudonym(1))));
    }

    [Fact]
    public async Task WriteAsync_SlotsLetGo_AreUsedAgain()
    {
        await using var store = Open();
        await store.WriteAsync([.. Enumerable.Range(0, 500).Select(i => State(i, 1, 900))], null, None);
        var pages = await PagesAsync(store);
        for (var round = 2; round < 12; round += 2)
        {
            await store.WriteAsync([.. Enumerable.Range(0, 500).Select(i => new ActorState(ActorKind.User, Pseudonym(i), round, default))], null, None);
            await store.WriteAsync([.. Enumerable.Range(0, 500).Select(i => State(i, round + 1, 900))], null, None);
        }

        Assert.InRange(await PagesAsync(store), pages, pages + 10);
    }

    [Fact]
    public async Task WriteAsync_DiskFull_WritesNothingAndWorksWhenThereIsSpace()
    {
        await using var store = Open();
        await store.WriteAsync([State(1, 1, 500)], new Checkpoint("t", 0, 1, 0, default), None);
        await store.OnWriterAsync(database =>
        {
            database.Execute("PRAGMA max_page_count=1");
            return true;
        });

        var states = Enumerable.Range(1, 200).Select(i => State(i, 2, 5_000)).ToArray();
        var refusal = await Assert.ThrowsAsync<UnavailableException>(() => store.WriteAsync(states, new Checkpoint("t", 0, 2, 0, default), None).AsTask());
        Assert.Contains("full", refusal.Message, StringComparison.Ordinal);
        Assert.Equal(1, (await store.LoadAsync(ActorKind.User, [Pseudonym(1)], None))[0]!.Version);
        Assert.Equal(1, (await store.LoadCheckpointAsync("t", 0, None))!.Offset);

        await store.OnWriterAsync(database =>
        {
            database.Execute("PRAGMA max_page_count=1000000");
            return true;
        });
        await store.WriteAsync(states, new Checkpoint("t", 0, 2, 0, default), None);
        Assert.All(await store.LoadAsync(ActorKind.User, [.. states.Select(state => state.Id)], None), state => Assert.Equal(2, state!.Version));
        Assert.Equal(2, (await store.LoadCheckpointAsync("t", 0, None))!.Offset);
    }

    [Fact]
    public async Task WriteAsync_QueueFull_IsRefused()
    {
        await using var store = SqliteStateStore.Open(_folder.Path, new SqliteStateStoreOptions { QueuedStates = 3 });
        using var gate = new ManualResetEventSlim();
        var held = store.OnWriterAsync(_ => gate.Wait(TimeSpan.FromSeconds(30)));
        var queued = store.WriteAsync([State(1, 1, 10), State(2, 1, 10)], null, None).AsTask();
        await Assert.ThrowsAsync<UnavailableException>(() => store.WriteAsync([State(3, 1, 10), State(4, 1, 10)], null, None).AsTask());
        gate.Set();
        await held;
        await queued;
    }

    [Fact]
    public async Task Open_NewerSchema_IsRefusedWithASentence()
    {
        await Open().DisposeAsync();
        using (var connection = new SqliteConnection($"Data Source={_folder.File(SqliteStateStore.FileName)};Pooling=False"))
        {
            connection.Open();
            using var command = connection.CreateCommand();
            command.CommandText = "PRAGMA user_version=7";
            command.ExecuteNonQuery();
        }

        var refusal = Assert.Throws<DataFolderException>(Open);
        Assert.Contains("newer version", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_NoDatabase_SaysWhichFileAndWhatToDo()
    {
        File.WriteAllText(_folder.File(SqliteStateStore.FileName), new string('x', 10_000));
        AssertSaysWhatToDo(Assert.Throws<StorageDamagedException>(Open));
    }

    [Fact]
    public async Task Open_TruncatedFile_SaysWhichFileAndWhatToDo()
    {
        await FillAsync();
        Truncate(_folder.File(SqliteStateStore.FileName), 8_192 * 3);
        AssertSaysWhatToDo(await Assert.ThrowsAsync<StorageDamagedException>(ReadEverythingAsync));
    }

    [Fact]
    public async Task LoadAsync_OverwrittenPages_SaysWhichFileAndWhatToDo()
    {
        await FillAsync();
        var file = _folder.File(SqliteStateStore.FileName);
        var rubbish = new byte[8_192];
        new Random(1).NextBytes(rubbish);
        for (var position = 8_192L * 2; position < new FileInfo(file).Length; position += 8_192)
        {
            Overwrite(file, position, rubbish);
        }

        AssertSaysWhatToDo(await Assert.ThrowsAsync<StorageDamagedException>(ReadEverythingAsync));
    }

    [Fact]
    public async Task ScanAsync_WhileStatesGrow_NoneIsMissed()
    {
        await using var store = Open();
        await store.WriteAsync([.. Enumerable.Range(0, 2_000).Select(i => State(i, 1, 100))], null, None);
        var seen = new HashSet<string>();
        var version = 2;
        await foreach (var state in store.ScanAsync(ActorKind.User, None))
        {
            if (seen.Add(state.Id) && seen.Count % 500 == 0)
            {
                await store.WriteAsync([.. Enumerable.Range(0, 2_000).Select(i => State(i, version, 300 * version))], null, None);
                version++;
            }
        }

        Assert.Equal(2_000, seen.Count);
    }

    [Fact]
    public async Task ListAudit_Entries_AreNewestFirstByPages()
    {
        await using var store = Open();
        var start = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
        for (var i = 0; i < 5; i++)
        {
            await store.AppendAuditAsync($"{{\"n\":{i}}}", start.AddDays(i), None);
        }

        var first = store.ListAudit(long.MaxValue, 3);
        Assert.Equal(["{\"n\":4}", "{\"n\":3}", "{\"n\":2}"], first.Select(entry => entry.Json));
        Assert.Equal(start.AddDays(4), first[0].At);
        Assert.Equal(["{\"n\":1}", "{\"n\":0}"], store.ListAudit(first[^1].Sequence, 3).Select(entry => entry.Json));

        await store.TrimAuditAsync(start.AddDays(3), None);
        Assert.Equal(["{\"n\":4}", "{\"n\":3}"], store.ListAudit(long.MaxValue, 10).Select(entry => entry.Json));
    }

    private static string Pseudonym(int i) => $"u1-pseudonym-of-viewer-{i:D5}";

    private static string Mark(int i) => $"<state of viewer {i:D5}>";

    private static ActorState State(int i, long version, int size) =>
        new(ActorKind.User, Pseudonym(i), version, Bytes(new string('.', size / 2) + Mark(i) + new string('.', size / 2)));

    private static void AssertSaysWhatToDo(StorageDamagedException damage)
    {
        Assert.Contains(SqliteStateStore.FileName, damage.Message, StringComparison.Ordinal);
        Assert.Contains("backup", damage.Message, StringComparison.Ordinal);
        Assert.Contains("rebuild it from the log", damage.Message, StringComparison.Ordinal);
    }

    private static Task<int> PagesAsync(SqliteStateStore store) =>
        store.OnWriterAsync(database => database.Query("PRAGMA page_count", row => row.Int32(0)));

    private SqliteStateStore Open() => SqliteStateStore.Open(_folder.Path, new SqliteStateStoreOptions());

    private async Task FillAsync()
    {
        await using var store = Open();
        await store.WriteAsync([.. Enumerable.Range(0, 500).Select(i => State(i, 1, 500))], null, None);
    }

    private async Task ReadEverythingAsync()
    {
        await using var store = Open();
        await store.LoadAsync(ActorKind.User, [.. Enumerable.Range(0, 500).Select(Pseudonym)], None);
    }
}
