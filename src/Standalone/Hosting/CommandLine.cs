using System.CommandLine;
using System.Globalization;
using Cinegrain.Elasticsearch;
using Cinegrain.Embedded.Sqlite;
using Cinegrain.Ingest;
using Cinegrain.Kafka;
using Cinegrain.Model.Ports;

namespace Cinegrain.Standalone.Hosting;

/// <summary>The host's command line. An option that is given goes before the environment, and that before the settings file.</summary>
internal static class CommandLine
{
    private const int Failed = 1;
    private const string Section = "Cinegrain";

    private static readonly StandaloneOptions Defaults = new();

    private static readonly (string Property, string Description)[] Texts =
    [
        (nameof(StandaloneOptions.Data), "Folder of the log, the state and the keys."),
        (nameof(StandaloneOptions.Urls), "Addresses to listen on, separated by ;."),
        (nameof(StandaloneOptions.DemoViewers), "Viewers of the demo."),
        (nameof(StandaloneOptions.DemoRate), "Interactions a second of the demo's viewers."),
        (nameof(StandaloneOptions.Log), "Where events are logged: sqlite or kafka."),
        (nameof(StandaloneOptions.KafkaBootstrap), "Brokers of Kafka, separated by commas."),
        (nameof(StandaloneOptions.KafkaPrefix), "What stands before the names of topics and groups."),
        (nameof(StandaloneOptions.KafkaReplication), "Copies of each topic that is made; without it, what the brokers have."),
        (nameof(StandaloneOptions.KafkaSecurity), "plaintext, ssl, sasl_plaintext or sasl_ssl."),
        (nameof(StandaloneOptions.KafkaSaslMechanism), "PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512, with the sasl protocols."),
        (nameof(StandaloneOptions.KafkaUser), "User of Kafka, with the sasl protocols."),
        (nameof(StandaloneOptions.KafkaPasswordFile), "File with the password of that user."),
        (nameof(StandaloneOptions.KafkaCa), "PEM file of the authority that signs the brokers' certificates."),
        (nameof(StandaloneOptions.KafkaCertificate), "PEM file of a client certificate, for brokers that ask for one."),
        (nameof(StandaloneOptions.KafkaKey), "PEM file of that certificate's key."),
        (nameof(StandaloneOptions.Store), "Where states are kept: sqlite or elasticsearch."),
        (nameof(StandaloneOptions.ElasticsearchUrls), "Nodes of Elasticsearch, separated by ;."),
        (nameof(StandaloneOptions.ElasticsearchApiKeyFile), "File with the API key for Elasticsearch, encoded as Elasticsearch gives it."),
        (nameof(StandaloneOptions.ElasticsearchUser), "User of Elasticsearch, when there is no API key."),
        (nameof(StandaloneOptions.ElasticsearchPasswordFile), "File with the password of that user."),
        (nameof(StandaloneOptions.ElasticsearchFingerprint), "SHA-256 of the certificate authority of Elasticsearch, in hex."),
        (nameof(StandaloneOptions.ElasticsearchPrefix), "First part of the names of the indices."),
        (nameof(StandaloneOptions.Documents), "What analysts get in Elasticsearch: all, state (users and movies) or none."),
        (nameof(StandaloneOptions.Partitions), $"Partitions of the interactions; fixed when the data folder is made, then {SqliteLogOptions.DefaultPartitions[Topics.Interactions]} without it."),
        (nameof(StandaloneOptions.ResidentUsers), "Users that may be in memory."),
        (nameof(StandaloneOptions.ResidentMovies), "Movie actors that may be in memory."),
        (nameof(StandaloneOptions.CheckpointSeconds), "Longest time between checkpoints."),
        (nameof(StandaloneOptions.TestShare), "Share of the users, 0 to 1, that are tested before they are learned."),
        (nameof(StandaloneOptions.TestsPerSecond), "Tests a second at most."),
        (nameof(StandaloneOptions.Stage1Share), "Share of the users, 0 to 1, who get lists of stage 1 alone, to compare the two live."),
        (nameof(StandaloneOptions.ExploreShare), "Share of each list, 0 to 0.5, that goes to films few have tried."),
        (nameof(StandaloneOptions.RetainInteractionsDays), "Days that interactions stay in the log."),
        (nameof(StandaloneOptions.RetainSignalsDays), "Days that signals stay in the log."),
        (nameof(StandaloneOptions.RetainRejectedDays), "Days that refused input stays in the log."),
        (nameof(StandaloneOptions.RetainAuditDays), "Days that the audit trail is kept."),
        (nameof(StandaloneOptions.RetainDocumentsDays), "Days that interactions stay in Elasticsearch."),
        (nameof(StandaloneOptions.RetainMetricsDays), "Days that metrics stay in Elasticsearch."),
        (nameof(StandaloneOptions.KeyRate), "Requests a second of one API key."),
        (nameof(StandaloneOptions.AddressRate), "Requests a second of one address."),
        (nameof(StandaloneOptions.OtlpEndpoint), "Where traces and metrics are sent by OTLP; without it, nowhere."),
    ];

