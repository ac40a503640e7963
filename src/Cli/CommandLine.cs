using System.CommandLine;
using Cinegrain.Cli.Evaluation;
using Cinegrain.Cli.Importing;
using Cinegrain.Cli.Keys;
using Cinegrain.Cli.Replay;
using Cinegrain.Cli.Simulation;
using Cinegrain.Cli.Users;
using Cinegrain.Ingest.Readers;

namespace Cinegrain.Cli;

/// <summary>The command <c>cinegrain</c>: its subcommands, and what becomes of their errors.</summary>
internal static class CommandLine
{
    /// <summary>Options that every command has.</summary>
    public static Option<bool> Json { get; } = new("--json")
    {
        Description = "Write the result as JSON on standard output, and no progress.",
        Recursive = true,
    };

    /// <inheritdoc cref="Json"/>
    public static Option<bool> Quiet { get; } = new("--quiet", "-q")
    {
        Description = "Show no progress.",
        Recursive = true,
    };

    /// <summary>The command with all its subcommands.</summary>
    public static RootCommand Create(Terminal terminal)
    {
        var root = new RootCommand("Cinegrain: movie recommendations that learn from every event. Import data, simulate an audience, measure quality.")
        {
            Json,
            Quiet,
        };
        root.Subcommands.Add(EvaluateCommand.Create(terminal));
        root.Subcommands.Add(ImportCommand.Create(terminal));
        root.Subcommands.Add(SimulateCommand.Create(terminal));
        root.Subcommands.Add(KeysCommand.Create(terminal));
        root.Subcommands.Add(ExportCommand.Create(terminal));
        root.Subcommands.Add(EraseCommand.Create(terminal));
        root.Subcommands.Add(ReplayCommand.Create(terminal));
        ExamplesHelp.AddTo(root);
        return root;
    }

    /// <summary>Runs one command line; returns its exit code (<see cref="ExitCode"/>).</summary>
    public static async Task<int> RunAsync(IReadOnlyList<string> arguments, Terminal terminal, CancellationToken cancellationToken)
    {
        var configuration = new InvocationConfiguration
        {
            Output = terminal.Out,
            Error = terminal.Error,
            EnableDefaultExceptionHandler = false,
        };
        try
        {
            return await Create(terminal).Parse(arguments).InvokeAsync(configuration, cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            await terminal.Error.WriteLineAsync("Stopped.").ConfigureAwait(false);
            return ExitCode.Cancelled;
        }
        catch (Exception error) when (error is CommandException or DataSetException or IOException or UnauthorizedAccessException)
        {
            await terminal.Error.WriteLineAsync(error.Message).ConfigureAwait(false);
            return ExitCode.Failure;
        }
    }
}
