namespace Cinegrain.Kafka;

/// <summary>How brokers are told apart from impostors, and how this process shows who it is.</summary>
public sealed record KafkaSecurity
{
    /// <summary><c>plaintext</c>, <c>ssl</c>, <c>sasl_plaintext</c> or <c>sasl_ssl</c>, as Kafka's <c>security.protocol</c>.</summary>
    public string Protocol { get; init; } = "plaintext";

    /// <summary><c>PLAIN</c>, <c>SCRAM-SHA-256</c> or <c>SCRAM-SHA-512</c>; needed by the two SASL protocols.</summary>
    public string? SaslMechanism { get; init; }

    /// <summary>User name of SASL.</summary>
    public string? UserName { get; init; }

    /// <summary>Password of SASL.</summary>
    public string? Password { get; init; }

    /// <summary>PEM file of the authority that signs the brokers' certificates; null takes the system's authorities.</summary>
    public string? CertificateAuthority { get; init; }

    /// <summary>PEM file of this client's certificate, for brokers that ask for one.</summary>
    public string? Certificate { get; init; }

    /// <summary>PEM file of the certificate's key.</summary>
    public string? Key { get; init; }

    /// <summary>Protocols that are known.</summary>
    internal static readonly string[] Protocols = ["plaintext", "ssl", "sasl_plaintext", "sasl_ssl"];

    /// <summary>Mechanisms that are known.</summary>
    internal static readonly string[] Mechanisms = ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"];

    /// <summary>True for the protocols with a user name.</summary>
    internal bool IsSasl => Protocol.StartsWith("sasl", StringComparison.Ordinal);

    /// <summary>The secrets stay out of any text.</summary>
    public override string ToString() => $"{Protocol} {SaslMechanism}".TrimEnd();
}