    // Not on the command line, which everybody on the machine can read.
    private static readonly string[] Secrets = [nameof(StandaloneOptions.ElasticsearchApiKey), nameof(StandaloneOptions.ElasticsearchPassword), nameof(StandaloneOptions.KafkaPassword)];

    private static readonly (string Property, string Description)[] Flags =
    [
        (nameof(StandaloneOptions.ElasticsearchCompress), "Compress what is sent to Elasticsearch."),
        (nameof(StandaloneOptions.Demo), "Start with about 600 well-known films and a simulated audience."),
        (nameof(StandaloneOptions.Lockstep), "Each event takes full effect before the next; needs one partition."),
        (nameof(StandaloneOptions.OpenMetrics), "Answer /metrics without an API key."),
        (nameof(StandaloneOptions.AccessLog), "Log one line a request, without ids."),
    ];

    public static Task<int> RunAsync(string[] args)
    {
        var root = new RootCommand("Cinegrain in one process: log, state, model, REST API and web page.");
        var texts = Texts.Select(text => (text.Property, Option: TextOption(text.Property, text.Description))).ToList();
        var flags = Flags.Select(flag => (flag.Property, Option: new Option<bool>(StandaloneOptions.Name(flag.Property)) { Description = flag.Description })).ToList();
        texts.ForEach(text => root.Options.Add(text.Option));
        flags.ForEach(flag => root.Options.Add(flag.Option));
        root.Subcommands.Add(HealthCommand.Create());
        root.SetAction((result, cancellationToken) =>
        {
            var given = new Dictionary<string, string?>();
            foreach (var (property, option) in texts.Where(text => result.GetResult(text.Option) is { Implicit: false }))
            {
                given[$"{Section}:{property}"] = result.GetValue(option);
            }

            foreach (var (property, option) in flags.Where(flag => result.GetResult(flag.Option) is { Implicit: false }))
            {
                given[$"{Section}:{property}"] = result.GetValue(option) ? "true" : "false";
            }

            return HostAsync(given, cancellationToken);
        });
        return root.Parse(args).InvokeAsync();
    }

    /// <summary>An option whose help tells the default, from where it stands; it is not given then.</summary>
    private static Option<string?> TextOption(string property, string description)
    {
        var option = new Option<string?>(StandaloneOptions.Name(property)) { Description = description };
        if (Convert.ToString(typeof(StandaloneOptions).GetProperty(property)!.GetValue(Defaults), CultureInfo.InvariantCulture) is { Length: > 0 } standard)
        {
            option.DefaultValueFactory = _ => standard;
        }

        return option;
    }

    private static async Task<int> HostAsync(Dictionary<string, string?> given, CancellationToken cancellationToken)
    {
        try
        {
            var builder = WebApplication.CreateBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
            builder.Configuration.AddInMemoryCollection(EnvironmentSettings());
            builder.Configuration.AddInMemoryCollection(given);

            // What fails at the start is told below in a sentence; the generic host writes it with its stack. What fails later it writes as critical, too.
            builder.Logging.AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.Critical);
            await using var app = StandaloneHost.Build(StandaloneOptions.Read(builder.Configuration.GetSection(Section)), builder);
            try
            {
                await app.StartAsync(cancellationToken);
            }
            catch
            {
                // What has started stops in order, before its storage is closed.
                await app.StopAsync(CancellationToken.None);
                throw;
            }

            await app.WaitForShutdownAsync(cancellationToken);
            return Environment.ExitCode;
        }
        catch (Exception exception) when (Sentence(exception) is { } sentence)
        {
            await Console.Error.WriteLineAsync($"cinegrain: {sentence}");
            return Failed;
        }
    }

    /// <summary>CINEGRAIN_RESIDENT_USERS=… is the setting ResidentUsers.</summary>
    private static IEnumerable<KeyValuePair<string, string?>> EnvironmentSettings() =>
        from property in Texts.Concat(Flags).Select(setting => setting.Property).Concat(Secrets)
        let name = "CINEGRAIN" + StandaloneOptions.Name(property)[1..].Replace('-', '_').ToUpperInvariant()
        let value = Environment.GetEnvironmentVariable(name)
        where value is not null
        select KeyValuePair.Create($"{Section}:{property}", (string?)value);

    /// <summary>What the user can do something about is told in a sentence; anything else is a fault of ours and shows its stack.</summary>
    private static string? Sentence(Exception exception) => exception switch
    {
        SettingsException or DataFolderException or StorageDamagedException or WrongLogException or StoreTakenException or KafkaSetupException or ElasticsearchException or UnavailableException or PseudonymKeyFileException
            or InvalidDataException or ArgumentException => exception.Message,
        IOException when exception.Message.Contains("address already in use", StringComparison.OrdinalIgnoreCase) =>
            $"{exception.Message.TrimEnd('.')}; another program listens there: stop it, or choose another address with --urls",
        _ => null,
    };
}
