using System.Xml.Linq;

namespace Cinegrain.Architecture.Tests;

/// <summary>The work tree that the tests were built from: its projects and sources as text.</summary>
internal static class Repository
{
    public static string Root { get; } = FindRoot();

    /// <summary>Projects of a folder of the root (<c>src</c>, <c>tests</c>), by the name of their own folder.</summary>
    public static IReadOnlyList<Project> Projects(string folder) =>
        [.. Directory.GetFiles(Path.Combine(Root, folder), "*.csproj", SearchOption.AllDirectories)
            .Order(StringComparer.Ordinal)
            .Select(path => new Project(
                Path.GetFileName(Path.GetDirectoryName(path)!),
                Path.GetDirectoryName(path)!,
                XDocument.Load(path)))];

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Cinegrain.slnx")))
            {
                return folder.FullName;
            }
        }

        throw new InvalidOperationException("these tests read the sources: run them from within the work tree");
    }
}

/// <summary>A project file and the sources beside it.</summary>
internal sealed record Project(string Name, string Folder, XDocument File)
{
    /// <summary>Names of the folders of the projects that it references.</summary>
    public IReadOnlyList<string> References =>
        [.. File.Descendants("ProjectReference")
            .Select(reference => (string)reference.Attribute("Include")!)
            .Select(path => Path.GetFileName(Path.GetDirectoryName(path.Replace('\\', '/'))!))];

    /// <summary>Packages and shared frameworks that it references.</summary>
    public IReadOnlyList<string> Packages =>
        [.. File.Descendants().Where(e => e.Name.LocalName is "PackageReference" or "FrameworkReference").Select(e => (string)e.Attribute("Include")!)];

    /// <summary>Namespace of the sources at the top of the project.</summary>
    public string RootNamespace => (string?)File.Descendants("RootNamespace").FirstOrDefault()
        ?? (Name.StartsWith("Cinegrain.", StringComparison.Ordinal) ? Name : $"Cinegrain.{Name}");

    public override string ToString() => Name;

    /// <summary>The C# sources, without what the build makes.</summary>
    public IReadOnlyList<SourceFile> Sources =>
        [.. Directory.GetFiles(Folder, "*.cs", SearchOption.AllDirectories)
            .Select(path => new SourceFile(Path.GetRelativePath(Folder, path).Replace('\\', '/'), System.IO.File.ReadAllText(path)))
            .Where(source => !source.Path.StartsWith("obj/", StringComparison.Ordinal) && !source.Path.StartsWith("bin/", StringComparison.Ordinal))
            .OrderBy(source => source.Path, StringComparer.Ordinal)];
}

/// <summary>One source file; the path is relative to its project.</summary>
internal sealed record SourceFile(string Path, string Text)
{
    /// <summary>The text without comments and without the contents of strings.</summary>
    public string Code { get; } = CSharpText.WithoutCommentsAndStrings(Text);
}
