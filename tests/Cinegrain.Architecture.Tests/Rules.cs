using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Text.RegularExpressions;

namespace Cinegrain.Architecture.Tests;

/// <summary>The rules as functions from what is looked at to what breaks them, so that each can be shown to fail.</summary>
internal static partial class Rules
{
    public static readonly string[] Hosts = ["Standalone", "Silo", "Gateway", "Cli"];

    private static readonly Dictionary<string, string[]> AllowedOfAdapters = new(StringComparer.Ordinal)
    {
        ["Model"] = [],
        ["Ingest"] = ["Model"],
        ["Kafka"] = ["Model"],
        ["Elasticsearch"] = ["Model"],
        ["Embedded"] = ["Model"],
        ["Api"] = ["Ingest", "Model"],
        ["Hosting"] = ["Api", "Elasticsearch", "Ingest", "Kafka", "Model"],
        ["Grains"] = ["Model", "Streaming"],
        ["Streaming"] = [],
    };

    /// <summary>References that do not point inward.</summary>
    public static IEnumerable<string> References(string project, IEnumerable<string> references)
    {
        if (!Hosts.Contains(project) && !AllowedOfAdapters.ContainsKey(project))
        {
            yield return $"{project} has no role: give it one in {nameof(Rules)}, and in the layout of the design";
            yield break;
        }

        foreach (var reference in references)
        {
            if (Hosts.Contains(project) ? Hosts.Contains(reference) : !AllowedOfAdapters[project].Contains(reference))
            {
                yield return $"{project} references {reference}";
            }
        }
    }

    /// <summary>Words of code that reach for I/O, a clock, chance or a wait, which the model must not.</summary>
    public static IEnumerable<string> Impurities(string code) => Impurity().Matches(code).Select(match => match.Value);

    /// <summary>Members and types that an assembly uses and a model must not, from its metadata.</summary>
    public static IEnumerable<string> Impurities(PEReader assembly)
    {
        var metadata = assembly.GetMetadataReader();
        foreach (var handle in metadata.MemberReferences)
        {
            var member = metadata.GetMemberReference(handle);
            if (member.Parent.Kind == HandleKind.TypeReference)
            {
                var type = metadata.GetTypeReference((TypeReferenceHandle)member.Parent);
                var space = metadata.GetString(type.Namespace);
                var name = $"{space}.{metadata.GetString(type.Name)}";
                var used = $"{name}.{metadata.GetString(member.Name)}";
                var isRandomOfNoSeed = name == "System.Random"
                    && (used != "System.Random..ctor" || metadata.GetBlobReader(member.Signature) is var signature && HasNoParameters(ref signature));
                if (ForbiddenMembers.Contains(used) || isRandomOfNoSeed)
                {
                    yield return used;
                }
            }
        }

        foreach (var handle in metadata.TypeReferences)
        {
            var type = metadata.GetTypeReference(handle);
            var name = $"{metadata.GetString(type.Namespace)}.{metadata.GetString(type.Name)}";
            if (ForbiddenTypes.Contains(name) || ForbiddenNamespaces.Any(space => name.StartsWith(space, StringComparison.Ordinal)))
            {
                yield return name;
            }
        }

        static bool HasNoParameters(ref BlobReader signature)
        {
            signature.ReadSignatureHeader();
            return signature.ReadCompressedInteger() == 0;
        }
    }

    /// <summary>Classes that are open to inheritance although nothing says so: not sealed, static, abstract.</summary>
    public static IEnumerable<string> OpenClasses(IEnumerable<string> codes) =>
        TypeDeclarations(codes)
            .GroupBy(type => type.Name)
            .Where(parts => parts.Any(part => part.Kind is "class" or "record")
                && !parts.Any(part => part.Modifiers.Any(modifier => modifier is "sealed" or "static" or "abstract")))
            .Select(parts => parts.Key);

    /// <summary>Types that are public.</summary>
    public static IEnumerable<string> PublicTypes(IEnumerable<string> codes) =>
        TypeDeclarations(codes).Where(type => type.Modifiers.Contains("public")).Select(type => type.Name).Distinct();

