using System.Diagnostics.Metrics;
using System.Text;
using System.Text.Json;
using Cinegrain.Model.Events;
using Cinegrain.Model.Ports;

namespace Cinegrain.Ingest.Tests;

public sealed class IntakeTests
{
    private const string Like = """{"user":"alice","movie":"603","kind":"like"}""";
    private const string LikeWithId = """{"user":"alice","movie":"603","kind":"like","id":"order 7"}""";
    private readonly Fixture _fixture = new();

    [Fact]
    public async Task Submit_GoodAndBadLines_AreAppendedInOneCall()
    {
        var receipt = await _fixture.SubmitAsync(Like, "{", """{"user":"bob","movie":603,"kind":"rate","value":2}""", """{"user":"bob","movie":"x","kind":"like"}""");

        Assert.Equal(1, _fixture.Log.Calls);
        Assert.Equal(2, receipt.Accepted);
        Assert.Equal([2, 4], receipt.Rejected.Select(r => r.Line));
        var interactions = _fixture.Interactions();
        Assert.Equal(receipt.Ids, interactions.Select(i => i.Id));
        Assert.Equal(interactions.Select(i => i.User), _fixture.Log.Appended.Where(e => e.Topic == Topics.Interactions).Select(e => e.Key));
        Assert.Equal([2, 4], _fixture.Rejected().Select(r => r.Line));
        var positions = LogPositions.Parse(receipt.Position);
        foreach (var user in interactions.Select(i => i.User).Distinct())
        {
            var partition = Partitioner.Partition(user, 4);
            Assert.Equal(_fixture.Log.End(Topics.Interactions, partition), positions.ForPartition(partition));
        }
    }

    [Fact]
    public async Task Submit_Nothing_AppendsNothing()
    {
        var receipt = await _fixture.SubmitAsync();
        Assert.Equal((0, "", 0), (receipt.Accepted, receipt.Position, _fixture.Log.Calls));
    }

    [Fact]
    public async Task Submit_WithoutChosenId_EachHasItsOwn()
    {
        var receipt = await _fixture.SubmitAsync(Like, Like);
        Assert.Equal(2, receipt.Ids.Distinct().Count());
        Assert.Equal(2, _fixture.Interactions().Count);
    }

    [Fact]
    public async Task Submit_ChosenIdAgain_IsAnsweredLikeTheFirstTime()
    {
        var first = await _fixture.SubmitAsync(LikeWithId);
        await _fixture.SubmitAsync(Like);
        var again = await _fixture.SubmitAsync(LikeWithId);

        Assert.True(_fixture.Interactions()[0].Idempotent);
        Assert.Equal(2, _fixture.Interactions().Count);
        Assert.Equal((first.Accepted, first.Position), (again.Accepted, again.Position));
        Assert.Equal(first.Ids, again.Ids);
    }

    [Fact]
    public async Task Submit_ChosenIdTwiceInOneRequest_IsAppendedOnce()
    {
        var receipt = await _fixture.SubmitAsync(LikeWithId, LikeWithId, Like);
        Assert.Equal(3, receipt.Accepted);
        Assert.Equal(receipt.Ids[0], receipt.Ids[1]);
        Assert.Equal(2, _fixture.Interactions().Count);
    }

    [Fact]
    public async Task Submit_ChosenIdOfAnotherUser_IsAnother()
    {
        var receipt = await _fixture.SubmitAsync(LikeWithId, LikeWithId.Replace("alice", "bob"));
        Assert.NotEqual(receipt.Ids[0], receipt.Ids[1]);
        Assert.Equal(2, _fixture.Interactions().Count);
    }

    [Fact]
    public async Task Submit_ChosenIdAfterTheLogWasAway_IsAppended()
    {
        _fixture.Log.Away = true;
        await Assert.ThrowsAsync<UnavailableException>(() => _fixture.SubmitAsync(LikeWithId));
        _fixture.Log.Away = false;
        await _fixture.SubmitAsync(LikeWithId);
        Assert.Single(_fixture.Interactions());
    }

