using Cinegrain.Streaming.Caching;
using Orleans.Runtime;
using Orleans.Streams;

namespace Cinegrain.Streaming.Tests.Caching;

public sealed class PartitionCacheTests
{
    private static readonly StreamId A = StreamId.Create("n", "a"), B = StreamId.Create("n", "b");

    private readonly KafkaStreamOptions _options = new() { CachedRecords = 10, DeliveredRecords = 3 };
    private readonly PartitionCache _cache;

    public PartitionCacheTests()
    {
        _cache = new PartitionCache("topic", 4, _options);
        _cache.Begin(100);
    }

    [Fact]
    public void GetCacheCursor_AtArrival_YieldsWhatFollowsInOrder()
    {
        Add(100, A);
        Add(101, B);
        Add(102, A);
        var arrivals = _cache.TakeArrivals();

        var cursor = _cache.GetCacheCursor(A, arrivals.Single(arrival => arrival.StreamId == A).SequenceToken);

        Assert.Equal([A, B], arrivals.Select(arrival => arrival.StreamId));
        Assert.Equal([100, 102], Next(cursor));
        Assert.Empty(Next(cursor));
        Assert.Empty(_cache.TakeArrivals());
    }

    [Theory]
    [InlineData(-1, new long[] { 100, 102 })]
    [InlineData(50, new long[] { 100, 102 })]
    [InlineData(100, new long[] { 102 })]
    [InlineData(101, new long[] { 102 })]
    [InlineData(102, new long[0])]
    [InlineData(5_000, new long[0])]
    public void GetCacheCursor_AtAnyToken_YieldsWhatFollowsIt(long token, long[] expected)
    {
        Add(100, A);
        Add(102, A);

        Assert.Equal(expected, Next(_cache.GetCacheCursor(A, new KafkaSequenceToken(token))));
    }

    [Fact]
    public void GetCacheCursor_UnknownStream_YieldsWhatComesLater()
    {
        var cursor = _cache.GetCacheCursor(A, new KafkaSequenceToken(99));
        Assert.Empty(Next(cursor));

        Add(100, A);

        Assert.Equal([100], Next(cursor));
    }

    [Fact]
    public void GetCacheCursor_NoToken_YieldsWhatWasNotDelivered()
    {
        Add(100, A);
        Read(_cache.GetCacheCursor(A, new KafkaSequenceToken(-1)));
        Add(101, A);

        Assert.Equal([101], Next(_cache.GetCacheCursor(A, null)));
    }

    [Fact]
    public void MoveNext_ManyRecords_YieldsThemInPieces()
    {
        for (var offset = 100; offset < 107; offset++)
        {
            Add(offset, A);
        }

        var cursor = _cache.GetCacheCursor(A, new KafkaSequenceToken(-1));

        Assert.Equal([100, 101, 102], Next(cursor));
        Assert.Equal([103, 104, 105], Next(cursor));
        Assert.Equal([106], Next(cursor));
    }

    [Fact]
    public void RecordDeliveryFailure_ThenMove_YieldsTheSameAgain()
    {
        Add(100, A);
        var cursor = _cache.GetCacheCursor(A, new KafkaSequenceToken(-1));
        Next(cursor);

        cursor.RecordDeliveryFailure();

        Assert.Equal([100], Next(cursor));
        Assert.Equal(100, _cache.Frontier());
    }

    [Fact]
    public void Frontier_OneStreamUndelivered_StaysAtItsFirstRecord()
    {
        Add(100, A);
        Add(101, B);
        Add(102, A);
        Assert.Equal(100, _cache.Frontier());

        Read(_cache.GetCacheCursor(A, new KafkaSequenceToken(-1)));
        Assert.Equal(101, _cache.Frontier());

        Read(_cache.GetCacheCursor(B, new KafkaSequenceToken(-1)));
        Assert.Equal(103, _cache.Frontier());
    }

    [Fact]
    public void Frontier_BatchInDelivery_DoesNotPassIt()
    {
        Add(100, A);
        Next(_cache.GetCacheCursor(A, new KafkaSequenceToken(-1)));

        Assert.Equal(100, _cache.Frontier());
    }

    [Fact]
    public void Frontier_PassedOver_GoesOn()
    {
        _cache.PassTo(120);

        Assert.Equal(120, _cache.Frontier());
    }

    [Fact]
    public void Frontier_TwoSubscribers_GoesByTheSlower()
    {
        Add(100, A);
        Read(_cache.GetCacheCursor(A, new KafkaSequenceToken(-1)));
        var slower = _cache.GetCacheCursor(A, new KafkaSequenceToken(-1));
        Next(slower);
        Assert.Equal(100, _cache.Frontier());

        Read(slower);
        Assert.Equal(101, _cache.Frontier());
    }

    [Fact]
    public void Frontier_PlaceHeldForARegistration_DoesNotCountAsDelivered()
    {
        Add(100, A);
        _cache.GetCacheCursor(A, new KafkaSequenceToken(500));

        Assert.Equal(100, _cache.Frontier());
    }

    [Fact]
    public void GetCacheCursor_SubscriberWithLess_TakesDeliveryBack()
    {
        Add(100, A);
        Add(101, A);
        var gone = _cache.GetCacheCursor(A, new KafkaSequenceToken(-1));
        Read(gone);
        Assert.Equal(102, _cache.Frontier());

        var fresh = _cache.GetCacheCursor(A, new KafkaSequenceToken(100));
        Assert.Equal([101], Next(fresh));
        gone.Dispose();

        Assert.Equal(101, _cache.Frontier());
        Read(fresh);
        Assert.Equal(102, _cache.Frontier());
        Assert.Equal((3L, 1L), (_cache.Delivered, _cache.Redelivered));
    }

