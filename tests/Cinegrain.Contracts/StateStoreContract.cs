using System.Text;
using Cinegrain.Model.Ports;
using Xunit;

namespace Cinegrain.Contracts;

/// <summary>What every <see cref="IStateStore"/> must do. An adapter inherits it and says how its store is opened.</summary>
public abstract class StateStoreContract : IAsyncLifetime
{
    private IStateStore? _store;

    /// <summary>The store under test.</summary>
    protected IStateStore Store => _store!;

    /// <summary>Opens the store of this test; a second call opens the same store again, after <see cref="CloseAsync"/>.</summary>
    protected abstract Task<IStateStore> OpenAsync();

    /// <summary>Closes a store, so that it can be opened again.</summary>
    protected abstract Task CloseAsync(IStateStore store);

    /// <summary>Removes what the test left behind.</summary>
    protected abstract Task RemoveAsync();

    public async Task InitializeAsync() => _store = await OpenAsync();

    public async Task DisposeAsync()
    {
        await CloseAsync(Store);
        await RemoveAsync();
    }

    [Fact]
    public async Task LoadAsync_NothingStored_ReturnsNullForEach() =>
        Assert.Equal([null, null], await Store.LoadAsync(ActorKind.User, ["a", "b"], CancellationToken.None));

    [Fact]
    public async Task LoadAsync_NoIds_ReturnsNothing() => Assert.Empty(await Store.LoadAsync(ActorKind.User, [], CancellationToken.None));

    [Theory]
    [InlineData(ActorKind.User)]
    [InlineData(ActorKind.Movie)]
    [InlineData(ActorKind.Singleton)]
    public async Task LoadAsync_SeveralIds_ReturnsTheirStatesInOrder(ActorKind kind)
    {
        await WriteAsync(State(kind, "a", 1, "A"), State(kind, "b", 2, "B"), State(kind, "ключ 🎬", 3, "C"));

        var states = await Store.LoadAsync(kind, ["b", "missing", "ключ 🎬", "a", "b"], CancellationToken.None);

        Assert.Equal(["B 2", null, "C 3", "A 1", "B 2"], states.Select(Describe));
        Assert.Equal(["b", null, "ключ 🎬", "a", "b"], states.Select(state => state?.Id));
    }

    [Fact]
    public async Task LoadAsync_SameIdOfAnotherKind_IsAnotherActor()
    {
        await WriteAsync(State(ActorKind.User, "x", 1, "user"), State(ActorKind.Movie, "x", 2, "movie"));

        Assert.Equal("user 1", await LoadAsync(ActorKind.User, "x"));
        Assert.Equal("movie 2", await LoadAsync(ActorKind.Movie, "x"));
        Assert.Null(await LoadAsync(ActorKind.Singleton, "x"));
    }

    [Theory]
    [InlineData(4, "old 5")]
    [InlineData(5, "old 5")]
    [InlineData(6, "new 6")]
    public async Task WriteAsync_AnotherVersion_TheHigherOneStays(long version, string expected)
    {
        await WriteAsync(State(ActorKind.User, "u", 5, "old"));
        await WriteAsync(State(ActorKind.User, "u", version, "new"));
        Assert.Equal(expected, await LoadAsync(ActorKind.User, "u"));
    }

    [Fact]
    public async Task WriteAsync_LowerVersionBesideOthers_OthersAreWritten()
    {
        await WriteAsync(State(ActorKind.User, "u", 5, "old"));
        await WriteAsync(State(ActorKind.User, "u", 4, "stale"), State(ActorKind.User, "v", 1, "fresh"));
        Assert.Equal("old 5", await LoadAsync(ActorKind.User, "u"));
        Assert.Equal("fresh 1", await LoadAsync(ActorKind.User, "v"));
    }

