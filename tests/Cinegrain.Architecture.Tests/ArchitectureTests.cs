using System.Reflection;
using System.Reflection.PortableExecutable;
using Cinegrain.Model;

namespace Cinegrain.Architecture.Tests;

/// <summary>Layout and direction of references (design section 2) and the style that a machine can check (section 9).</summary>
public sealed class ArchitectureTests
{
    private static readonly IReadOnlyList<Project> Sources = Repository.Projects("src");
    private static readonly IReadOnlyList<Project> Tests = Repository.Projects("tests");
    private static readonly Assembly ModelAssembly = typeof(ModelConstants).Assembly;

    [Fact]
    public void Projects_OfTheRepository_AreFound()
    {
        Assert.Contains(Sources, project => project.Name == "Model");
        Assert.All(Sources.Concat(Tests), project => Assert.NotEmpty(project.Sources));
    }

    [Fact]
    public void References_OfEveryProject_PointInward() =>
        AssertNone(Sources.SelectMany(project => Rules.References(project.Name, project.References)));

    [Fact]
    public void Model_ByItsProjectFile_ReferencesNothing()
    {
        var model = Sources.Single(project => project.Name == "Model");
        Assert.Empty(model.References);
        Assert.Empty(model.Packages);
        Assert.Equal("Microsoft.NET.Sdk", (string?)model.File.Root!.Attribute("Sdk"));
    }

    [Fact]
    public void Model_ByItsMetadata_ReferencesTheBaseLibraryAlone() => Assert.All(
        ModelAssembly.GetReferencedAssemblies(),
        reference => Assert.True(
            reference.Name!.StartsWith("System.", StringComparison.Ordinal) && !reference.Name.StartsWith("System.Net", StringComparison.Ordinal),
            $"{reference.Name} is not of the base library"));

    [Fact]
    public void Model_ByItsMetadata_UsesNoFilesNoNetworkNoClockNoChance()
    {
        using var assembly = new PEReader(File.OpenRead(ModelAssembly.Location));
        AssertNone(Rules.Impurities(assembly));
    }

    [Fact]
    public void Model_ByItsText_UsesNoFilesNoNetworkNoClockNoChance() => AssertNone(
        Sources.Single(project => project.Name == "Model").Sources
            .SelectMany(source => Rules.Impurities(source.Code).Select(word => $"{source.Path}: {word}")));

    [Fact]
    public void Classes_OfEveryProject_AreSealed() => AssertNone(
        Sources.SelectMany(project => Rules.OpenClasses(project.Sources.Select(source => source.Code)).Select(name => $"{project.Name}: {name}")));

    [Fact]
    public void Hosts_ByTheirTypes_HaveNothingPublic() => AssertNone(
        Sources.Where(project => Rules.Hosts.Contains(project.Name))
            .SelectMany(project => Rules.PublicTypes(project.Sources.Select(source => source.Code)).Select(name => $"{project.Name}: {name}")));

    [Fact]
    public void Model_ByItsTypes_MakesPublicWhatIsListedAlone()
    {
        // A type is public when a host, an adapter or a caller of theirs names it. Make it internal, or add it here.
        string[] listed =
        [
            "ModelConstants", "ModelOptions", "ModelVariant", "SequentialModel", "SharedModel", "StableHash",
            "Blending.Blend", "Blending.BlendWeights", "Blending.TrainingExample",
            "Catalogue.CatalogueView", "Catalogue.IPopularity", "Catalogue.MovieIndex", "Catalogue.MovieSummary", "Catalogue.TitleSearch",
            "Events.CatalogueChange", "Events.ConsentChange", "Events.Erasure", "Events.Interaction", "Events.InteractionKind", "Events.LogRecords",
            "Events.MovieMetadata", "Events.MovieRecord", "Events.Normalisation", "Events.RejectedInput", "Events.Rejections", "Events.Signal", "Events.SignalSource",
            "Events.UserRecord", "Events.WireFormat",
            "Measuring.Estimate", "Measuring.PartitionStatistics", "Measuring.QualitySums", "Measuring.TestBudget", "Measuring.TestOutcome", "Measuring.VariantMonitor", "Measuring.VariantNotes", "Measuring.LiveFigures", "Measuring.RecentSamples",
            "Measuring.VariantQuality",
            "Movies.MovieState", "Movies.TraitsCodec", "Movies.TraitsDelta",
            "Ports.ActorKind", "Ports.ActorState", "Ports.Checkpoint", "Ports.ILog", "Ports.IScannableLog", "Ports.IStateStore", "Ports.LogEntry", "Ports.LogPosition",
            "Ports.LogRecord", "Ports.Partitioner", "Ports.Retry", "Ports.Topics", "Ports.UnavailableException", "Ports.Waiters", "Ports.WrongLogException",
            "Ranking.ChartEntry", "Ranking.Features", "Ranking.MovieCharts", "Ranking.Reason", "Ranking.ReasonKind", "Ranking.Recommendation",
            "Ranking.RecommendationList", "Ranking.RecommendationQuery",
            "Reranking.RerankFeatures", "Reranking.RerankLearner", "Reranking.RerankWeights",
            "Users.HistoryEntry", "Users.TasteEntry", "Users.UserActor", "Users.UserEffects", "Users.UserPartition", "Users.UserProfile",
            "Users.UserState",
        ];
        var found = ModelAssembly.GetExportedTypes().Where(type => !type.IsNested).Select(type => type.FullName!["Cinegrain.Model.".Length..]);
        Assert.Equal(listed.Order(StringComparer.Ordinal), found.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Namespaces_OfEveryFile_AreThoseOfItsFolder() => AssertNone(
        Sources.Concat(Tests).SelectMany(project => Rules
            .Namespaces(project.RootNamespace, project.Sources.Select(source => (source.Path, source.Code)))
            .Select(problem => $"{project.Name}/{problem}")));

    [Fact]
    public void Errors_InEveryProject_AreNotSwallowed() => AssertNone(
        Sources.Concat(Tests).Where(project => project.Name != "Cinegrain.Architecture.Tests").SelectMany(project => project.Sources
            .SelectMany(source => Rules.SwallowedErrors(source.Text).Select(found => $"{project.Name}/{source.Path}: {found}"))));

    [Fact]
    public void Tests_OfEveryProject_DoNotSleep() => AssertNone(
        Tests.SelectMany(project => project.Sources
            .SelectMany(source => Rules.Sleeps(source.Code).Select(word => $"{project.Name}/{source.Path}: {word}"))));

    [Fact]
    public void TestNames_OfEveryProject_SayWhatIsTestedAndWithWhatResult() => AssertNone(
        Tests.SelectMany(project => project.Sources
            .SelectMany(source => Rules.TestNames(source.Code).Select(name => $"{project.Name}/{source.Path}: {name}"))));

    [Fact]
    public void Projects_OfTheRepository_AreInTheSolution()
    {
        var solution = File.ReadAllText(Path.Combine(Repository.Root, "Cinegrain.slnx"));
        Assert.All(Sources.Concat(Tests), project =>
        {
            var folder = Path.GetRelativePath(Repository.Root, project.Folder).Replace('\\', '/');
            Assert.Contains($"Path=\"{folder}/", solution, StringComparison.Ordinal);
        });
    }

    private static void AssertNone(IEnumerable<string> problems)
    {
        string[] all = [.. problems];
        Assert.True(all.Length == 0, string.Join('\n', all));
    }
}
