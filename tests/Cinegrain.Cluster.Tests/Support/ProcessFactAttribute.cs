using Cinegrain.Contracts.Servers;
using Cinegrain.Standalone.Tests.Support;
using Xunit;

namespace Cinegrain.Cluster.Tests.Support;

/// <summary>A test of processes on a real Kafka, Elasticsearch and Redis; skipped, with the reason, where one is missing.</summary>
internal sealed class ProcessFactAttribute : FactAttribute
{
    public ProcessFactAttribute() => Skip = Reason;

    /// <summary>Why tests are skipped, or null.</summary>
    internal static string? Reason => KafkaServer.Skip
        ?? (TestElasticsearch.Url is null ? $"No Elasticsearch: name the URL of one in {TestElasticsearch.Variable}." : null)
        ?? ClusterProcesses.Skip;
}

/// <summary>The same with a silo in a network of its own.</summary>
internal sealed class NetworkFactAttribute : FactAttribute
{
    public NetworkFactAttribute() => Skip = ProcessFactAttribute.Reason ?? SeparateNetwork.Skip;
}
