using System.CommandLine;
using Cinegrain.Cli.Client;

namespace Cinegrain.Cli.Users;

/// <summary><c>cinegrain export</c>: all that is held of a user.</summary>
internal static class ExportCommand
{
    private static readonly Option<string?> Out = new("--out", "-o")
    {
        Description = "File to write; standard output without it.",
        HelpName = "FILE",
    };

    public static Command Create(Terminal terminal)
    {
        var command = new Command("export", "Write all that is held of a user, as JSON: what was learned, and every record of the user's log. Needs a key of the scope admin.")
        {
            UserOption.User, Out,
        };
        ServerOptions.AddTo(command);
        command.SetAction((result, cancellationToken) => RunAsync(result, terminal, cancellationToken));
        return command.WithExamples("cinegrain export --user alice", "cinegrain export --user alice --out alice.json --key cgk_…");
    }

    private static async Task<int> RunAsync(ParseResult result, Terminal terminal, CancellationToken cancellationToken)
    {
        using var client = ServerOptions.CreateClient(result, terminal.Time);

        // Whole in memory before a file is made: a failure leaves no half of it.
        using var content = new MemoryStream();
        await client.ExportAsync(result.GetRequiredValue(UserOption.User), content, cancellationToken).ConfigureAwait(false);
        if (result.GetValue(Out) is { } path)
        {
            await File.WriteAllBytesAsync(path, content.ToArray(), cancellationToken).ConfigureAwait(false);
            await terminal.Error.WriteLineAsync($"Wrote {path}.").ConfigureAwait(false);
        }
        else
        {
            content.Position = 0;
            using var reader = new StreamReader(content);
            await terminal.Out.WriteLineAsync(await reader.ReadToEndAsync(cancellationToken).ConfigureAwait(false)).ConfigureAwait(false);
        }

        return ExitCode.Success;
    }
}
