using Xunit;

namespace Cinegrain.Standalone.Tests.Support;

/// <summary>A test against a real Elasticsearch; skipped, with the reason, where none is named.</summary>
internal sealed class ElasticsearchFactAttribute : FactAttribute
{
    public ElasticsearchFactAttribute() => Skip = TestElasticsearch.Url is null
        ? $"No Elasticsearch: name the URL of one in {TestElasticsearch.Variable}."
        : null;
}
