using Cinegrain.Cli.Tests.Support;

namespace Cinegrain.Cli.Tests;

public sealed class CommandLineTests
{
    [Theory]
    [InlineData("evaluate")]
    [InlineData("import")]
    [InlineData("import movielens")]
    [InlineData("import csv")]
    [InlineData("import ndjson")]
    [InlineData("simulate")]
    [InlineData("keys")]
    [InlineData("keys create")]
    [InlineData("keys list")]
    [InlineData("keys revoke")]
    [InlineData("export")]
    [InlineData("erase")]
    [InlineData("replay")]
    public async Task Help_OfEachCommand_ShowsExamplesThatParse(string command)
    {
        var run = await CliRun.OfAsync([.. command.Split(' '), "--help"]);

        Assert.Equal(0, run.Code);
        var examples = run.Out[run.Out.IndexOf("Examples:", StringComparison.Ordinal)..].Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)[1..];
        Assert.NotEmpty(examples);
        foreach (var example in examples)
        {
            var words = example[(example.IndexOf("cinegrain ", StringComparison.Ordinal) + "cinegrain ".Length)..];
            Assert.StartsWith(command, words, StringComparison.Ordinal);
            Assert.Empty(CommandLine.Create(new Terminal(TextWriter.Null, TextWriter.Null, false, null)).Parse(words).Errors);
        }
    }

    [Fact]
    public async Task Run_Cancelled_StopsWithItsOwnCode()
    {
        using var error = new StringWriter();
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();
        using var folder = new TemporaryFolder();
        var data = folder.WriteDataSet("data", GroupedRatings.Movies, GroupedRatings.Create(100, 10, seed: 1));

        var code = await CommandLine.RunAsync(["evaluate", "--data", data], new Terminal(TextWriter.Null, error, false, null), cancelled.Token);

        Assert.Equal(ExitCode.Cancelled, code);
        Assert.Equal("Stopped.", error.ToString().Trim());
    }

    [Fact]
    public async Task Run_UnknownCommand_Fails()
    {
        var run = await CliRun.OfAsync("recommend");

        Assert.Equal(ExitCode.Failure, run.Code);
        Assert.Contains("recommend", run.Error, StringComparison.Ordinal);
    }
}
