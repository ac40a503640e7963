using Cinegrain.Embedded.Engine;
using Cinegrain.Hosting;

namespace Cinegrain.Standalone.Hosting;

/// <summary>Settings of the host.</summary>
internal sealed record StandaloneOptions : ServerOptions
{
    private static readonly EngineOptions Engine = new();

    [Setting("Folder of the log, the state and the keys.")]
    public string Data { get; init; } = "data";

    [Setting("Start with about 600 well-known films and a simulated audience.")]
    public bool Demo { get; init; }

    [Setting("Viewers of the demo.", Least = 1, Most = 1_000_000)]
    public int DemoViewers { get; init; } = 3_000;

    [Setting("Interactions a second of the demo's viewers.", Least = 0, Most = 10_000)]
    public double DemoRate { get; init; } = 20;

    [Setting("Where events are logged: sqlite or kafka.", Choices = ["sqlite", "kafka"])]
    public string Log { get; init; } = "sqlite";

    [Setting("Where states are kept: sqlite or elasticsearch.", Choices = ["sqlite", "elasticsearch"])]
    public string Store { get; init; } = "sqlite";

    [Setting("What analysts get in Elasticsearch: all, state (users and movies) or none.", Choices = ["all", "state", "none"])]
    public string Documents { get; init; } = "all";

    [Setting("Each event takes full effect before the next; needs one partition.")]
    public bool Lockstep { get; init; }

    [Setting("Users that may be in memory.", Least = EngineOptions.LeastResident, Most = 100_000_000)]
    public int ResidentUsers { get; init; } = Engine.ResidentUsers;

    [Setting("Movie actors that may be in memory.", Least = EngineOptions.LeastResident, Most = 10_000_000)]
    public int ResidentMovies { get; init; } = Engine.ResidentMovies;

    [Setting("Longest time between checkpoints.", Least = 0.1, Most = 86_400)]
    public double CheckpointSeconds { get; init; } = Engine.CheckpointInterval.TotalSeconds;

    [Setting("Share of the users, 0 to 1, that are tested before they are learned.", Least = 0, Most = 1)]
    public double TestShare { get; init; } = Engine.TestShare;

    [Setting("Tests a second at most.", Least = 0, Most = 1_000_000)]
    public int TestsPerSecond { get; init; } = Engine.TestsPerSecond;

    [Setting("Share of the users, 0 to 1, who get lists of stage 1 alone, to compare the two live.", Least = 0, Most = 1)]
    public double Stage1Share { get; init; }

    [Setting("Share of each list, 0 to 0.5, that goes to films few have tried.", Least = 0, Most = 0.5)]
    public double ExploreShare { get; init; }

    [Setting("Days that the audit trail is kept.", Least = 0.01, Most = 36_500)]
    public double RetainAuditDays { get; init; } = 1_096;

    [Setting("Days that interactions stay in Elasticsearch.", Least = 1, Most = 36_500)]
    public double RetainDocumentsDays { get; init; } = 90;

    [Setting("Days that metrics stay in Elasticsearch.", Least = 1, Most = 36_500)]
    public double RetainMetricsDays { get; init; } = 30;

    [Setting("Requests a second of one API key.", Least = 0.01, Most = 10_000_000)]
    public double KeyRate { get; init; } = 1_000;

    [Setting("Requests a second of one address.", Least = 0.01, Most = 10_000_000)]
    public double AddressRate { get; init; } = 2_000;

    [Setting("Proxies whose X-Forwarded-For and X-Forwarded-Proto are believed: addresses or networks such as 10.0.0.0/8, separated by commas; without it, none.")]
    public string? TrustedProxies { get; init; }

    /// <summary>Reads and checks the settings.</summary>
    /// <exception cref="SettingsException">Names every setting that is wrong, with what would be right.</exception>
    public static StandaloneOptions Read(IConfiguration section) => SettingsReader.Read<StandaloneOptions>(section, static (options, failures) =>
    {
        SettingsReader.CheckUrls(options.Urls, failures);
        if (options is { Lockstep: true, Partitions: not (null or 1) })
        {
            failures.Add(
                $"{SettingsReader.Name(nameof(Lockstep))} needs one partition, so that the log has one order; leave {SettingsReader.Name(nameof(Partitions))} out, "
                + "or set it to 1");
        }
    });
}
