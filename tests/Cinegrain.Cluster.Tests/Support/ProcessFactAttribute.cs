using Cinegrain.Contracts.Servers;
using Cinegrain.Standalone.Tests.Support;
using Xunit;

namespace Cinegrain.Cluster.Tests.Support;

/// <summary>A test of processes on a real Kafka, Elasticsearch and Redis; skipped, with the reason, where one is missing.</summary>
internal sealed class ProcessFactAttribute : FactAttribute
{
    public ProcessFactAttribute() => Skip = KafkaServer.Skip
        ?? (TestElasticsearch.Url is null ? $"No Elasticsearch: name the URL of one in {TestElasticsearch.Variable}." : null)
        ?? ClusterProcesses.Skip;
}
