namespace Cinegrain.Elasticsearch.Tests.Support;

/// <summary>A test against a real Elasticsearch; skipped, with the reason, where none is named.</summary>
internal sealed class ElasticsearchFactAttribute : FactAttribute
{
    public ElasticsearchFactAttribute() => Skip = Server.Absent;
}

/// <summary>A test with data against a real Elasticsearch; skipped, with the reason, where none is named.</summary>
internal sealed class ElasticsearchTheoryAttribute : TheoryAttribute
{
    public ElasticsearchTheoryAttribute() => Skip = Server.Absent;
}
