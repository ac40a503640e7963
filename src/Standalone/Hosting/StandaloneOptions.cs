using System.Globalization;
using Cinegrain.Embedded.Engine;

namespace Cinegrain.Standalone.Hosting;

/// <summary>
/// Settings of the host. Each comes from the command line (<c>--data</c>), else from the environment (<c>CINEGRAIN_DATA</c>), else from the section
/// <c>Cinegrain</c> of <c>appsettings.json</c>, else it has its default.
/// </summary>
internal sealed record StandaloneOptions
{
    private static readonly EngineOptions Engine = new();

    public string Data { get; init; } = "data";

    public string Urls { get; init; } = "http://localhost:5080";

    public bool Demo { get; init; }

    public int DemoViewers { get; init; } = 3_000;

    public double DemoRate { get; init; } = 20;

    public string Log { get; init; } = "sqlite";

    public string KafkaBootstrap { get; init; } = "localhost:9092";

    public string KafkaPrefix { get; init; } = "";

    public int? KafkaReplication { get; init; }

    public string KafkaSecurity { get; init; } = "plaintext";

    public string? KafkaSaslMechanism { get; init; }

    public string? KafkaUser { get; init; }

    public string? KafkaPassword { get; init; }

    public string? KafkaPasswordFile { get; init; }

    public string? KafkaCa { get; init; }

    public string? KafkaCertificate { get; init; }

    public string? KafkaKey { get; init; }

    public string Store { get; init; } = "sqlite";

    public string ElasticsearchUrls { get; init; } = "http://localhost:9200";

    public string? ElasticsearchApiKey { get; init; }

    public string? ElasticsearchApiKeyFile { get; init; }

    public string? ElasticsearchUser { get; init; }

    public string? ElasticsearchPassword { get; init; }

    public string? ElasticsearchPasswordFile { get; init; }

    public string? ElasticsearchFingerprint { get; init; }

    public string ElasticsearchPrefix { get; init; } = "cinegrain";

    public bool ElasticsearchCompress { get; init; }

    public string Documents { get; init; } = "all";

    public int? Partitions { get; init; }

    public bool Lockstep { get; init; }

    public int ResidentUsers { get; init; } = Engine.ResidentUsers;

    public int ResidentMovies { get; init; } = Engine.ResidentMovies;

    public double CheckpointSeconds { get; init; } = Engine.CheckpointInterval.TotalSeconds;

    public double TestShare { get; init; } = Engine.TestShare;

    public int TestsPerSecond { get; init; } = Engine.TestsPerSecond;

    public double ExploreShare { get; init; }

    public double Stage1Share { get; init; }

    public double RetainInteractionsDays { get; init; } = 30;

    public double RetainSignalsDays { get; init; } = 7;

    public double RetainRejectedDays { get; init; } = 14;

    public double RetainAuditDays { get; init; } = 1_096;

    public double RetainDocumentsDays { get; init; } = 90;

    public double RetainMetricsDays { get; init; } = 30;

    public double KeyRate { get; init; } = 1_000;

    public double AddressRate { get; init; } = 2_000;

    public string? OtlpEndpoint { get; init; }

    public bool OpenMetrics { get; init; }

    public bool AccessLog { get; init; }

