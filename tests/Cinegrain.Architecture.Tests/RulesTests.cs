using System.Reflection.PortableExecutable;

namespace Cinegrain.Architecture.Tests;

/// <summary>Each rule finds a deliberate violation, and leaves alone what merely looks like one.</summary>
public sealed class RulesTests
{
    [Theory]
    [InlineData("Model", "Ingest")]
    [InlineData("Embedded", "Ingest")]
    [InlineData("Ingest", "Api")]
    [InlineData("Api", "Embedded")]
    [InlineData("Api", "Standalone")]
    [InlineData("Cli", "Standalone")]
    [InlineData("Novel", "Model")]
    public void References_OutwardOrOfNoRole_AreFound(string project, string reference) =>
        Assert.NotEmpty(Rules.References(project, ["Model", reference]));

    [Theory]
    [InlineData("Embedded", "Model")]
    [InlineData("Api", "Ingest")]
    [InlineData("Standalone", "Api")]
    [InlineData("Cli", "Embedded")]
    public void References_Inward_AreLeftAlone(string project, string reference) => Assert.Empty(Rules.References(project, [reference]));

    [Theory]
    [InlineData("var t = DateTime.UtcNow;")]
    [InlineData("var t = DateTimeOffset . Now;")]
    [InlineData("using System.Net.Http;")]
    [InlineData("var r = new Random();")]
    [InlineData("var r = Random.Shared;")]
    [InlineData("File.ReadAllText(path);")]
    [InlineData("Thread.Sleep(1);")]
    [InlineData("await Task.Delay(time);")]
    [InlineData("var id = Guid.NewGuid();")]
    public void Impurities_InText_AreFound(string code) => Assert.NotEmpty(Rules.Impurities(code));

    [Theory]
    [InlineData("var r = new Random(seed);")]
    [InlineData("throw new InvalidDataException();")]
    [InlineData("var t = DateTimeOffset.FromUnixTimeSeconds(s);")]
    public void Impurities_OfPureCode_AreNone(string code) => Assert.Empty(Rules.Impurities(code));

    [Fact]
    public void Impurities_OfAnAssemblyThatHasThem_AreFoundInItsMetadata()
    {
        // This assembly reads files, and the method below is never called.
        using var assembly = new PEReader(File.OpenRead(typeof(RulesTests).Assembly.Location));
        var found = Rules.Impurities(assembly).ToHashSet();
        Assert.Superset(new HashSet<string> { "System.DateTime.get_UtcNow", "System.Random..ctor", "System.Threading.Tasks.Task.Delay", "System.IO.File" }, found);
    }

    [Fact]
    public void OpenClasses_NeitherSealedNorAbstractNorStatic_AreFound() =>
        Assert.Equal(
            ["A", "E"],
            Rules.OpenClasses(["internal class A;", "public sealed class B;", "static class C;", "internal abstract record D;", "public record E(int X);", "partial class B { }", "public record struct F;"]));

    [Fact]
    public void PublicTypes_Public_AreFound() =>
        Assert.Equal(["A", "B"], Rules.PublicTypes(["public sealed class A;", "internal sealed class C;", "public enum B { }"]));

    [Theory]
    [InlineData("Users/UserState.cs", "namespace Cinegrain.Model.Movies;")]
    [InlineData("UserState.cs", "namespace Cinegrain.Model.Users;")]
    [InlineData("UserState.cs", "namespace Cinegrain.Model\n{\n    class A;\n}")]
    [InlineData("UserState.cs", "class A;")]
    public void Namespaces_NotOfTheirFolder_AreFound(string path, string code) => Assert.Single(Rules.Namespaces("Cinegrain.Model", [(path, code)]));

