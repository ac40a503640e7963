using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans.Hosting;
using Orleans.Runtime;
using Orleans.Streams;

namespace Cinegrain.Streaming.Tests;

public sealed class ProviderPartsTests
{
    private static readonly Dictionary<string, int> Partitions = new(StringComparer.Ordinal) { ["films"] = 3, ["users"] = 4 };

    [Fact]
    public void GetQueueForStream_EachNamespace_IsAPartitionOfItsTopic()
    {
        var options = Options();
        options.Partitioner = (key, partitions) => key.Span[0] % partitions;
        var mapper = new KafkaQueueMapper(options, Partitions);

        var queue = mapper.GetQueueForStream(StreamId.Create("u", "\u0007"));

        Assert.Equal(("users", 3u), (queue.GetStringNamePrefix(), queue.GetNumericId()));
        Assert.Equal(7, mapper.GetAllQueues().Distinct().Count());
        Assert.Contains(queue, mapper.GetAllQueues());
        Assert.Throws<ArgumentException>(() => mapper.GetQueueForStream(StreamId.Create("other", "k")));
    }

    [Fact]
    public void GetAllQueues_Hashes_AreSpreadOverTheRing()
    {
        var hashes = new KafkaQueueMapper(Options(), Partitions).GetAllQueues().Select(queue => queue.GetUniformHashCode()).Order().ToList();

        Assert.Equal(7, hashes.Distinct().Count());
        Assert.All(hashes.Zip(hashes.Skip(1)), pair => Assert.InRange(pair.Second - pair.First, uint.MaxValue / 7 - 1, uint.MaxValue / 7 + 1));
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(12, 5)]
    [InlineData(3, 7)]
    [InlineData(24, 2)]
    public void Distribute_AnySilos_IsEvenAndComplete(int partitions, int silos)
    {
        var queues = Queues(partitions);

        var distribution = EvenQueueBalancer.Distribute(queues, Names(silos));

        Assert.Equal(queues.Order(), distribution.Values.SelectMany(own => own).Order());
        Assert.All(distribution.Values, own => Assert.InRange(own.Count, partitions / silos, (partitions + silos - 1) / silos));
    }

    [Fact]
    public void Distribute_OneSiloLess_MovesFewerThanHalf()
    {
        var queues = Queues(64);
        var before = EvenQueueBalancer.Distribute(queues, Names(8));
        var after = EvenQueueBalancer.Distribute(queues, Names(8).Skip(1));

        var stayed = after.Sum(silo => silo.Value.Count(before[silo.Key].Contains));

        // 56 could stay.
        Assert.InRange(stayed, 33, 56);
    }

    [Fact]
    public void Distribute_NoSilos_IsEmpty() => Assert.Empty(EvenQueueBalancer.Distribute(Queues(3), []));

    // Expected values: org.apache.kafka.common.utils.Utils.murmur2, from its own tests.
    [Theory]
    [InlineData("21", -973_932_308)]
    [InlineData("foobar", -790_332_482)]
    [InlineData("a-little-bit-long-string", -985_981_536)]
    [InlineData("a-little-bit-longer-string", -1_486_304_829)]
    [InlineData("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971)]
    public void Murmur2_KnownKeys_AreAsInKafka(string key, int hash) =>
        Assert.Equal((hash & int.MaxValue) % 1_000_003, KafkaPartitioners.Murmur2(Encoding.UTF8.GetBytes(key), 1_000_003));

    [Fact]
    public void CompareTo_Tokens_GoesByOffset()
    {
        var token = new KafkaSequenceToken("t", 2, 10);

        Assert.True(token.Newer(new KafkaSequenceToken(9)));
        Assert.True(token.Older(new KafkaSequenceToken("t", 2, 11)));
        Assert.Equal(token, (StreamSequenceToken)new KafkaSequenceToken(10));
        Assert.Equal(token.GetHashCode(), new KafkaSequenceToken(10).GetHashCode());
        Assert.Equal(1, token.CompareTo(null));
    }

    [Fact]
    public void ValidateConfiguration_GoodOptions_Passes() => new KafkaStreamOptionsValidator(Options(), "p").ValidateConfiguration();

    [Theory]
    [MemberData(nameof(BadOptions))]
    public void ValidateConfiguration_BadOptions_SaysWhatToDo(Action<KafkaStreamOptions> spoil, string expected)
    {
        var options = Options();
        spoil(options);

        var problem = Assert.Throws<OrleansConfigurationException>(() => new KafkaStreamOptionsValidator(options, "p").ValidateConfiguration());

        Assert.Contains(expected, problem.Message, StringComparison.Ordinal);
        Assert.Contains("'p'", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AddKafkaStreams_OptionsThatOrleansLogs_HaveNoSecret()
    {
        using var host = new HostBuilder().UseOrleans(silo => silo.UseLocalhostClustering().AddKafkaStreams("p", options =>
        {
            options.Client["bootstrap.servers"] = "localhost:9092";
            options.Client["sasl.password"] = "s3cret";
            options.Producer["sasl.password"] = "s3cret";
            options.Topics["users"] = "u";
            options.ConsumerGroup = "the-group";
        })).Build();

        var logged = string.Join('\n', host.Services.GetServices<IOptionFormatter>().SelectMany(formatter => formatter.Format()));

        Assert.Contains("the-group", logged, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", logged, StringComparison.Ordinal);
    }

    public static TheoryData<Action<KafkaStreamOptions>, string> BadOptions => new()
    {
        { options => options.Client.Clear(), "bootstrap.servers" },
        { options => options.Topics.Clear(), "Topics is empty" },
        { options => options.Topics["films"] = " ", "Topics needs" },
        { options => options.Topics["films"] = "u", "same namespace" },
        { options => options.Client["group.id"] = "g", "ConsumerGroup" },
        { options => options.CachedRecords = 0, "CachedRecords must be above 0" },
        { options => options.CheckpointInterval = TimeSpan.Zero, "CheckpointInterval must be above 0" },
        { options => options.ReceiveWait = TimeSpan.FromSeconds(1), "ReceiveWait must be between 10 and 250 ms" },
    };

    private static KafkaStreamOptions Options()
    {
        var options = new KafkaStreamOptions();
        options.Client["bootstrap.servers"] = "localhost:9092";
        options.Topics["users"] = "u";
        options.Topics["films"] = "f";
        return options;
    }

    private static QueueId[] Queues(int count) => [.. Enumerable.Range(0, count).Select(i => QueueId.GetQueueId("t", (uint)i, (uint)i))];

    private static IEnumerable<string> Names(int count) => Enumerable.Range(0, count).Select(i => $"10.0.0.{i}:11111@{i}");
}
