using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Cinegrain.Cli.Client;
using Spectre.Console;

namespace Cinegrain.Cli.Users;

/// <summary><c>cinegrain erase</c>: removes a user.</summary>
internal static class EraseCommand
{
    private static readonly Option<bool> Yes = new("--yes", "-y") { Description = "Do not ask." };

    public static Command Create(Terminal terminal)
    {
        var command = new Command("erase", "Erase everything held of a user, and report what was removed and what stays until when. Needs a key of the scope admin.")
        {
            UserOption.User, Yes,
        };
        ServerOptions.AddTo(command);
        command.SetAction((result, cancellationToken) => RunAsync(result, terminal, cancellationToken));
        return command.WithExamples("cinegrain erase --user alice", "cinegrain erase --user alice --yes --json");
    }

    private static async Task<int> RunAsync(ParseResult result, Terminal terminal, CancellationToken cancellationToken)
    {
        using var client = ServerOptions.CreateClient(result, terminal.Time);
        if (!result.GetValue(Yes) && !await terminal.ConfirmAsync("Everything held of this user will be erased, for good.", cancellationToken).ConfigureAwait(false))
        {
            throw new CommandException("Nothing was erased: answer yes, or give --yes.");
        }

        var report = await client.EraseAsync(result.GetRequiredValue(UserOption.User), cancellationToken).ConfigureAwait(false);
        if (result.GetValue(CommandLine.Json))
        {
            await terminal.Out.WriteLineAsync(JsonSerializer.Serialize(report, ClientJson.Default.ErasureReport)).ConfigureAwait(false);
            return ExitCode.Success;
        }

        var table = new Table { Border = TableBorder.Rounded };
        table.AddColumns("What", "Removed", "Stays");
        foreach (var (what, count) in report.Removed)
        {
            table.AddRow(Markup.Escape(what), count.ToString("N0", CultureInfo.InvariantCulture), "");
        }

        foreach (var rest in report.Remaining)
        {
            var until = rest.Until is { } at ? string.Create(CultureInfo.InvariantCulture, $" (until {at:yyyy-MM-dd})") : "";
            table.AddRow(Markup.Escape(rest.What), "", Markup.Escape(rest.Why + until));
        }

        terminal.Write(table);
        return ExitCode.Success;
    }
}
