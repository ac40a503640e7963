using System.Reflection;
using System.Text.RegularExpressions;
using Cinegrain.Hosting;
using Xunit;

namespace Cinegrain.Cluster.Tests;

/// <summary>What operators copy names settings, programs and metrics that are there.</summary>
public sealed partial class ManifestTests
{
    private static readonly string Root = FindRoot();

    private static readonly string[] Servers = ["cinegrain-standalone", "cinegrain-silo", "cinegrain-gateway"];

    [Fact]
    public void Manifests_EverySettingTheyGive_IsOneOfAServer()
    {
        var known = Servers
            .SelectMany(server => Assembly.Load(server).GetTypes().Where(type => typeof(ServerOptions).IsAssignableFrom(type)))
            .SelectMany(SettingsReader.Of)
            .Select(setting => "CINEGRAIN" + SettingsReader.Name(setting.Property.Name)[1..].Replace('-', '_').ToUpperInvariant())
            .ToHashSet(StringComparer.Ordinal);
        var given = Files().SelectMany(file => Setting().Matches(File.ReadAllText(file)).Select(match => match.Value)).Distinct().ToList();

        Assert.Contains("CINEGRAIN_KAFKA_BOOTSTRAP", given);
        Assert.Empty(given.Except(known));
    }

    [Fact]
    public void Manifests_EveryProgramTheyStart_IsInTheImage()
    {
        var image = File.ReadAllText(Path.Combine(Root, "Dockerfile"));
        var started = Files().SelectMany(file => Program().Matches(File.ReadAllText(file))).Select(match => (Folder: match.Groups[1].Value, Name: match.Groups[2].Value)).Distinct().ToList();

        Assert.Contains(("silo", "cinegrain-silo"), started);
        Assert.All(started, program => Assert.Contains($"-o /app/{program.Folder}", image, StringComparison.Ordinal));
        Assert.All(started.Where(program => program.Folder != "cli"), program => Assert.Contains(program.Name, Servers));
    }

    private static IEnumerable<string> Files() => Directory.EnumerateFiles(Path.Combine(Root, "k8s"), "*.yaml", SearchOption.AllDirectories)
        .Append(Path.Combine(Root, "docker-compose.yml"))
        .Append(Path.Combine(Root, "Dockerfile"));

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Cinegrain.slnx")))
        {
            folder = folder.Parent ?? throw new InvalidOperationException("the tests do not run in the repository");
        }

        return folder.FullName;
    }

    [GeneratedRegex("CINEGRAIN_[A-Z_]+")]
    private static partial Regex Setting();

    [GeneratedRegex("/app/([a-z]+)/([a-z-]+)\\.dll")]
    private static partial Regex Program();
}
