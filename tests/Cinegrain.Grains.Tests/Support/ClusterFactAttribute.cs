using Cinegrain.Contracts.Servers;
using Cinegrain.Standalone.Tests.Support;
using Xunit;

namespace Cinegrain.Grains.Tests.Support;

/// <summary>A test on a real Kafka and a real Elasticsearch; skipped, with the reason, where one is missing.</summary>
internal sealed class ClusterFactAttribute : FactAttribute
{
    public ClusterFactAttribute() => Skip = KafkaServer.Skip
        ?? (TestElasticsearch.Url is null ? $"No Elasticsearch: name the URL of one in {TestElasticsearch.Variable}." : null);
}
