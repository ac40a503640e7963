using Cinegrain.Contracts.Servers;
using Cinegrain.Kafka.Tests.Support;
using Cinegrain.Model.Ports;

namespace Cinegrain.Kafka.Tests.Setup;

/// <summary>Brokers that ask who comes. SCRAM is not among them: the client library of the tests' system may be older than what newer brokers ask of it.</summary>
public sealed class SecurityTests(SecuredBroker broker) : IClassFixture<SecuredBroker>
{
    private static int _logs;

    private KafkaSecurity Plain => new()
    {
        Protocol = "sasl_ssl",
        SaslMechanism = "PLAIN",
        UserName = SecuredBroker.User,
        Password = SecuredBroker.Password,
        CertificateAuthority = broker.Authority,
    };

    [OwnBrokerFact]
    public Task Append_OverTlsWithAPassword_IsReadBack() => AssertWorksAsync(broker.WithPassword, Plain);

    [OwnBrokerFact]
    public Task Append_OverTlsWithACertificate_IsReadBack() => AssertWorksAsync(
        broker.WithCertificate,
        new KafkaSecurity { Protocol = "ssl", CertificateAuthority = broker.Authority, Certificate = broker.Certificate, Key = broker.Key });

    [OwnBrokerFact]
    public Task OpenAsync_WithAWrongPassword_SaysThatItWasRefused() =>
        AssertRefusedAsync(broker.WithPassword, Plain with { Password = "another" }, "Authentication failed", "another");

    [OwnBrokerFact]
    public Task OpenAsync_WithAnotherAuthority_SaysThatTheCertificateIsNotItsOwn() =>
        AssertRefusedAsync(broker.WithPassword, Plain with { CertificateAuthority = broker.OtherAuthority }, "certificate", SecuredBroker.Password);

    [OwnBrokerFact]
    public Task OpenAsync_WithoutACertificateWhereOneIsAskedFor_IsRefused() =>
        AssertRefusedAsync(broker.WithCertificate, new KafkaSecurity { Protocol = "ssl", CertificateAuthority = broker.Authority }, "does not answer", SecuredBroker.Password);

    private static KafkaLogOptions Options(string bootstrap, KafkaSecurity security) => new()
    {
        Bootstrap = bootstrap,
        Prefix = $"secured-{Interlocked.Increment(ref _logs)}.",
        Security = security,
        OpenTimeout = TimeSpan.FromSeconds(20),
    };

    private static async Task AssertWorksAsync(string bootstrap, KafkaSecurity security)
    {
        await using var log = await Broker.OpenAsync(Options(bootstrap, security));
        var position = Assert.Single(await log.AppendAsync([new LogEntry(Topics.Interactions, "user", "{}"u8.ToArray())], CancellationToken.None));
        var record = Assert.Single(await log.ReadAsync(Topics.Interactions, position.Partition, position.Offset, 10, CancellationToken.None));
        Assert.Equal("{}"u8.ToArray(), record.Value.ToArray());
    }

    private static async Task AssertRefusedAsync(string bootstrap, KafkaSecurity security, string expected, string secret)
    {
        var exception = await Assert.ThrowsAsync<UnavailableException>(() => Broker.OpenAsync(Options(bootstrap, security) with { OpenTimeout = TimeSpan.FromSeconds(3) }));
        Assert.Contains(expected, exception.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(secret, exception.Message, StringComparison.Ordinal);
    }
}