    [Fact]
    public async Task WriteAsync_StatesOfManySizes_EachComesBackAsItWas()
    {
        var random = new Random(7);
        var expected = new Dictionary<string, byte[]>();
        for (var round = 1; round <= 6; round++)
        {
            var states = new List<ActorState>();
            for (var i = 0; i < 60; i++)
            {
                var bytes = new byte[random.Next(1, 3) == 1 ? random.Next(1, 300) : random.Next(1, 20_000)];
                random.NextBytes(bytes);
                expected[$"m{i}"] = bytes;
                states.Add(new ActorState(ActorKind.Movie, $"m{i}", round, bytes));
            }

            await Store.WriteAsync(states, null, CancellationToken.None);
        }

        foreach (var state in await Store.LoadAsync(ActorKind.Movie, [.. expected.Keys], CancellationToken.None))
        {
            Assert.Equal(6, state!.Version);
            Assert.Equal(expected[state.Id], state.State.ToArray());
        }

        Assert.Equal(expected.Keys.Order(), (await ScanAsync(ActorKind.Movie)).Select(state => state.Id).Order());
    }

    [Fact]
    public async Task WriteAsync_Tombstone_TakesThePlaceOfTheState()
    {
        await WriteAsync(State(ActorKind.User, "u", 5, "state"));
        await WriteAsync(Tombstone(ActorKind.User, "u", 6));

        var state = (await Store.LoadAsync(ActorKind.User, ["u"], CancellationToken.None))[0];
        Assert.True(state!.IsTombstone);
        Assert.Equal(6, state.Version);
        Assert.Equal("u", state.Id);
    }

    [Theory]
    [InlineData(ActorKind.User)]
    [InlineData(ActorKind.Movie)]
    public async Task WriteAsync_TombstoneOfAnUnknownActor_IsKept(ActorKind kind)
    {
        await WriteAsync(Tombstone(kind, "u", 6));
        await WriteAsync(State(kind, "u", 6, "late"));
        Assert.True((await Store.LoadAsync(kind, ["u"], CancellationToken.None))[0]!.IsTombstone);
    }

    [Fact]
    public async Task WriteAsync_HigherVersionAfterATombstone_TheUserIsBack()
    {
        await WriteAsync(State(ActorKind.User, "u", 5, "first"));
        await WriteAsync(Tombstone(ActorKind.User, "u", 6));
        await WriteAsync(State(ActorKind.User, "u", 7, "second"));

        Assert.Equal("second 7", await LoadAsync(ActorKind.User, "u"));
        Assert.Equal("u", Assert.Single(await ScanAsync(ActorKind.User)).Id);
    }

    [Fact]
    public async Task WriteAsync_LowerTombstone_ChangesNothing()
    {
        await WriteAsync(State(ActorKind.User, "u", 5, "state"));
        await WriteAsync(Tombstone(ActorKind.User, "u", 5));
        Assert.Equal("state 5", await LoadAsync(ActorKind.User, "u"));
    }

    [Fact]
    public async Task ScanAsync_TombstonesAndOtherKinds_AreLeftOut()
    {
        await WriteAsync(
            [.. Enumerable.Range(0, 1_500).Select(i => State(ActorKind.User, $"u{i}", 1, $"{i}")),
            State(ActorKind.Movie, "m", 1, "movie"),
            State(ActorKind.User, "gone", 1, "x")]);
        await WriteAsync(Tombstone(ActorKind.User, "gone", 2));

        var states = await ScanAsync(ActorKind.User);

        Assert.Equal(Enumerable.Range(0, 1_500).Select(i => $"u{i}").Order(), states.Select(state => state.Id).Order());
        Assert.All(states, state => Assert.Equal($"{state.Id[1..]} 1", Describe(state)));
    }

    [Fact]
    public async Task LoadCheckpointAsync_NoneWritten_ReturnsNull() =>
        Assert.Null(await Store.LoadCheckpointAsync(Topics.Interactions, 0, CancellationToken.None));

    [Fact]
    public async Task WriteAsync_Checkpoint_IsStoredByTopicAndPartition()
    {
        await Store.WriteAsync([], new Checkpoint(Topics.Interactions, 0, 10, 0, new byte[] { 1, 2 }), CancellationToken.None);
        await Store.WriteAsync([], new Checkpoint(Topics.Interactions, 1, 20, 3, default), CancellationToken.None);
        await Store.WriteAsync([State(ActorKind.User, "u", 1, "s")], new Checkpoint(Topics.Interactions, 0, 30, 1, new byte[] { 3 }), CancellationToken.None);

        var first = await Store.LoadCheckpointAsync(Topics.Interactions, 0, CancellationToken.None);
        Assert.Equal((Topics.Interactions, 0, 30L, 1), (first!.Topic, first.Partition, first.Offset, first.Epoch));
        Assert.Equal([3], first.Statistics.ToArray());
        var second = await Store.LoadCheckpointAsync(Topics.Interactions, 1, CancellationToken.None);
        Assert.Equal((20L, 3, 0), (second!.Offset, second.Epoch, second.Statistics.Length));
        Assert.Null(await Store.LoadCheckpointAsync(Topics.Signals, 0, CancellationToken.None));
        Assert.Equal("s 1", await LoadAsync(ActorKind.User, "u"));
    }

