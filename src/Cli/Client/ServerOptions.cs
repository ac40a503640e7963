using System.CommandLine;

namespace Cinegrain.Cli.Client;

/// <summary>The options of every command that talks to a server.</summary>
internal static class ServerOptions
{
    /// <summary>Environment variable that holds the API key, so that it need not stand on a command line.</summary>
    public const string KeyVariable = "CINEGRAIN_KEY";

    private static readonly Option<string> Server = new("--server")
    {
        Description = "Address of the server.",
        HelpName = "URL",
        DefaultValueFactory = _ => "http://localhost:5080",
    };

    private static readonly Option<string?> Key = new("--key")
    {
        Description = $"API key; without it, what the variable {KeyVariable} holds.",
        HelpName = "KEY",
    };

    static ServerOptions() => Server.Validators.Add(result =>
    {
        if (!TryParse(result.GetValueOrDefault<string>(), out _))
        {
            result.AddError("--server takes an address such as http://localhost:5080.");
        }
    });

    /// <summary>Adds the options to a command.</summary>
    public static void AddTo(Command command)
    {
        command.Options.Add(Server);
        command.Options.Add(Key);
    }

    /// <summary>The client that the options ask for.</summary>
    public static CinegrainClient CreateClient(ParseResult result, TimeProvider time)
    {
        _ = TryParse(result.GetValue(Server), out var server);
        var key = result.GetValue(Key) ?? Environment.GetEnvironmentVariable(KeyVariable);
        if (key is not null && (key.Length == 0 || key.AsSpan().ContainsAnyExceptInRange('!', '~')))
        {
            throw new CommandException($"The API key has characters that no key has: give what 'cinegrain keys create' printed, or unset {KeyVariable}.");
        }

        return new CinegrainClient(server!, key, time);
    }

    private static bool TryParse(string? text, out Uri? server) =>
        Uri.TryCreate(text, UriKind.Absolute, out server) && server.Scheme is "http" or "https";
}