    /// <summary>Reads and checks the settings.</summary>
    /// <exception cref="SettingsException">Names every setting that is wrong, with what would be right.</exception>
    public static StandaloneOptions Read(IConfiguration section)
    {
        var defaults = new StandaloneOptions();
        var failures = new List<string>();
        var known = typeof(StandaloneOptions).GetProperties().Select(p => p.Name).ToHashSet(StringComparer.OrdinalIgnoreCase);
        foreach (var child in section.GetChildren().Where(child => !known.Contains(child.Key)))
        {
            failures.Add($"there is no setting '{child.Key}'; docs/operations.md lists them all");
        }

        var options = new StandaloneOptions
        {
            Data = Text(nameof(Data), defaults.Data),
            Urls = Text(nameof(Urls), defaults.Urls),
            Demo = Flag(nameof(Demo)),
            DemoViewers = Whole(nameof(DemoViewers), defaults.DemoViewers, 1, 1_000_000),
            DemoRate = Number(nameof(DemoRate), defaults.DemoRate, 0, 10_000),
            Log = Text(nameof(Log), defaults.Log),
            KafkaBootstrap = Text(nameof(KafkaBootstrap), defaults.KafkaBootstrap),
            KafkaPrefix = Text(nameof(KafkaPrefix), defaults.KafkaPrefix),
            KafkaReplication = section[nameof(KafkaReplication)] is null ? null : Whole(nameof(KafkaReplication), 1, 1, 100),
            KafkaSecurity = Text(nameof(KafkaSecurity), defaults.KafkaSecurity),
            KafkaSaslMechanism = section[nameof(KafkaSaslMechanism)],
            KafkaUser = section[nameof(KafkaUser)],
            KafkaPassword = section[nameof(KafkaPassword)],
            KafkaPasswordFile = section[nameof(KafkaPasswordFile)],
            KafkaCa = section[nameof(KafkaCa)],
            KafkaCertificate = section[nameof(KafkaCertificate)],
            KafkaKey = section[nameof(KafkaKey)],
            Store = Text(nameof(Store), defaults.Store),
            ElasticsearchUrls = Text(nameof(ElasticsearchUrls), defaults.ElasticsearchUrls),
            ElasticsearchApiKey = section[nameof(ElasticsearchApiKey)],
            ElasticsearchApiKeyFile = section[nameof(ElasticsearchApiKeyFile)],
            ElasticsearchUser = section[nameof(ElasticsearchUser)],
            ElasticsearchPassword = section[nameof(ElasticsearchPassword)],
            ElasticsearchPasswordFile = section[nameof(ElasticsearchPasswordFile)],
            ElasticsearchFingerprint = section[nameof(ElasticsearchFingerprint)],
            ElasticsearchPrefix = Text(nameof(ElasticsearchPrefix), defaults.ElasticsearchPrefix),
            ElasticsearchCompress = Flag(nameof(ElasticsearchCompress)),
            Documents = Text(nameof(Documents), defaults.Documents),
            Partitions = section[nameof(Partitions)] is null ? null : Whole(nameof(Partitions), 4, 1, 256),
            Lockstep = Flag(nameof(Lockstep)),
            ResidentUsers = Whole(nameof(ResidentUsers), defaults.ResidentUsers, EngineOptions.LeastResident, 100_000_000),
            ResidentMovies = Whole(nameof(ResidentMovies), defaults.ResidentMovies, EngineOptions.LeastResident, 10_000_000),
            CheckpointSeconds = Number(nameof(CheckpointSeconds), defaults.CheckpointSeconds, 0.1, 86_400),
            TestShare = Number(nameof(TestShare), defaults.TestShare, 0, 1),
            TestsPerSecond = Whole(nameof(TestsPerSecond), defaults.TestsPerSecond, 0, 1_000_000),
            ExploreShare = Number(nameof(ExploreShare), defaults.ExploreShare, 0, 0.5),
            Stage1Share = Number(nameof(Stage1Share), defaults.Stage1Share, 0, 1),
            RetainInteractionsDays = Number(nameof(RetainInteractionsDays), defaults.RetainInteractionsDays, 0.01, 36_500),
            RetainSignalsDays = Number(nameof(RetainSignalsDays), defaults.RetainSignalsDays, 0.01, 36_500),
            RetainRejectedDays = Number(nameof(RetainRejectedDays), defaults.RetainRejectedDays, 0.01, 36_500),
            RetainAuditDays = Number(nameof(RetainAuditDays), defaults.RetainAuditDays, 0.01, 36_500),
            RetainDocumentsDays = Number(nameof(RetainDocumentsDays), defaults.RetainDocumentsDays, 1, 36_500),
            RetainMetricsDays = Number(nameof(RetainMetricsDays), defaults.RetainMetricsDays, 1, 36_500),
            KeyRate = Number(nameof(KeyRate), defaults.KeyRate, 0.01, 10_000_000),
            AddressRate = Number(nameof(AddressRate), defaults.AddressRate, 0.01, 10_000_000),
            OtlpEndpoint = section[nameof(OtlpEndpoint)],
            OpenMetrics = Flag(nameof(OpenMetrics)),
            AccessLog = Flag(nameof(AccessLog)),
        };
        OneOf(nameof(Log), options.Log, "sqlite", "kafka");
        OneOf(nameof(Store), options.Store, "sqlite", "elasticsearch");
        OneOf(nameof(Documents), options.Documents, "all", "state", "none");
        foreach (var url in options.Urls.Split(';', StringSplitOptions.RemoveEmptyEntries))
        {
            Require(
                url.StartsWith("http://", StringComparison.OrdinalIgnoreCase) || url.StartsWith("https://", StringComparison.OrdinalIgnoreCase),
                $"{Name(nameof(Urls))} has '{url}'; a URL is like http://localhost:5080, several are separated by ;");
        }

        Require(
            !options.Lockstep || options.Partitions is null or 1,
            $"{Name(nameof(Lockstep))} needs one partition, so that the log has one order; leave {Name(nameof(Partitions))} out, or set it to 1");
        return failures.Count == 0 ? options : throw new SettingsException(failures);

        string Text(string name, string fallback)
        {
            var text = section[name];
            Require(text is null || text.Trim().Length > 0, $"{Name(name)} is empty");
            return text ?? fallback;
        }

        bool Flag(string name)
        {
            var text = section[name];
            if (text is null)
            {
                return false;
            }

            Require(bool.TryParse(text, out var flag), $"{Name(name)} is '{text}'; it is true or false");
            return flag;
        }

        int Whole(string name, int fallback, int least, int most)
        {
            var text = section[name];
            if (text is null)
            {
                return fallback;
            }

            var good = int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) && value >= least && value <= most;
            Require(good, $"{Name(name)} is '{text}'; it is a whole number from {least:N0} to {most:N0}");
            return value;
        }

        double Number(string name, double fallback, double least, double most)
        {
            var text = section[name];
            if (text is null)
            {
                return fallback;
            }

            var good = double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && value >= least && value <= most;
            Require(good, $"{Name(name)} is '{text}'; it is a number from {least:#,0.##} to {most:#,0.##}");
            return value;
        }

        void OneOf(string name, string value, params string[] choices) =>
            Require(choices.Contains(value), $"{Name(name)} is '{value}'; this build has: {string.Join(", ", choices)}");

        void Require(bool holds, string failure)
        {
            if (!holds)
            {
                failures.Add(failure);
            }
        }
    }

    /// <summary>The setting as the command line spells it.</summary>
    internal static string Name(string property) =>
        "--" + string.Concat(property.Select((c, i) => char.IsUpper(c) ? (i > 0 ? "-" : "") + char.ToLowerInvariant(c) : $"{c}"));
}

/// <summary>Settings that cannot be; the message names each.</summary>
internal sealed class SettingsException(IReadOnlyList<string> failures) : Exception(string.Join(Environment.NewLine, failures));