    [Fact]
    public async Task BindAsync_TheSameLogAgain_IsAccepted()
    {
        await Store.BindAsync("log-1", CancellationToken.None);
        await ReopenAsync();
        await Store.BindAsync("log-1", CancellationToken.None);
    }

    [Fact]
    public async Task BindAsync_AnotherLog_IsRefusedAndNamesBoth()
    {
        await Store.BindAsync("log-1", CancellationToken.None);
        var refusal = await Assert.ThrowsAsync<WrongLogException>(() => Store.BindAsync("log-2", CancellationToken.None).AsTask());
        Assert.Contains("log-1", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("log-2", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task OpenAsync_Again_EverythingIsThere()
    {
        await Store.WriteAsync(
            [State(ActorKind.User, "u", 5, "state"), Tombstone(ActorKind.User, "gone", 6)],
            new Checkpoint(Topics.Interactions, 2, 7, 1, new byte[] { 9 }),
            CancellationToken.None);
        await ReopenAsync();

        Assert.Equal("state 5", await LoadAsync(ActorKind.User, "u"));
        Assert.True((await Store.LoadAsync(ActorKind.User, ["gone"], CancellationToken.None))[0]!.IsTombstone);
        Assert.Equal(7, (await Store.LoadCheckpointAsync(Topics.Interactions, 2, CancellationToken.None))!.Offset);
    }

    [Fact]
    public async Task WriteAsync_ManyWriters_EveryCheckpointHasItsStates()
    {
        await Task.WhenAll(Enumerable.Range(0, 4).Select(async partition =>
        {
            for (var version = 1; version <= 20; version++)
            {
                await Store.WriteAsync(
                    [.. Enumerable.Range(0, 10).Select(i => State(ActorKind.User, $"p{partition}-u{i}", version, $"{version}"))],
                    new Checkpoint(Topics.Interactions, partition, version, 0, default),
                    CancellationToken.None);
                Assert.Equal($"{version} {version}", await LoadAsync(ActorKind.User, $"p{partition}-u3"));
            }
        }));

        Assert.Equal(40, (await ScanAsync(ActorKind.User)).Count);
    }

    /// <summary>A state with a text for bytes.</summary>
    protected static ActorState State(ActorKind kind, string id, long version, string text) => new(kind, id, version, Encoding.UTF8.GetBytes(text));

    /// <summary>A tombstone.</summary>
    protected static ActorState Tombstone(ActorKind kind, string id, long version) => new(kind, id, version, default);

    /// <summary>Text and version of a state, or null.</summary>
    protected static string? Describe(ActorState? state) => state is null ? null : $"{Encoding.UTF8.GetString(state.State.Span)} {state.Version}";

    /// <summary>Writes states without a checkpoint.</summary>
    protected ValueTask WriteAsync(params ActorState[] states) => Store.WriteAsync(states, null, CancellationToken.None);

    /// <summary>Text and version of one state.</summary>
    protected async Task<string?> LoadAsync(ActorKind kind, string id) =>
        Describe((await Store.LoadAsync(kind, [id], CancellationToken.None))[0]);

    /// <summary>All states of a kind.</summary>
    protected async Task<List<ActorState>> ScanAsync(ActorKind kind)
    {
        var states = new List<ActorState>();
        await foreach (var state in Store.ScanAsync(kind, CancellationToken.None))
        {
            states.Add(state);
        }

        return states;
    }

    /// <summary>Closes the store and opens it again.</summary>
    protected async Task ReopenAsync()
    {
        await CloseAsync(Store);
        _store = await OpenAsync();
    }
}
