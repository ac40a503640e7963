using System.Text.Json.Nodes;

namespace Cinegrain.Kibana;

/// <summary>The one layer of a Lens panel: buckets first, then what is measured in each.</summary>
internal sealed class LensLayer
{
    private readonly List<string> _buckets = [], _metrics = [];
    private readonly JsonObject _columns = [];

    /// <exception cref="InvalidDataException">A field is not there, or of a type that cannot be used so.</exception>
    public LensLayer(Mappings mappings, JsonObject panel)
    {
        var metrics = panel["metrics"]!.AsArray();
        foreach (var bucket in panel["buckets"]?.AsArray() ?? [])
        {
            var name = $"b{_buckets.Count + 1}";
            _buckets.Add(name);
            _columns[name] = Bucket(mappings, bucket!.AsObject());
        }

        foreach (var metric in metrics)
        {
            var name = $"m{_metrics.Count + 1}";
            _metrics.Add(name);
            _columns[name] = Metric(mappings, metric!.AsObject());
        }
    }

    public JsonObject ToJson() => new() { ["columnOrder"] = Names([.. _buckets, .. _metrics]), ["columns"] = _columns };

    /// <summary>Lens' name of a chart, and how the columns are drawn.</summary>
    public (string Type, JsonObject Visualization) Draw(string chart) => chart switch
    {
        "metric" => ("lnsMetric", new JsonObject { ["layerId"] = "l1", ["layerType"] = "data", ["metricAccessor"] = Only(_metrics, "metric") }),
        "line" or "area_stacked" or "bar" or "bar_stacked" or "bar_horizontal" => ("lnsXY", Xy(chart)),
        "donut" => ("lnsPie", new JsonObject
        {
            ["shape"] = "donut",
            ["layers"] = new JsonArray(new JsonObject
            {
                ["layerId"] = "l1",
                ["layerType"] = "data",
                ["primaryGroups"] = Names(_buckets),
                ["metrics"] = Names(_metrics),
                ["numberDisplay"] = "percent",
                ["categoryDisplay"] = "default",
                ["legendDisplay"] = "default",
                ["nestedLegend"] = false,
            }),
        }),
        "table" => ("lnsDatatable", new JsonObject
        {
            ["layerId"] = "l1",
            ["layerType"] = "data",
            ["columns"] = new JsonArray([.. _buckets.Concat(_metrics).Select(name => new JsonObject { ["columnId"] = name })]),
            ["sorting"] = new JsonObject { ["columnId"] = _metrics[0], ["direction"] = "desc" },
            ["paging"] = new JsonObject { ["enabled"] = true, ["size"] = 10 },
        }),
        "tagcloud" => ("lnsTagcloud", new JsonObject
        {
            ["layerId"] = "l1",
            ["layerType"] = "data",
            ["tagAccessor"] = Only(_buckets, "bucket"),
            ["valueAccessor"] = Only(_metrics, "metric"),
            ["minFontSize"] = 14,
            ["maxFontSize"] = 48,
            ["orientation"] = "single",
            ["showLabel"] = false,
        }),
        _ => throw new InvalidDataException($"there is no chart {chart}"),
    };

    private JsonObject Xy(string series)
    {
        var drawn = new JsonObject
        {
            ["layerId"] = "l1",
            ["layerType"] = "data",
            ["seriesType"] = series,
            ["xAccessor"] = _buckets[^1],
            ["accessors"] = Names(_metrics),
        };
        if (_buckets.Count == 2)
        {
            drawn["splitAccessor"] = _buckets[0];
        }

        return new JsonObject
        {
            ["preferredSeriesType"] = series,
            ["legend"] = new JsonObject { ["isVisible"] = _buckets.Count == 2 || _metrics.Count > 1, ["position"] = "right" },
            ["valueLabels"] = series == "bar_horizontal" ? "show" : "hide",
            ["fittingFunction"] = "None",
            ["layers"] = new JsonArray(drawn),
        };
    }

    private static JsonObject Bucket(Mappings mappings, JsonObject bucket)
    {
        var field = SavedObjects.Text(bucket, "field");
        var type = mappings.TypeOf(field);
        var column = Column(SavedObjects.Text(bucket, "label"), type, isBucketed: true, type == "date" ? "interval" : "ordinal");
        column["sourceField"] = field;
        if (type == "date")
        {
            column["operationType"] = "date_histogram";
            column["params"] = new JsonObject
            {
                ["interval"] = (string?)bucket["interval"] ?? "auto",
                ["includeEmptyRows"] = bucket["interval"] is null,
                ["dropPartials"] = false,
            };
            if (bucket["interval"] is not null)
            {
                column["params"]!["ignoreTimeRange"] = true;
            }

            return column;
        }

        column["operationType"] = "terms";
        var byName = (string?)bucket["order"] == "name";
        column["params"] = new JsonObject
        {
            ["size"] = (int?)bucket["size"] ?? 10,
            ["orderBy"] = byName
                ? new JsonObject { ["type"] = "alphabetical" }
                : new JsonObject { ["type"] = "column", ["columnId"] = "m1" },
            ["orderDirection"] = byName ? "asc" : "desc",
            ["otherBucket"] = false,
            ["missingBucket"] = false,
            ["parentFormat"] = new JsonObject { ["id"] = "terms" },
            ["include"] = new JsonArray(),
            ["exclude"] = new JsonArray(),
            ["includeIsRegex"] = false,
            ["excludeIsRegex"] = false,
        };
        return column;
    }

    private static JsonObject Metric(Mappings mappings, JsonObject metric)
    {
        var operation = SavedObjects.Text(metric, "op");
        var field = (string?)metric["field"];
        var type = field is null ? "number" : mappings.TypeOf(field);
        if (operation is not ("count" or "unique_count" or "last_value") && type != "number")
        {
            throw new InvalidDataException($"{operation} needs a number, but {field} is a {type}");
        }

        var column = Column(SavedObjects.Text(metric, "label"), "number", isBucketed: false, "ratio");
        column["operationType"] = operation;
        column["sourceField"] = field ?? "___records___";
        var parameters = new JsonObject();
        if (operation is "count" or "unique_count")
        {
            parameters["emptyAsNull"] = false;
        }

        if (operation == "last_value")
        {
            parameters["sortField"] = "@timestamp";
            parameters["showArrayValues"] = false;
        }

        if ((string?)metric["format"] is { } format)
        {
            parameters["format"] = new JsonObject { ["id"] = format, ["params"] = new JsonObject { ["decimals"] = (int?)metric["decimals"] ?? 1 } };
        }

        column["params"] = parameters;
        if ((string?)metric["filter"] is { } filter)
        {
            column["filter"] = SavedObjects.Query(filter);
        }

        return column;
    }

    private static JsonObject Column(string label, string type, bool isBucketed, string scale) => new()
    {
        ["label"] = label,
        ["customLabel"] = true,
        ["dataType"] = type,
        ["isBucketed"] = isBucketed,
        ["scale"] = scale,
    };

    private static string Only(List<string> names, string what) =>
        names.Count == 1 ? names[0] : throw new InvalidDataException($"the chart needs one {what}, not {names.Count}");

    private static JsonArray Names(IEnumerable<string> names) => [.. names.Select(name => (JsonNode)name)];
}