    [Fact]
    public void GetCacheCursor_SubscriberWithMore_CountsWhatItHas()
    {
        Add(100, A);
        Add(101, A);

        var cursor = _cache.GetCacheCursor(A, new KafkaSequenceToken(101));

        Assert.Empty(Next(cursor));
        Assert.Equal(102, _cache.Frontier());
    }

    [Fact]
    public void Persisted_AtABarrier_KeepsWhatIsAbove()
    {
        Add(100, A);
        Add(101, B);
        Add(102, A);
        Assert.Equal(2, _cache.ChangedStreams);

        _cache.Persisted(102);

        Assert.Equal((102L, 1, 1), (_cache.Checkpoint, _cache.Count, _cache.ChangedStreams));
        Assert.Equal(1, _cache.Streams);
        Assert.Equal([102], Next(_cache.GetCacheCursor(A, new KafkaSequenceToken(-1))));
        Assert.Equal(10, _cache.Bytes);
    }

    [Fact]
    public void StreamsBelow_ABarrier_NamesTheLastRecordOfEach()
    {
        Add(100, A);
        Add(101, B);
        Add(102, A);
        Add(103, A);

        Assert.Equal([new KafkaStreamPosition(A, 102), new KafkaStreamPosition(B, 101)], _cache.StreamsBelow(103));
    }

    [Fact]
    public void Rewind_Delivered_AnnouncesAndDeliversAgain()
    {
        Add(100, A);
        Add(101, A);
        _cache.TakeArrivals();
        var cursor = _cache.GetCacheCursor(A, new KafkaSequenceToken(-1));
        Read(cursor);

        _cache.Rewind(A, 100);

        Assert.Equal(101, _cache.Frontier());
        Assert.Equal(new KafkaSequenceToken(100), Assert.Single(_cache.TakeArrivals()).SequenceToken);
        Assert.Equal([101], Next(cursor));
    }

    [Fact]
    public void PreviousOffset_AfterACheckpoint_ForgetsWhatIsPersisted()
    {
        Assert.Equal(-1, _cache.PreviousOffset(A));
        Add(100, A);
        Assert.Equal(100, _cache.PreviousOffset(A));

        _cache.Persisted(101);

        Assert.Equal(-1, _cache.PreviousOffset(A));
    }

    [Fact]
    public void MoveNext_RecordBeforeItIsPersisted_NamesItNoLonger()
    {
        _cache.Add(100, A, Record(100, previous: -1), 10);
        _cache.Add(105, A, Record(105, previous: 100), 10);
        _cache.Add(107, A, Record(107, previous: 105), 10);
        Assert.Equal([-1, 100, 105], Previous());

        _cache.Persisted(103);

        Assert.Equal([-1, 105], Previous());

        IEnumerable<long> Previous()
        {
            var cursor = _cache.GetCacheCursor(A, new KafkaSequenceToken(-1));
            cursor.MoveNextWithResult();
            return cursor.GetCurrent(out _)!.GetEvents<KafkaRecord>().Select(item => item.Item1.PreviousOffset).ToList();
        }

        static KafkaRecord Record(long offset, long previous) => new()
        {
            Topic = "topic",
            Partition = 4,
            Offset = offset,
            PreviousOffset = previous,
            Checkpoint = 100,
            Generation = 1,
            Value = null,
            ArrivedMs = 0,
        };
    }

    [Fact]
    public void GetMaxAddCount_Full_IsNothingUntilACheckpoint()
    {
        for (var offset = 100; offset < 110; offset++)
        {
            Add(offset, A);
        }

        _cache.TakeArrivals();
        Assert.Equal(0, _cache.GetMaxAddCount());

        _cache.Persisted(105);
        Assert.Equal(_options.PulledRecords, _cache.GetMaxAddCount());
    }

    [Fact]
    public void GetMaxAddCount_FullWithSomethingToTell_LetsTheAgentAsk()
    {
        for (var offset = 100; offset < 110; offset++)
        {
            Add(offset, A);
        }

        Assert.Equal(_options.PulledRecords, _cache.GetMaxAddCount());
    }

    [Fact]
    public void AnnounceOrphans_RegistrationThatFailed_IsToldAgain()
    {
        Add(100, A);
        var place = _cache.GetCacheCursor(A, _cache.TakeArrivals()[0].SequenceToken);
        place.Dispose();

        Assert.Equal(100, _cache.Frontier());
        Assert.Equal(1, _cache.AnnounceOrphans(10));
        Assert.Equal(A, Assert.Single(_cache.TakeArrivals()).StreamId);
        Assert.Equal(0, _cache.AnnounceOrphans(10));
    }

    [Fact]
    public void Dispose_LastCursorOfAPersistedStream_ForgetsTheStream()
    {
        Add(100, A);
        var cursor = _cache.GetCacheCursor(A, new KafkaSequenceToken(-1));
        Read(cursor);
        _cache.Persisted(101);
        Assert.Equal(1, _cache.Streams);

        cursor.Dispose();

        Assert.Equal(0, _cache.Streams);
        Assert.Equal(0, _cache.AnnounceOrphans(10));
    }

    private static long[] Next(IQueueCacheCursor cursor) => cursor.MoveNextWithResult().Kind == QueueCacheCursorMoveResultKind.Success
        ? [.. cursor.GetCurrent(out _)!.GetEvents<object>().Select(item => ((KafkaSequenceToken)item.Item2).Offset)]
        : [];

    private static void Read(IQueueCacheCursor cursor)
    {
        while (Next(cursor).Length > 0)
        {
        }
    }

    private void Add(long offset, StreamId stream) => _cache.Add(offset, stream, offset, 10);
}