    [Fact]
    public async Task Submit_ChosenIdForgotten_IsAppendedAgainWithTheSameId()
    {
        var fixture = new Fixture(new IntakeOptions { RememberedIds = 2 });
        var first = await fixture.SubmitAsync(LikeWithId);
        await fixture.SubmitAsync(LikeWithId.Replace("7", "8"), LikeWithId.Replace("7", "9"));
        var again = await fixture.SubmitAsync(LikeWithId);

        Assert.Equal(first.Ids, again.Ids);
        Assert.Equal(4, fixture.Interactions().Count);
    }

    [Fact]
    public async Task Submit_IdempotencyKeyAgain_GivesTheSameIdsAndAppendsNothing()
    {
        byte[][] lines = [Encoding.UTF8.GetBytes(Like), Encoding.UTF8.GetBytes(Like), Encoding.UTF8.GetBytes(LikeWithId)];
        var first = await _fixture.SubmitAsync(lines, "key 1");
        var again = await _fixture.SubmitAsync(lines, " key 1 ");
        var other = await _fixture.SubmitAsync(lines, "key 2");

        Assert.Equal(first.Ids, again.Ids);
        Assert.Equal(first.Position, again.Position);
        Assert.Equal(3, first.Ids.Distinct().Count());
        Assert.Equal(first.Ids[2], other.Ids[2]);
        Assert.Equal(2, other.Ids.Except(first.Ids).Count());
        Assert.Equal(5, _fixture.Interactions().Count);
        Assert.All(_fixture.Interactions(), i => Assert.True(i.Idempotent));
    }

    [Fact]
    public async Task Submit_IdempotencyKeyAfterARestart_GivesTheSameIds()
    {
        byte[][] lines = [Encoding.UTF8.GetBytes(Like)];
        Assert.Equal((await _fixture.SubmitAsync(lines, "key")).Ids, (await new Fixture().SubmitAsync(lines, "key")).Ids);
    }

    [Theory]
    [InlineData("")]
    [InlineData("a\nb")]
    public async Task Submit_BadIdempotencyKey_ThrowsArgumentException(string key)
    {
        var e = await Assert.ThrowsAsync<ArgumentException>(() => _fixture.SubmitAsync([Encoding.UTF8.GetBytes(Like)], key));
        Assert.StartsWith("Idempotency-Key", e.Message);
    }

    [Fact]
    public async Task AppendControl_Erasure_StandsInTheUsersLog()
    {
        var user = _fixture.Pseudonymizer.Pseudonym("alice");
        await _fixture.SubmitAsync(Like);
        var position = await _fixture.Intake.AppendControlAsync(new Erasure { Id = "e", User = user, At = Fixture.Now }, CancellationToken.None);

        Assert.Equal(1, position.Offset);
        Assert.Equal(user, _fixture.Log.Appended[^1].Key);
        Assert.IsType<Erasure>(JsonSerializer.Deserialize(_fixture.Log.Appended[^1].Value.Span, WireFormat.Default.UserRecord));
    }

    [Fact]
    public async Task AppendControl_Interaction_Throws()
    {
        var interaction = await _fixture.AcceptAsync(Like);
        await Assert.ThrowsAsync<ArgumentException>(() => _fixture.Intake.AppendControlAsync(interaction, CancellationToken.None));
    }

    [Fact]
    public void Constructor_BadOption_NamesIt()
    {
        var e = Assert.Throws<ArgumentException>(() => new Fixture(new IntakeOptions { MaximumLineBytes = 1 }));
        Assert.Contains("MaximumLineBytes", e.Message);
    }

    [Fact]
    public async Task Submit_Lines_AreCountedByReason()
    {
        long accepted = 0;
        var reasons = new List<object?>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, l) =>
            {
                if (instrument.Meter.Name == "Cinegrain")
                {
                    l.EnableMeasurementEvents(instrument);
                }
            },
        };
        var here = Environment.CurrentManagedThreadId;
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) =>
        {
            // Other tests count on other threads; the fake log completes at once, on this one.
            if (Environment.CurrentManagedThreadId == here && instrument.Name == "cinegrain.intake.accepted")
            {
                accepted += value;
            }
            else if (Environment.CurrentManagedThreadId == here && instrument.Name == "cinegrain.intake.rejected")
            {
                reasons.Add(tags[0].Value);
            }
        });
        listener.Start();
        await _fixture.SubmitAsync(Like, Like, "{");
        Assert.Equal(2, accepted);
        Assert.Equal(["malformed-json"], reasons);
    }
}
