using Cinegrain.Grains.Hosting;
using Cinegrain.Hosting;

namespace Cinegrain.Silo.Hosting;

/// <summary>Settings of a silo.</summary>
internal sealed record SiloOptions : ClusterServerOptions
{
    private static readonly CinegrainSiloOptions Grains = new() { KafkaClient = new Dictionary<string, string>() };

    [Setting("Addresses of health and metrics, separated by ;.")]
    public override string Urls { get; init; } = "http://localhost:5081";

    [Setting("Port for the other silos.", Least = 1, Most = 65_535)]
    public int SiloPort { get; init; } = 11_111;

    [Setting("Port for gateways.", Least = 1, Most = 65_535)]
    public int GatewayPort { get; init; } = 30_000;

    [Setting("Address that others reach this silo by; without it, that of the machine, or 127.0.0.1 with --clustering localhost.")]
    public string? Advertise { get; init; }

    [Setting("Silo port of the first silo, with --clustering localhost: it keeps the list of the others.", Least = 1, Most = 65_535)]
    public int PrimaryPort { get; init; } = 11_111;

    [Setting("The silo runs in a pod of Kubernetes, whose labels and environment say who it is.")]
    public bool Kubernetes { get; init; }

    [Setting("Serve the Orleans dashboard at /dashboard. It shows keys of grains, pseudonyms among them: keep it from others.")]
    public bool Dashboard { get; init; }

    [Setting("What analysts get in Elasticsearch: all, state (users and movies) or none.", Choices = ["all", "state", "none"])]
    public string Documents { get; init; } = "all";

    [Setting("Days that interactions stay in Elasticsearch.", Least = 1, Most = 36_500)]
    public double RetainDocumentsDays { get; init; } = 90;

    [Setting("Days that metrics stay in Elasticsearch.", Least = 1, Most = 36_500)]
    public double RetainMetricsDays { get; init; } = 30;

    [Setting("Days that the audit trail is kept.", Least = 0.01, Most = 36_500)]
    public double RetainAuditDays { get; init; } = 1_096;

    [Setting("Each event takes full effect before the next, in the order of the log; for one silo alone, and needs one partition.")]
    public bool Lockstep { get; init; }

    [Setting("Longest time between checkpoints of users.", Least = 0.1, Most = 86_400)]
    public double CheckpointSeconds { get; init; } = Grains.CheckpointInterval.TotalSeconds;

    [Setting("Longest time between checkpoints of movies.", Least = 0.1, Most = 86_400)]
    public double MovieCheckpointSeconds { get; init; } = Grains.MovieCheckpointInterval.TotalSeconds;

    [Setting("Records of a partition of users that are kept for replay at most: those since its last checkpoint.", Least = 1_000, Most = 10_000_000)]
    public int CachedRecords { get; init; } = Grains.CachedRecords;

    [Setting("The same for movies.", Least = 1_000, Most = 10_000_000)]
    public int MovieCachedRecords { get; init; } = Grains.MovieCachedRecords;

    [Setting("Minutes without a call or a record after which an actor leaves memory.", Least = 2, Most = 10_080)]
    public double IdleMinutes { get; init; } = Grains.IdleAfter.TotalMinutes;

    [Setting("Share of the users, 0 to 1, that are tested before they are learned.", Least = 0, Most = 1)]
    public double TestShare { get; init; } = Grains.TestShare;

    [Setting("Tests a second of this silo at most.", Least = 0, Most = 1_000_000)]
    public int TestsPerSecond { get; init; } = Grains.TestsPerSecond;

    [Setting("Share of the users, 0 to 1, who get lists of stage 1 alone, to compare the two live.", Least = 0, Most = 1)]
    public double Stage1Share { get; init; }

    [Setting("Share of each list, 0 to 0.5, that goes to films few have tried.", Least = 0, Most = 0.5)]
    public double ExploreShare { get; init; }

    /// <summary>Reads and checks the settings.</summary>
    /// <exception cref="SettingsException">Names every setting that is wrong, with what would be right.</exception>
    public static SiloOptions Read(IConfiguration section) => SettingsReader.Read<SiloOptions>(section, static (options, failures) =>
    {
        SettingsReader.CheckUrls(options.Urls, failures);
        if (options.Advertise is { } address && !System.Net.IPAddress.TryParse(address, out _))
        {
            failures.Add($"{SettingsReader.Name(nameof(Advertise))} is '{address}'; it is an IP address, such as 10.0.0.7");
        }

        if (options is { Lockstep: true, Partitions: not (null or 1) })
        {
            failures.Add(
                $"{SettingsReader.Name(nameof(Lockstep))} needs one partition, so that the log has one order; leave {SettingsReader.Name(nameof(Partitions))} out, or set it to 1");
        }

        if (options is { Kubernetes: true, Clustering: not "redis" })
        {
            failures.Add($"{SettingsReader.Name(nameof(Kubernetes))} needs {SettingsReader.Name(nameof(Clustering))} redis");
        }
    });
}
