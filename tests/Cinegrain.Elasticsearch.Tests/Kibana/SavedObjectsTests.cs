using System.Text.Json;
using System.Text.RegularExpressions;
using Cinegrain.Kibana;

namespace Cinegrain.Elasticsearch.Tests.Kibana;

/// <summary>The saved objects as they are in the repository: current, whole, and about fields that are there.</summary>
public sealed partial class SavedObjectsTests
{
    private static readonly string Folder = FindFolder();
    private static readonly IReadOnlyList<JsonElement> Objects = [.. File.ReadLines(Path.Combine(Folder, "cinegrain.ndjson")).Select(line => JsonDocument.Parse(line).RootElement)];

    public static IEnumerable<Panel> Panels => Objects.Where(saved => Type(saved) == "dashboard").SelectMany(dashboard =>
        Parse(dashboard, "panelsJSON").EnumerateArray().Where(panel => Type(panel) == "lens").Select(panel => new Panel(dashboard, panel)));

    [Fact]
    public void Generate_TheDescription_GivesTheFileOfTheRepository() => Assert.Equal(
        File.ReadAllText(Path.Combine(Folder, "cinegrain.ndjson")), SavedObjects.Generate(File.ReadAllText(Path.Combine(Folder, "dashboards.json"))));

    [Fact]
    public void Generate_FieldThatIsNotThere_IsRefusedWithItsName()
    {
        var description = File.ReadAllText(Path.Combine(Folder, "dashboards.json")).Replace("\"favourite_genre\"", "\"no_such_field\"", StringComparison.Ordinal);
        Assert.Contains("no_such_field", Assert.Throws<InvalidDataException>(() => SavedObjects.Generate(description)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Panels_OfAllDashboards_AreThere()
    {
        Assert.Equal(3, Objects.Count(saved => Type(saved) == "dashboard"));
        Assert.True(Panels.Count() > 30);
    }

    [Fact]
    public void References_OfAllDashboards_LeadToDataViews()
    {
        var views = Objects.Where(saved => Type(saved) == "index-pattern").Select(saved => saved.GetProperty("id").GetString()).ToHashSet();
        foreach (var dashboard in Objects.Where(saved => Type(saved) == "dashboard"))
        {
            var outer = dashboard.GetProperty("references").EnumerateArray().ToDictionary(
                reference => reference.GetProperty("name").GetString()!, reference => reference.GetProperty("id").GetString());
            Assert.All(outer.Values, id => Assert.Contains(id, views));
            foreach (var panel in Panels.Where(panel => panel.Dashboard.GetProperty("id").GetString() == dashboard.GetProperty("id").GetString()))
            {
                var inner = Assert.Single(panel.Attributes.GetProperty("references").EnumerateArray());
                Assert.Equal(inner.GetProperty("id").GetString(), outer[$"{panel.Id}:{inner.GetProperty("name").GetString()}"]);
            }

            if (dashboard.GetProperty("attributes").TryGetProperty("controlGroupInput", out var controls))
            {
                foreach (var control in JsonDocument.Parse(controls.GetProperty("panelsJSON").GetString()!).RootElement.EnumerateObject())
                {
                    Assert.Contains($"controlGroup_{control.Name}:optionsListDataView", outer.Keys);
                }
            }
        }
    }

    [Fact]
    public void Panels_OfAllDashboards_NameFieldsThatAreThereInOrder()
    {
        foreach (var panel in Panels)
        {
            var mappings = new Mappings(panel.View);
            var order = panel.Layer.GetProperty("columnOrder").EnumerateArray().Select(name => name.GetString()!).ToList();
            Assert.Equal(panel.Layer.GetProperty("columns").EnumerateObject().Select(column => column.Name).Order(), order.Order());
            var isBucketed = order.Select(name => panel.Column(name).GetProperty("isBucketed").GetBoolean()).ToList();
            Assert.Equal(isBucketed.OrderDescending(), isBucketed);
            foreach (var column in order.Select(panel.Column))
            {
                if (column.GetProperty("sourceField").GetString() is { } field && field != "___records___")
                {
                    Assert.Equal(column.GetProperty("operationType").GetString() == "unique_count" ? column.GetProperty("dataType").GetString() : mappings.TypeOf(field), column.GetProperty("dataType").GetString());
                }
            }

            // A query that names a field which is not there finds nothing, and says nothing.
            Assert.All(panel.Queries.SelectMany(query => FieldOfQuery().Matches(query)).Select(match => match.Groups[1].Value), field => Assert.True(mappings.Has(field), field));
            var drawn = panel.Attributes.GetProperty("state").GetProperty("visualization").GetRawText();
            Assert.All(order, name => Assert.Contains($"\"{name}\"", drawn, StringComparison.Ordinal));
        }
    }

    [Fact]
    public void Panels_OfADashboard_StandBesideEachOther()
    {
        foreach (var dashboard in Objects.Where(saved => Type(saved) == "dashboard"))
        {
            var taken = new HashSet<(int, int)>();
            foreach (var grid in Parse(dashboard, "panelsJSON").EnumerateArray().Select(panel => panel.GetProperty("gridData")))
            {
                var (x, y) = (grid.GetProperty("x").GetInt32(), grid.GetProperty("y").GetInt32());
                for (var i = 0; i < grid.GetProperty("w").GetInt32() * grid.GetProperty("h").GetInt32(); i++)
                {
                    var cell = (x + (i % grid.GetProperty("w").GetInt32()), y + (i / grid.GetProperty("w").GetInt32()));
                    Assert.True(cell.Item1 < 48 && taken.Add(cell), "Two panels overlap, or one is beyond the grid.");
                }
            }
        }
    }

    private static string? Type(JsonElement saved) => saved.GetProperty("type").GetString();

    private static JsonElement Parse(JsonElement dashboard, string attribute) =>
        JsonDocument.Parse(dashboard.GetProperty("attributes").GetProperty(attribute).GetString()!).RootElement;

    private static string FindFolder()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Cinegrain.slnx")))
            {
                return Path.Combine(folder.FullName, "kibana");
            }
        }

        throw new InvalidOperationException("these tests read kibana/: run them from within the work tree");
    }

    [GeneratedRegex(@"([\w@.]+)\s*(?::|>=|<=|>|<)")]
    private static partial Regex FieldOfQuery();

    /// <summary>A Lens panel of a dashboard.</summary>
    public sealed record Panel(JsonElement Dashboard, JsonElement Json)
    {
        public string Id => Json.GetProperty("panelIndex").GetString()!;

        public JsonElement Attributes => Json.GetProperty("embeddableConfig").GetProperty("attributes");

        public string Title => Attributes.GetProperty("title").GetString()!;

        public JsonElement Layer => Attributes.GetProperty("state").GetProperty("datasourceStates").GetProperty("formBased").GetProperty("layers").GetProperty("l1");

        /// <summary>Such as <c>interactions</c>.</summary>
        public string View => Attributes.GetProperty("references")[0].GetProperty("id").GetString()!["cinegrain-".Length..];

        /// <summary>Query of the panel; empty finds everything.</summary>
        public string Query => Attributes.GetProperty("state").GetProperty("query").GetProperty("query").GetString()!;

        public IEnumerable<string> Queries =>
        [
            Query,
            .. Layer.GetProperty("columns").EnumerateObject()
                .Where(column => column.Value.TryGetProperty("filter", out _))
                .Select(column => column.Value.GetProperty("filter").GetProperty("query").GetString()!),
        ];

        public JsonElement Column(string name) => Layer.GetProperty("columns").GetProperty(name);
    }
}
