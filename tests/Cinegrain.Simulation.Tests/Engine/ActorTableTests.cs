using Cinegrain.Embedded.Engine;
using Cinegrain.Model.Ports;

namespace Cinegrain.Simulation.Tests.Engine;

public sealed class ActorTableTests
{
    private static readonly CancellationToken None = CancellationToken.None;

    private readonly LoadStub _store = new();

    [Fact]
    public async Task UseAsync_MoreActorsThanTheBound_LeastRecentlyUsedLeave()
    {
        var table = Table(3);
        foreach (var id in new[] { "a", "b", "c", "a", "d" })
        {
            await UseAsync(table, id);
        }

        Assert.Equal(3, table.Count);
        Assert.Null(table.BeginChange("b"));
        Assert.NotNull(table.BeginChange("a"));
        Assert.NotNull(table.BeginChange("c"));
        Assert.NotNull(table.BeginChange("d"));
    }

    [Fact]
    public async Task UseAsync_ActorThatLeft_IsLoadedAgain()
    {
        var table = Table(1);
        await UseAsync(table, "a");
        await UseAsync(table, "b");
        await UseAsync(table, "a");
        await UseAsync(table, "a");
        Assert.Equal(["a", "b", "a"], _store.Loaded);
    }

    [Fact]
    public async Task Release_ChangedActors_LeaveOnlyOnceTheyAreWritten()
    {
        var table = Table(2);
        string[] changed = ["a", "b", "c", "d"];
        await table.EnsureLoadedAsync(changed, None);
        Assert.All(changed, id => Assert.NotNull(table.BeginChange(id)));
        await UseAsync(table, "e");
        await UseAsync(table, "f");
        Assert.True(table.Count >= 4);

        var (states, ticket) = table.Snapshot(actor => new ActorState(ActorKind.User, actor.Id, 1, new byte[] { 1 }));
        Assert.Equal(changed, states.Select(state => state.Id));
        Assert.Equal(0, table.ChangedCount);
        await UseAsync(table, "g");
        Assert.True(table.Count >= 4, "what is being written must stay");

        table.Release(ticket);
        Assert.Equal(2, table.Count);
    }

    [Fact]
    public async Task Release_ChangedAgainWhileWritten_StaysForTheNextSnapshot()
    {
        var table = Table(1);
        await table.EnsureLoadedAsync(["a", "b"], None);
        table.BeginChange("a");
        var (_, first) = table.Snapshot(Describe);
        table.BeginChange("a");
        table.Release(first);

        Assert.NotNull(table.BeginChange("a"));
        Assert.Equal("a", Assert.Single(table.Snapshot(Describe).States).Id);
    }

    [Fact]
    public async Task EnsureLoadedAsync_LoadFails_TheNextTrySucceeds()
    {
        var table = Table(10);
        _store.Answer = () => throw new UnavailableException("away", TimeSpan.Zero);
        await Assert.ThrowsAsync<UnavailableException>(() => table.EnsureLoadedAsync(["a"], None).AsTask());
        Assert.Equal(0, table.Count);

        _store.Answer = () => Task.CompletedTask;
        await table.EnsureLoadedAsync(["a"], None);
        Assert.NotNull(table.BeginChange("a"));
    }

    [Fact]
    public async Task UseAsync_SeveralAtOnce_LoadOnce()
    {
        var table = Table(10);
        var answer = Hold();
        var uses = Enumerable.Range(0, 5).Select(_ => UseAsync(table, "a")).ToArray();
        Assert.All(uses, use => Assert.False(use.IsCompleted));

        answer.SetResult();
        Assert.All(await Task.WhenAll(uses), id => Assert.Equal("a", id));
        Assert.Equal(["a"], _store.Loaded);
    }

    [Fact]
    public async Task UseAsync_TheCallerThatBeganTheLoadGivesUp_OthersGetTheActor()
    {
        var table = Table(10);
        var answer = Hold();
        using var patience = new CancellationTokenSource();
        var first = table.UseAsync("a", 0, static (actor, _) => actor.Id, patience.Token).AsTask();
        var second = UseAsync(table, "a");

        await patience.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        answer.SetResult();
        Assert.Equal("a", await second);
        Assert.Equal(["a"], _store.Loaded);
    }

    [Fact]
    public async Task UseAsync_SharedLoadFails_EverybodyIsTold()
    {
        var table = Table(10);
        var answer = Hold();
        var uses = Enumerable.Range(0, 3).Select(_ => UseAsync(table, "a")).ToArray();
        answer.SetException(new UnavailableException("away", TimeSpan.Zero));
        foreach (var use in uses)
        {
            await Assert.ThrowsAsync<UnavailableException>(() => use);
        }
    }

    private static ActorState Describe(Actor actor) => new(ActorKind.User, actor.Id, 1, new byte[] { 1 });

    private static Task<string> UseAsync(ActorTable<Actor> table, string id) =>
        table.UseAsync(id, 0, static (actor, _) => actor.Id, None).AsTask();

    private ActorTable<Actor> Table(int bound) => new(_store, ActorKind.User, bound, (id, _) => new Actor(id));

    private TaskCompletionSource Hold()
    {
        var answer = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _store.Answer = () => answer.Task;
        return answer;
    }

    internal sealed record Actor(string Id);

    /// <summary>A store that only loads, when the test lets it.</summary>
    private sealed class LoadStub : IStateStore
    {
        public Func<Task> Answer { get; set; } = () => Task.CompletedTask;

        public List<string> Loaded { get; } = [];

        public async ValueTask<IReadOnlyList<ActorState?>> LoadAsync(ActorKind kind, IReadOnlyList<string> ids, CancellationToken cancellationToken)
        {
            Loaded.AddRange(ids);
            await Answer();
            return new ActorState?[ids.Count];
        }

        public ValueTask BindAsync(string logIdentity, CancellationToken cancellationToken) => throw new NotSupportedException();

        public IAsyncEnumerable<ActorState> ScanAsync(ActorKind kind, CancellationToken cancellationToken) => throw new NotSupportedException();

        public ValueTask<Checkpoint?> LoadCheckpointAsync(string topic, int partition, CancellationToken cancellationToken) =>
            throw new NotSupportedException();

        public ValueTask WriteAsync(IReadOnlyList<ActorState> states, Checkpoint? checkpoint, CancellationToken cancellationToken) =>
            throw new NotSupportedException();
    }
}
