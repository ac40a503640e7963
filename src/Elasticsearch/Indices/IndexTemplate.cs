using System.Text.Json;

namespace Cinegrain.Elasticsearch;

/// <summary>What an index is like: settings and strict mapping, and the version that its names carry. Read from Templates/*.json.</summary>
internal sealed record IndexTemplate
{
    private const string DefaultPrefix = "cinegrain";

    private IndexTemplate(string alias, int schema, string json) => (Alias, Schema, Json) = (alias, schema, json);

    /// <summary>Name that readers and writers use, such as <c>cinegrain-users</c>; also that of the template.</summary>
    public string Alias { get; }

    /// <summary>Version of the mapping.</summary>
    public int Schema { get; }

    /// <summary>The index template as Elasticsearch takes it.</summary>
    public string Json { get; }

    /// <summary>Name of the index behind the alias, such as <c>cinegrain-users-v1</c>.</summary>
    public string Index => $"{Alias}-v{Schema}";

    /// <summary>A template of this program.</summary>
    /// <param name="name">Such as <c>users</c>.</param>
    /// <param name="prefix">First part of the names of all indices.</param>
    public static IndexTemplate Load(string name, string prefix)
    {
        using var stream = typeof(IndexTemplate).Assembly.GetManifestResourceStream($"{name}.json")
            ?? throw new ArgumentException($"there is no index template {name}", nameof(name));
        using var reader = new StreamReader(stream);
        return Parse($"{prefix}-{name}", reader.ReadToEnd().Replace($"\"{DefaultPrefix}-", $"\"{prefix}-", StringComparison.Ordinal));
    }

    internal static IndexTemplate Parse(string alias, string json)
    {
        using var document = JsonDocument.Parse(json);
        return new IndexTemplate(alias, document.RootElement.GetProperty("version").GetInt32(), json);
    }
}
