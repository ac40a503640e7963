using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Cinegrain.Kibana;

/// <summary>
/// Writes Kibana's saved objects (data views and dashboards with by-value Lens panels, as versions 8.19 to 9.x import them) from a description of
/// what is to be seen.
/// </summary>
internal static class SavedObjects
{
    private const int GridWidth = 48;
    private static readonly JsonSerializerOptions Compact = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The saved objects, one a line.</summary>
    /// <param name="source">Text of dashboards.json.</param>
    /// <exception cref="InvalidDataException">The description names something that is not there; the message says what.</exception>
    public static string Generate(string source)
    {
        var root = JsonNode.Parse(source)!.AsObject();
        var lines = new StringBuilder();
        foreach (var view in root["dataViews"]!.AsArray())
        {
            Append(lines, DataView(view!.AsObject()));
        }

        foreach (var dashboard in root["dashboards"]!.AsArray())
        {
            Append(lines, Dashboard(dashboard!.AsObject()));
        }

        return lines.ToString();
    }

    private static void Append(StringBuilder lines, JsonObject saved) => lines.Append(saved.ToJsonString(Compact)).Append('\n');

    private static JsonObject DataView(JsonObject view)
    {
        var attributes = new JsonObject { ["title"] = ViewId(Text(view, "view")), ["name"] = Text(view, "title"), ["allowNoIndex"] = true };
        if (view["time"] is { } time)
        {
            attributes["timeFieldName"] = time.DeepClone();
        }

        if (view["formats"] is { } formats)
        {
            attributes["fieldFormatMap"] = formats.ToJsonString(Compact);
        }

        return Saved("index-pattern", ViewId(Text(view, "view")), "8.0.0", attributes, []);
    }

    private static JsonObject Dashboard(JsonObject dashboard)
    {
        var id = $"cinegrain-{Text(dashboard, "id")}";
        var panels = new JsonArray();
        var references = new JsonArray();
        var y = 0;
        var number = 0;
        foreach (var row in dashboard["rows"]!.AsArray())
        {
            var height = (int)row!["height"]!;
            var x = 0;
            foreach (var panel in row["panels"]!.AsArray())
            {
                var name = $"p{++number:00}";
                var width = (int)panel!["width"]!;
                var made = panel["markdown"] is { } text ? Markdown(name, (string)text!) : Lens(name, panel.AsObject(), references);
                made["gridData"] = new JsonObject { ["x"] = x, ["y"] = y, ["w"] = width, ["h"] = height, ["i"] = name };
                panels.Add(made);
                x += width;
            }

            if (x != GridWidth)
            {
                throw new InvalidDataException($"a row of {id} is {x} wide; it must be {GridWidth}");
            }

            y += height;
        }

        var attributes = new JsonObject
        {
            ["title"] = Text(dashboard, "title"),
            ["description"] = Text(dashboard, "description"),
            ["panelsJSON"] = panels.ToJsonString(Compact),
            ["optionsJSON"] = """{"useMargins":true,"syncColors":false,"syncCursor":true,"syncTooltips":false,"hidePanelTitles":false}""",
            ["timeRestore"] = true,
            ["timeFrom"] = Text(dashboard, "from"),
            ["timeTo"] = "now",
            ["refreshInterval"] = new JsonObject { ["pause"] = false, ["value"] = 30_000 },
            ["kibanaSavedObjectMeta"] = new JsonObject { ["searchSourceJSON"] = """{"query":{"query":"","language":"kuery"},"filter":[]}""" },
        };
        if (dashboard["controls"] is JsonArray controls)
        {
            attributes["controlGroupInput"] = Controls(controls, references);
        }

        return Saved("dashboard", id, "10.2.0", attributes, references);
    }

