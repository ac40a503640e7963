using System.CommandLine;
using System.Globalization;
using Cinegrain.Ingest;
using Cinegrain.Kafka;
using Cinegrain.Model.Ports;

namespace Cinegrain.Cli.Importing;

/// <summary>The options of a command that writes to the topics of Kafka itself. They are named like those of the server.</summary>
internal static class KafkaOptions
{
    /// <summary>Environment variable that holds the password of SASL, so that it need not stand on a command line.</summary>
    public const string PasswordVariable = "CINEGRAIN_KAFKA_PASSWORD";

    private const string Server = "server", Kafka = "kafka";

    private static readonly Option<string> To = new("--to")
    {
        Description = "Where it goes: through a server, or to the topics of Kafka by itself, with the same checks, pseudonyms and enrichment, when the server is not to be burdened or does not run.",
        HelpName = $"{Server}|{Kafka}",
        DefaultValueFactory = _ => Server,
    };

    private static readonly Option<string> Bootstrap = new("--kafka-bootstrap")
    {
        Description = "With --to kafka: some brokers of the cluster.", HelpName = "HOST:PORT,…", DefaultValueFactory = _ => "localhost:9092",
    };

    private static readonly Option<string> Prefix = new("--kafka-prefix")
    {
        Description = "With --to kafka: what stands before the names of the topics.", HelpName = "TEXT", DefaultValueFactory = _ => "",
    };

    private static readonly Option<string> Data = new("--data")
    {
        Description = $"With --to kafka: folder with the server's {PseudonymKeys.FileName}.", HelpName = "DIR", DefaultValueFactory = _ => "data",
    };

    private static readonly Option<int?> Partitions = new("--partitions")
    {
        Description = "With --to kafka: partitions of the interactions, where the topic is not there yet; else it must have so many.", HelpName = "N",
    };

    private static readonly Option<int?> Replication = new("--kafka-replication")
    {
        Description = "With --to kafka: copies of each topic that is made.", HelpName = "N",
    };

    private static readonly Option<string> Protocol = new("--kafka-security")
    {
        Description = "With --to kafka: plaintext, ssl, sasl_plaintext or sasl_ssl.", HelpName = "PROTOCOL", DefaultValueFactory = _ => "plaintext",
    };

    private static readonly Option<string?> Mechanism = new("--kafka-sasl-mechanism")
    {
        Description = "With SASL: PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512.", HelpName = "MECHANISM",
    };

    private static readonly Option<string?> User = new("--kafka-user") { Description = "With SASL: the user.", HelpName = "NAME" };

    private static readonly Option<string?> PasswordFile = new("--kafka-password-file")
    {
        Description = $"With SASL: file with the password; without it, what the variable {PasswordVariable} holds.", HelpName = "FILE",
    };

    private static readonly Option<string?> Authority = new("--kafka-ca") { Description = "With SSL: PEM file of the authority that signs the brokers' certificates.", HelpName = "FILE" };

    private static readonly Option<string?> Certificate = new("--kafka-certificate") { Description = "With SSL: PEM file of a client certificate.", HelpName = "FILE" };

    private static readonly Option<string?> Key = new("--kafka-key") { Description = "With SSL: PEM file of its key.", HelpName = "FILE" };

    static KafkaOptions() => To.AcceptOnlyFromAmong(Server, Kafka);

    /// <summary>Adds the options to a command.</summary>
    public static void AddTo(Command command)
    {
        foreach (var option in new Option[] { To, Bootstrap, Prefix, Data, Partitions, Replication, Protocol, Mechanism, User, PasswordFile, Authority, Certificate, Key })
        {
            command.Options.Add(option);
        }
    }

    /// <summary>True when the topics are written to.</summary>
    public static bool AreMeant(ParseResult result) => result.GetValue(To) == Kafka;

    /// <summary>The log that the options name.</summary>
    public static KafkaLogOptions Log(ParseResult result) => new()
    {
        Bootstrap = result.GetRequiredValue(Bootstrap),
        Prefix = result.GetRequiredValue(Prefix),
        Partitions = result.GetValue(Partitions) is { } count ? new Dictionary<string, int> { [Topics.Interactions] = count } : new Dictionary<string, int>(),
        ReplicationFactor = result.GetValue(Replication),
        Security = new KafkaSecurity
        {
            Protocol = result.GetRequiredValue(Protocol),
            SaslMechanism = result.GetValue(Mechanism),
            UserName = result.GetValue(User),
            Password = result.GetValue(PasswordFile) is { } file ? File.ReadAllText(file).Trim() : Environment.GetEnvironmentVariable(PasswordVariable),
            CertificateAuthority = result.GetValue(Authority),
            Certificate = result.GetValue(Certificate),
            Key = result.GetValue(Key),
        },
    };

    /// <summary>Makes the pseudonyms that the server makes.</summary>
    /// <exception cref="CommandException">The key is not there, or is not the only one.</exception>
    public static Pseudonymizer Pseudonyms(ParseResult result)
    {
        var path = Path.Combine(result.GetRequiredValue(Data), PseudonymKeys.FileName);
        if (!File.Exists(path))
        {
            throw new CommandException(
                $"{path} is not there: name the data folder of the server with --data, since users must get the pseudonyms that they have there. A server makes the file at its first start.");
        }

        try
        {
            var keys = PseudonymKeys.Load(path);
            return keys.Count == 1
                ? new Pseudonymizer(keys)
                : throw new CommandException(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{path} has {keys.Count} keys, and which one a user's pseudonym is made with only the server's states tell: import through the server (--to server)."));
        }
        catch (PseudonymKeyFileException error)
        {
            throw new CommandException(error.Message, error);
        }
    }
}
