using System.CommandLine;

namespace Cinegrain.Cli.Users;

/// <summary>The option that names a user.</summary>
internal static class UserOption
{
    public static readonly Option<string> User = new("--user")
    {
        Description = "Id of the user, as the application sends it.",
        HelpName = "ID",
        Required = true,
    };
}
