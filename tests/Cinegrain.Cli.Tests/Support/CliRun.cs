namespace Cinegrain.Cli.Tests.Support;

/// <summary>One run of the command line.</summary>
internal sealed record CliRun(int Code, string Out, string Error)
{
    public static Task<CliRun> OfAsync(params string[] arguments) => OfAsync(TimeProvider.System, null, arguments);

    public static async Task<CliRun> OfAsync(TimeProvider time, string? answer, params string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var terminal = new Terminal(output, error, Interactive: false, answer is null ? null : new StringReader(answer + "\n")) { Time = time };
        var code = await CommandLine.RunAsync(arguments, terminal, CancellationToken.None);
        return new CliRun(code, output.ToString(), error.ToString());
    }
}
