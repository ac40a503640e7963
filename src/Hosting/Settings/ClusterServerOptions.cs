namespace Cinegrain.Hosting;

/// <summary>Settings of every process of a cluster: how they find each other.</summary>
public abstract record ClusterServerOptions : ServerOptions
{
    [Setting("How the processes of the cluster find each other: localhost (one machine, for development) or redis.", Choices = ["localhost", "redis"])]
    public string Clustering { get; init; } = "localhost";

    [Setting("Redis that keeps the members of the cluster: host:port, and options as StackExchange.Redis takes them.")]
    public string Redis { get; init; } = "localhost:6379";

    [Setting("Password of Redis.", IsSecret = true)]
    public string? RedisPassword { get; init; }

    [Setting("File with the password of Redis.")]
    public string? RedisPasswordFile { get; init; }

    [Setting("Name of the cluster; all its processes have the same.")]
    public string ClusterId { get; init; } = "cinegrain";

    [Setting("Requests of one process to another are given up after so many seconds.", Least = 1, Most = 300)]
    public double ResponseSeconds { get; init; } = 10;
}
