using Cinegrain.Model.Ports;

namespace Cinegrain.Kafka.Tests.Setup;

public sealed class KafkaLogOptionsTests
{
    private static readonly KafkaLogOptions Good = new() { Bootstrap = "localhost:9092" };

    public static TheoryData<KafkaLogOptions, string> Wrong() => new()
    {
        { Good with { Bootstrap = " " }, "address of a broker" },
        { Good with { Prefix = "a b" }, "letters, digits" },
        { Good with { Partitions = new Dictionary<string, int> { ["x"] = 1 } }, "there is no topic x" },
        { Good with { Partitions = new Dictionary<string, int> { [Topics.Movies] = 0 } }, "choose 1 to 256" },
        { Good with { Retention = new Dictionary<string, TimeSpan> { [Topics.Movies] = TimeSpan.FromDays(1) } }, "has no retention time" },
        { Good with { ReplicationFactor = 0 }, "replication factor" },
        { Good with { QueuedRecords = 0 }, "more than nothing" },
        { Good with { AppendTimeout = TimeSpan.FromSeconds(1) }, "time-out" },
        { Good with { Security = new KafkaSecurity { Protocol = "tls" } }, "it is one of plaintext, ssl" },
        { Good with { Security = new KafkaSecurity { Protocol = "sasl_ssl" } }, "needs a SASL mechanism" },
        { Good with { Security = new KafkaSecurity { SaslMechanism = "MD5" } }, "SCRAM-SHA-512" },
        { Good with { Security = new KafkaSecurity { Certificate = "a.pem" } }, "given together" },
    };

    [Theory]
    [MemberData(nameof(Wrong))]
    public void Validate_OutOfRange_SaysWhatWouldBeRight(KafkaLogOptions options, string message) =>
        Assert.Contains(message, Assert.Throws<ArgumentException>(options.Validate).Message, StringComparison.Ordinal);

    [Fact]
    public void Validate_Defaults_AreGood() => Good.Validate();

    [Fact]
    public void ToString_OfSecurity_ShowsNoSecret()
    {
        var security = new KafkaSecurity { Protocol = "sasl_ssl", SaslMechanism = "PLAIN", UserName = "name", Password = "secret" };
        Assert.DoesNotContain("secret", (Good with { Security = security }).ToString(), StringComparison.Ordinal);
    }
}