    [Theory]
    [InlineData("Users/UserState.cs", "namespace Cinegrain.Model.Users;\nclass A;")]
    [InlineData("Users/UserState.cs", "namespace Cinegrain.Model;\nclass A;")]
    [InlineData("Program.cs", "return 0;")]
    public void Namespaces_OfTheirFolder_AreLeftAlone(string path, string code) => Assert.Empty(Rules.Namespaces("Cinegrain.Model", [(path, code)]));

    [Fact]
    public void Namespaces_ThatDifferWithinAFolder_AreFound() => Assert.Single(Rules.Namespaces(
        "Cinegrain.Model", [("Users/A.cs", "namespace Cinegrain.Model.Users;"), ("Users/B.cs", "namespace Cinegrain.Model;")]));

    [Theory]
    [InlineData("Thread.Sleep(100);")]
    [InlineData("await Task.Delay(100);")]
    [InlineData("await Task.Delay(TimeSpan.FromSeconds(1));")]
    [InlineData("await page.WaitForTimeoutAsync(500);")]
    public void Sleeps_OfANumber_AreFound(string code) => Assert.NotEmpty(Rules.Sleeps(code));

    [Fact]
    public void Sleeps_ThatNeverEnd_AreLeftAlone() => Assert.Empty(Rules.Sleeps("await Task.Delay(Timeout.Infinite, token);"));

    [Fact]
    public void Sleeps_OnAGivenClock_AreLeftAlone() =>
        Assert.Empty(Rules.Sleeps("await Task.Delay(TimeSpan.FromSeconds(1), world.Time, token);"));

    [Fact]
    public void Sleeps_OnTheRealClockBesideAGivenOne_AreFound() =>
        Assert.Single(Rules.Sleeps("await Task.Delay(TimeSpan.FromSeconds(1), token); await Task.Delay(TimeSpan.FromSeconds(1), Time);"));

    [Fact]
    public void TestNames_OfOnePart_AreFound() =>
        Assert.Equal(["Works"], Rules.TestNames(
            "[Fact] public void Works() { } [Theory]\n[InlineData(1)]\npublic async Task Apply_Works(int x) { } [Fact]\npublic void Apply_Twice_IsOnce() { }"));

    [Fact]
    public void SwallowedErrors_WithoutAWord_AreFound()
    {
        Assert.Single(Rules.SwallowedErrors("try { A(); } catch (IOException) { }"));
        Assert.Single(Rules.SwallowedErrors("try { A(); } catch { }"));
        Assert.Single(Rules.SwallowedErrors("try { A(); } catch (IOException e) when (Is(e) is { } x) { }"));
        Assert.Empty(Rules.SwallowedErrors("try { A(); } catch (IOException e) when (Is(e) is { } x) { B(x); }"));
        Assert.Empty(Rules.SwallowedErrors("try { A(); } catch (OperationCanceledException) when (token.IsCancellationRequested) { }"));
        Assert.Empty(Rules.SwallowedErrors("try { A(); } catch (IOException) { /* the file is gone: all that was wanted */ }"));
    }

    [Fact]
    public void WithoutCommentsAndStrings_WordsInThem_AreLeftOut()
    {
        const string Source = """"
            a(); // Thread.Sleep
            /* Thread.Sleep
            */ b("Thread.Sleep \" Thread.Sleep", 'x', '\'', @"Thread.Sleep "" Thread.Sleep", $"Thread.Sleep", $@"Thread.Sleep \");
            c("""
              Thread.Sleep "
              """);
            d();
            """";
        var code = CSharpText.WithoutCommentsAndStrings(Source);
        Assert.DoesNotContain("Sleep", code, StringComparison.Ordinal);
        Assert.Equal(Source.Count(c => c == '\n'), code.Count(c => c == '\n'));
        Assert.All(new[] { "a();", "b(", "c(", "d();" }, kept => Assert.Contains(kept, code, StringComparison.Ordinal));
    }

    internal static async Task<int> Impure()
    {
        await Task.Delay(new Random().Next());
        return DateTime.UtcNow.Day;
    }
}
