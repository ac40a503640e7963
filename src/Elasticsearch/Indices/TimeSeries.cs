using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Cinegrain.Elasticsearch;

/// <summary>
/// Indices by time behind one alias, each made with its template when its first document comes. Retention deletes whole indices.
/// </summary>
/// <param name="name">Such as <c>interactions</c>.</param>
/// <param name="isMonthly">An index a month, not a day.</param>
internal sealed class TimeSeries(ElasticsearchClient client, string name, bool isMonthly)
{
    private const string Day = "yyyy.MM.dd", Month = "yyyy.MM";

    private readonly IndexTemplate _template = IndexTemplate.Load(name, client.Options.Prefix);
    private volatile bool _isEnsured;
    private (DateTime Of, string Index) _last = (DateTime.MinValue, "");

    /// <summary>Name that readers use.</summary>
    public string Alias => _template.Alias;

    /// <summary>Name of the index that a time belongs to. For one thread at a time.</summary>
    public string IndexOf(DateTimeOffset at)
    {
        var date = at.UtcDateTime.Date;
        if (date != _last.Of)
        {
            _last = (date, $"{_template.Index}-{date.ToString(isMonthly ? Month : Day, CultureInfo.InvariantCulture)}");
        }

        return _last.Index;
    }

    /// <summary>Puts the template, once, before the first document.</summary>
    /// <exception cref="ElasticsearchException">It could not be put.</exception>
    public async Task EnsureAsync(CancellationToken cancellationToken)
    {
        if (!_isEnsured)
        {
            await client.SendAsync(
                "indices", HttpMethod.Put, $"_index_template/{_template.Alias}", Encoding.UTF8.GetBytes(_template.Json), cancellationToken);
            _isEnsured = true;
        }
    }

    /// <summary>Deletes the indices whose every document is older than a time.</summary>
    /// <returns>Names of those deleted.</returns>
    /// <exception cref="ElasticsearchException">Not all could be.</exception>
    public async Task<IReadOnlyList<string>> TrimAsync(DateTimeOffset before, CancellationToken cancellationToken)
    {
        using var answer = JsonDocument.Parse(
            await client.SendAsync("indices", HttpMethod.Get, $"_cat/indices/{Alias}-v*?format=json&h=index", default, cancellationToken));
        var old = new List<string>();
        foreach (var row in answer.RootElement.EnumerateArray())
        {
            var index = row.GetProperty("index").GetString()!;
            if (DateTime.TryParseExact(
                    index.AsSpan(index.LastIndexOf('-') + 1),
                    isMonthly ? Month : Day,
                    CultureInfo.InvariantCulture,
                    DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal,
                    out var first)
                && (isMonthly ? first.AddMonths(1) : first.AddDays(1)) <= before.UtcDateTime)
            {
                await client.SendAsync("indices", HttpMethod.Delete, index, default, cancellationToken);
                old.Add(index);
            }
        }

        return old;
    }
}
