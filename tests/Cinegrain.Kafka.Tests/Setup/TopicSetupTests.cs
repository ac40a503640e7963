using Cinegrain.Contracts.Servers;
using Cinegrain.Kafka.Tests.Support;
using Cinegrain.Model.Ports;
using Confluent.Kafka.Admin;

namespace Cinegrain.Kafka.Tests.Setup;

public sealed class TopicSetupTests : IAsyncLifetime
{
    private readonly KafkaLogOptions _options = Broker.Bootstrap is null ? null! : Broker.NewOptions();

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync() => _options is null ? Task.CompletedTask : Broker.RemoveAsync(_options);

    [KafkaFact]
    public async Task OpenAsync_NothingThere_MakesTheTopicsAsTheyMustBe()
    {
        var retention = TimeSpan.FromDays(3);
        await using (await Broker.OpenAsync(_options with
        {
            Partitions = new Dictionary<string, int> { [Topics.Interactions] = 3 },
            Retention = new Dictionary<string, TimeSpan> { [Topics.Signals] = retention },
        }))
        {
        }

        using var admin = Broker.NewAdmin();
        var topics = admin.GetMetadata(TimeSpan.FromSeconds(10)).Topics.ToDictionary(topic => topic.Topic, topic => topic.Partitions.Count);
        Assert.Equal(3, topics[_options.Prefix + Topics.Interactions]);
        Assert.Equal(2, topics[_options.Prefix + Topics.Signals]);
        Assert.Equal(4, topics[_options.Prefix + Topics.Intake]);
        var signals = await DescribeAsync(admin, Topics.Signals);
        Assert.Equal("delete", signals["cleanup.policy"]);
        Assert.Equal($"{retention.TotalMilliseconds:0}", signals["retention.ms"]);
        Assert.Equal("LogAppendTime", signals["message.timestamp.type"]);
        Assert.Equal("compact", (await DescribeAsync(admin, Topics.Movies))["cleanup.policy"]);
    }

    [KafkaFact]
    public async Task OpenAsync_OtherNumberOfPartitions_IsRefusedWithWhatToDo()
    {
        await using (await Broker.OpenAsync(_options))
        {
        }

        var refusal = await Assert.ThrowsAsync<KafkaSetupException>(() => Broker.OpenAsync(
            _options with { Partitions = new Dictionary<string, int> { [Topics.Interactions] = 5 } }));
        Assert.Contains($"{_options.Prefix}{Topics.Interactions} has 4 partitions", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("set it to 4", refusal.Message, StringComparison.Ordinal);
    }

    [KafkaFact]
    public async Task OpenAsync_NumberOfPartitionsLeftOut_TakesWhatIsThere()
    {
        await using (await Broker.OpenAsync(_options with { Partitions = new Dictionary<string, int> { [Topics.Interactions] = 3 } }))
        {
        }

        await using var log = await Broker.OpenAsync(_options);
        Assert.Equal(3, log.PartitionCount(Topics.Interactions));
    }

    [KafkaFact]
    public async Task OpenAsync_OtherCleanupPolicy_IsRefusedWithWhatToDo()
    {
        using (var admin = Broker.NewAdmin())
        {
            await admin.CreateTopicsAsync([new TopicSpecification { Name = _options.Prefix + Topics.Movies, NumPartitions = 1 }]);
        }

        var refusal = await Assert.ThrowsAsync<KafkaSetupException>(() => Broker.OpenAsync(_options));
        Assert.Contains("cleanup.policy=delete, but must have compact", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("kafka-configs --alter", refusal.Message, StringComparison.Ordinal);
    }

    [KafkaFact]
    public async Task Identity_TopicMadeAgain_IsThatOfAnotherLog()
    {
        string before;
        await using (var log = await Broker.OpenAsync(_options))
        {
            before = log.Identity;
        }

        using (var admin = Broker.NewAdmin())
        {
            await admin.DeleteTopicsAsync([_options.Prefix + Topics.Signals]);
        }

        await using var again = await Broker.OpenAsync(_options);
        Assert.NotEqual(before, again.Identity);
    }

    [KafkaFact]
    public async Task Identity_RejectedInputMadeAgain_StaysTheSame()
    {
        string before;
        await using (var log = await Broker.OpenAsync(_options))
        {
            before = log.Identity;
        }

        using (var admin = Broker.NewAdmin())
        {
            await admin.DeleteTopicsAsync([_options.Prefix + Topics.Rejected]);
        }

        await using var again = await Broker.OpenAsync(_options);
        Assert.Equal(before, again.Identity);
    }

    /// <summary>These two registers decide what is seen at all, so what cannot be read is not passed over.</summary>
    [KafkaTheory]
    [InlineData(Topics.Erasures, "it is not known whose records it is to keep out")]
    [InlineData("cinegrain.log", "the record of the log's identity in topic")]
    public async Task OpenAsync_RecordOfARegisterCannotBeRead_IsRefusedWithWhatToDo(string topic, string expected)
    {
        await (await Broker.OpenAsync(_options)).DisposeAsync();
        using (var producer = new Confluent.Kafka.ProducerBuilder<string, string>(new Confluent.Kafka.ProducerConfig { BootstrapServers = Broker.Bootstrap }).Build())
        {
            await producer.ProduceAsync(
                new Confluent.Kafka.TopicPartition(_options.Prefix + topic, 0), new Confluent.Kafka.Message<string, string> { Key = "identity", Value = """{"v":1}""" });
        }

        var refusal = await Assert.ThrowsAsync<KafkaSetupException>(() => Broker.OpenAsync(_options));
        Assert.Contains(expected, refusal.Message, StringComparison.Ordinal);
        Assert.Contains("newer program", refusal.Message, StringComparison.Ordinal);
    }

    [KafkaFact]
    public async Task OpenAsync_NoBrokerThere_SaysSo()
    {
        var failure = await Assert.ThrowsAsync<UnavailableException>(() => Broker.OpenAsync(
            _options with { Bootstrap = "127.0.0.1:1", OpenTimeout = TimeSpan.FromSeconds(1) }));
        Assert.Contains("Kafka at 127.0.0.1:1 does not answer", failure.Message, StringComparison.Ordinal);
    }

    private async Task<Dictionary<string, string>> DescribeAsync(Confluent.Kafka.IAdminClient admin, string topic)
    {
        var described = await admin.DescribeConfigsAsync([new ConfigResource { Type = ResourceType.Topic, Name = _options.Prefix + topic }]);
        return described[0].Entries.Values.ToDictionary(entry => entry.Name, entry => entry.Value);
    }
}