    /// <summary>
    /// Files whose namespace is neither that of their folder nor of one above it in the project, and folders whose files do not agree: a
    /// capability that is used together may share the namespace of the folder above, and one named like a type of its must. Files of extension
    /// methods (…Extensions.cs) are where their callers look, whatever the others do.
    /// </summary>
    public static IEnumerable<string> Namespaces(string rootNamespace, IEnumerable<(string Path, string Code)> files)
    {
        var byFolder = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (path, code) in files)
        {
            var folder = path.Contains('/') ? path[..path.LastIndexOf('/')] : "";
            var found = NamespaceDeclaration().Match(code);
            if (!found.Success)
            {
                if (TypeDeclarations([code]).Any() && path != "Program.cs")
                {
                    yield return $"{path} has no file-scoped namespace";
                }

                continue;
            }

            var own = found.Groups[1].Value;
            var expected = $"{rootNamespace}.{folder.Replace('/', '.')}".TrimEnd('.');
            if (own != expected
                && !(own.StartsWith(rootNamespace, StringComparison.Ordinal) && expected.StartsWith(own + ".", StringComparison.Ordinal)))
            {
                yield return $"{path} is in {own}, its folder says {expected}";
            }
            else if (byFolder.TryGetValue(folder, out var other) && other != own && !path.EndsWith("Extensions.cs", StringComparison.Ordinal))
            {
                yield return $"{path} is in {own}, others of its folder are in {other}";
            }

            if (!path.EndsWith("Extensions.cs", StringComparison.Ordinal))
            {
                byFolder.TryAdd(folder, own);
            }
        }
    }

    /// <summary>Waits for a time instead of a signal.</summary>
    public static IEnumerable<string> Sleeps(string code) => Sleep().Matches(code).Select(match => match.Value);

    /// <summary>Names of tests that do not say what is tested and, after an underscore, under what condition with what result.</summary>
    public static IEnumerable<string> TestNames(string code) =>
        TestMethod().Matches(code).Select(match => match.Groups[1].Value).Where(name => !name.Contains('_'));

    /// <summary>Catch clauses that do nothing and say nothing of it, but for those of a cancellation; the text with its comments.</summary>
    public static IEnumerable<string> SwallowedErrors(string text) => EmptyCatch().Matches(text).Select(match => match.Value);

    private static readonly HashSet<string> ForbiddenMembers = new(StringComparer.Ordinal)
    {
        "System.DateTime.get_Now", "System.DateTime.get_UtcNow", "System.DateTime.get_Today",
        "System.DateTimeOffset.get_Now", "System.DateTimeOffset.get_UtcNow",
        "System.Environment.get_TickCount", "System.Environment.get_TickCount64",
        "System.Guid.NewGuid", "System.Guid.CreateVersion7",
        "System.Threading.Thread.Sleep", "System.Threading.Tasks.Task.Delay",
    };

    private static readonly HashSet<string> ForbiddenTypes = new(StringComparer.Ordinal)
    {
        "System.IO.File", "System.IO.FileInfo", "System.IO.FileStream", "System.IO.Directory", "System.IO.DirectoryInfo", "System.IO.StreamReader",
        "System.IO.StreamWriter", "System.Console", "System.Diagnostics.Process", "System.Diagnostics.Stopwatch", "System.TimeProvider",
        "System.Threading.Timer", "System.Threading.PeriodicTimer",
    };

    private static readonly string[] ForbiddenNamespaces = ["System.Net.", "Microsoft.AspNetCore.", "Microsoft.Extensions.", "Orleans.", "Microsoft.Data."];

    private static IEnumerable<(string[] Modifiers, string Kind, string Name)> TypeDeclarations(IEnumerable<string> codes) =>
        codes.SelectMany(code => TypeDeclaration().Matches(code)).Select(match => (
            match.Groups[1].Value.Split([' ', '\n', '\r', '\t'], StringSplitOptions.RemoveEmptyEntries),
            match.Groups[2].Value,
            match.Groups[3].Value));

    [GeneratedRegex(@"\bSystem\.Net\b|\bMicrosoft\.(?:AspNetCore|Extensions|Data)\b|\bOrleans\b|\b(?:File|Directory|FileInfo|DirectoryInfo|Console|Process|Stopwatch|TimeProvider)\s*\.|\bnew\s+(?:FileStream|StreamReader|StreamWriter|HttpClient|PeriodicTimer|Timer)\b|\bDateTime(?:Offset)?\s*\.\s*(?:Now|UtcNow|Today)\b|\bnew\s+Random\s*\(\s*\)|\bRandom\s*\.\s*Shared\b|\bGuid\s*\.\s*NewGuid\b|\bThread\s*\.\s*Sleep\b|\bTask\s*\.\s*Delay\b|\bTickCount(?:64)?\b")]
    private static partial Regex Impurity();

    [GeneratedRegex(@"^[ \t]*(?:\[[^\]\n]*\][ \t]*)?((?:(?:public|internal|private|protected|file|sealed|static|abstract|readonly|partial|ref|unsafe|new)\s+)*)(class|record\s+struct|record|struct|interface|enum)\s+(\w+)", RegexOptions.Multiline)]
    private static partial Regex TypeDeclaration();

    [GeneratedRegex(@"^\s*namespace\s+([\w.]+)\s*;", RegexOptions.Multiline)]
    private static partial Regex NamespaceDeclaration();

    [GeneratedRegex(@"\bThread\s*\.\s*Sleep\b|\bTask\s*\.\s*Delay\s*\(\s*(?:\d|TimeSpan\s*\.\s*From)(?![^;]*,\s*(?:\w+\s*\.\s*)*_?[tT]ime\b)|\bWaitForTimeoutAsync\b|\bSpinWait\s*\.\s*SpinUntil\b")]
    private static partial Regex Sleep();

    [GeneratedRegex(@"\[\s*(?:Fact|Theory|Property|BrowserFact)\b[^\]]*\]\s*(?:\[[^\]]*\]\s*)*public\s+(?:static\s+)?(?:async\s+)?[\w<>\[\]?,. ]+?\s+(\w+)\s*\(")]
    private static partial Regex TestMethod();

    [GeneratedRegex(@"\bcatch\b(?!\s*\(\s*OperationCanceledException\b)\s*(?:\([^)]*\)\s*)?(?:when\s*\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)\s*)?\{\s*\}")]
    private static partial Regex EmptyCatch();
}
