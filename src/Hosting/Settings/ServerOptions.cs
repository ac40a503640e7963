namespace Cinegrain.Hosting;

/// <summary>Settings that every server has: where Kafka and Elasticsearch are, what is kept, and how the server is watched.</summary>
public abstract record ServerOptions
{
    [Setting("Addresses to listen on, separated by ;.")]
    public virtual string Urls { get; init; } = "http://localhost:5080";

    [Setting("Brokers of Kafka, separated by commas.")]
    public string KafkaBootstrap { get; init; } = "localhost:9092";

    [Setting("What stands before the names of topics and groups.")]
    public string KafkaPrefix { get; init; } = "";

    [Setting("Copies of each topic that is made; without it, what the brokers have.", Least = 1, Most = 100)]
    public int? KafkaReplication { get; init; }

    [Setting("plaintext, ssl, sasl_plaintext or sasl_ssl.")]
    public string KafkaSecurity { get; init; } = "plaintext";

    [Setting("PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512, with the sasl protocols.")]
    public string? KafkaSaslMechanism { get; init; }

    [Setting("User of Kafka, with the sasl protocols.")]
    public string? KafkaUser { get; init; }

    [Setting("Password of that user.", IsSecret = true)]
    public string? KafkaPassword { get; init; }

    [Setting("File with the password of that user.")]
    public string? KafkaPasswordFile { get; init; }

    [Setting("PEM file of the authority that signs the brokers' certificates.")]
    public string? KafkaCa { get; init; }

    [Setting("PEM file of a client certificate, for brokers that ask for one.")]
    public string? KafkaCertificate { get; init; }

    [Setting("PEM file of that certificate's key.")]
    public string? KafkaKey { get; init; }

    [Setting("Nodes of Elasticsearch, separated by ;.")]
    public string ElasticsearchUrls { get; init; } = "http://localhost:9200";

    [Setting("API key for Elasticsearch, encoded as Elasticsearch gives it.", IsSecret = true)]
    public string? ElasticsearchApiKey { get; init; }

    [Setting("File with the API key for Elasticsearch, encoded as Elasticsearch gives it.")]
    public string? ElasticsearchApiKeyFile { get; init; }

    [Setting("User of Elasticsearch, when there is no API key.")]
    public string? ElasticsearchUser { get; init; }

    [Setting("Password of that user.", IsSecret = true)]
    public string? ElasticsearchPassword { get; init; }

    [Setting("File with the password of that user.")]
    public string? ElasticsearchPasswordFile { get; init; }

    [Setting("SHA-256 of the certificate authority of Elasticsearch, in hex.")]
    public string? ElasticsearchFingerprint { get; init; }

    [Setting("First part of the names of the indices.")]
    public string ElasticsearchPrefix { get; init; } = "cinegrain";

    [Setting("Compress what is sent to Elasticsearch.")]
    public bool ElasticsearchCompress { get; init; }

    [Setting("Partitions of the interactions; fixed when the log is made, then 4 without it.", Least = 1, Most = 256)]
    public int? Partitions { get; init; }

    [Setting("Days that interactions stay in the log.", Least = 0.01, Most = 36_500)]
    public double RetainInteractionsDays { get; init; } = 30;

    [Setting("Days that signals stay in the log.", Least = 0.01, Most = 36_500)]
    public double RetainSignalsDays { get; init; } = 7;

    [Setting("Days that refused input stays in the log.", Least = 0.01, Most = 36_500)]
    public double RetainRejectedDays { get; init; } = 14;

    [Setting("Where traces and metrics are sent by OTLP; without it, nowhere.")]
    public string? OtlpEndpoint { get; init; }

    [Setting("Answer /metrics without an API key.")]
    public bool OpenMetrics { get; init; }

    [Setting("Log one line a request, without ids.")]
    public bool AccessLog { get; init; }
}