    private static JsonObject Controls(JsonArray controls, JsonArray references)
    {
        var panels = new JsonObject();
        for (var i = 0; i < controls.Count; i++)
        {
            var control = controls[i]!.AsObject();
            var (name, view, field) = ($"c{i + 1}", Text(control, "view"), Text(control, "field"));
            new Mappings(view).TypeOf(field);
            panels[name] = new JsonObject
            {
                ["type"] = "optionsListControl",
                ["order"] = i,
                ["width"] = "medium",
                ["grow"] = true,
                ["explicitInput"] = new JsonObject
                {
                    ["id"] = name,
                    ["title"] = Text(control, "title"),
                    ["fieldName"] = field,
                    ["searchTechnique"] = "prefix",
                    ["selectedOptions"] = new JsonArray(),
                    ["sort"] = new JsonObject { ["by"] = "_count", ["direction"] = "desc" },
                },
            };
            references.Add(Reference($"controlGroup_{name}:optionsListDataView", view));
        }

        return new JsonObject
        {
            ["controlStyle"] = "oneLine",
            ["chainingSystem"] = "HIERARCHICAL",
            ["showApplySelections"] = false,
            ["ignoreParentSettingsJSON"] = """{"ignoreFilters":false,"ignoreQuery":false,"ignoreTimerange":false,"ignoreValidations":false}""",
            ["panelsJSON"] = panels.ToJsonString(Compact),
        };
    }

    private static JsonObject Markdown(string name, string text) => new()
    {
        ["type"] = "visualization",
        ["panelIndex"] = name,
        ["embeddableConfig"] = new JsonObject
        {
            ["title"] = "",
            ["hidePanelTitles"] = true,
            ["savedVis"] = new JsonObject
            {
                ["title"] = "",
                ["description"] = "",
                ["type"] = "markdown",
                ["uiState"] = new JsonObject(),
                ["params"] = new JsonObject { ["markdown"] = text, ["fontSize"] = 12, ["openLinksInNewTab"] = false },
                ["data"] = new JsonObject
                {
                    ["aggs"] = new JsonArray(),
                    ["searchSource"] = new JsonObject { ["query"] = Query(""), ["filter"] = new JsonArray() },
                },
            },
        },
    };

    private static JsonObject Lens(string name, JsonObject panel, JsonArray references)
    {
        var (title, view, chart) = (Text(panel, "title"), Text(panel, "view"), Text(panel, "chart"));
        try
        {
            var layer = new LensLayer(new Mappings(view), panel);
            var (type, visualization) = layer.Draw(chart);
            var inner = Reference("indexpattern-datasource-layer-l1", view);
            references.Add(Reference($"{name}:indexpattern-datasource-layer-l1", view));
            var configuration = new JsonObject
            {
                ["title"] = title,
                ["attributes"] = new JsonObject
                {
                    ["title"] = title,
                    ["type"] = "lens",
                    ["visualizationType"] = type,
                    ["references"] = new JsonArray(inner),
                    ["state"] = new JsonObject
                    {
                        ["query"] = Query((string?)panel["query"] ?? ""),
                        ["filters"] = new JsonArray(),
                        ["internalReferences"] = new JsonArray(),
                        ["adHocDataViews"] = new JsonObject(),
                        ["datasourceStates"] = new JsonObject
                        {
                            ["formBased"] = new JsonObject { ["layers"] = new JsonObject { ["l1"] = layer.ToJson() } },
                        },
                        ["visualization"] = visualization,
                    },
                },
            };
            if (panel["from"] is { } from)
            {
                configuration["timeRange"] = new JsonObject { ["from"] = from.DeepClone(), ["to"] = "now" };
            }

            return new JsonObject { ["type"] = "lens", ["panelIndex"] = name, ["embeddableConfig"] = configuration };
        }
        catch (InvalidDataException exception)
        {
            throw new InvalidDataException($"panel '{title}': {exception.Message}");
        }
    }

    internal static JsonObject Query(string text) => new() { ["query"] = text, ["language"] = "kuery" };

    internal static string Text(JsonObject from, string name) =>
        (string?)from[name] ?? throw new InvalidDataException($"{name} is missing in {from.ToJsonString(Compact)}");

    private static string ViewId(string view) => $"cinegrain-{view}";

    private static JsonObject Reference(string name, string view) => new() { ["type"] = "index-pattern", ["id"] = ViewId(view), ["name"] = name };

    private static JsonObject Saved(string type, string id, string version, JsonObject attributes, JsonArray references) => new()
    {
        ["type"] = type,
        ["id"] = id,
        ["coreMigrationVersion"] = "8.8.0",
        ["typeMigrationVersion"] = version,
        ["attributes"] = attributes,
        ["references"] = references,
    };
}
