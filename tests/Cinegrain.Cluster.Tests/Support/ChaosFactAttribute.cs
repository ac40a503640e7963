using Cinegrain.Contracts.Servers;
using Xunit;

namespace Cinegrain.Cluster.Tests.Support;

/// <summary>A test that kills Kafka, Elasticsearch and Redis, too; skipped, with the reason, where one is missing.</summary>
internal sealed class ChaosFactAttribute : FactAttribute
{
    public ChaosFactAttribute() => Skip = OwnBroker.Skip ?? OwnElasticsearch.Skip ?? ClusterProcesses.Skip;
}
