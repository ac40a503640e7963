using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Cinegrain.Api.Security;
using Spectre.Console;

namespace Cinegrain.Cli.Keys;

/// <summary><c>cinegrain keys</c>: makes, lists and revokes the API keys of a data folder. A running server sees a change within a second.</summary>
internal static class KeysCommand
{
    private static readonly Option<string> Data = new("--data") { Description = "Data folder of the server.", HelpName = "DIR", DefaultValueFactory = _ => "data" };

    private static readonly Option<string> Scope = new("--scope")
    {
        Description = "read: lists and catalogue; write: also send interactions and movies; admin: also profile, export and erasure of users.",
        Required = true,
    };

    private static readonly Option<string> Name = new("--name") { Description = "What the key is for; shown in the list.", DefaultValueFactory = _ => "unnamed" };

    private static readonly Option<int?> Days = new("--days") { Description = "Days until it expires; never without it.", HelpName = "N" };

    private static readonly Argument<string> Id = new("id") { Description = "Id of the key, from the list.", HelpName = "ID" };

    static KeysCommand()
    {
        Scope.AcceptOnlyFromAmong("read", "write", "admin");
        Days.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int?>() is < 1 or > 36500)
            {
                result.AddError("--days takes a number from 1 to 36500.");
            }
        });
    }

    public static Command Create(Terminal terminal)
    {
        var create = new Command("create", "Make a key and print it, this once.") { Scope, Name, Days, Data };
        create.SetAction(result => CreateKey(result, terminal));
        create.WithExamples("cinegrain keys create --scope write", "cinegrain keys create --scope read --name website --days 90 --data /var/lib/cinegrain");

        var list = new Command("list", "List the keys; the keys themselves are kept nowhere.") { Data };
        list.SetAction(result => List(result, terminal));
        list.WithExamples("cinegrain keys list", "cinegrain keys list --data /var/lib/cinegrain --json");

        var revoke = new Command("revoke", "Take a key out of force.") { Id, Data };
        revoke.SetAction(result => Revoke(result, terminal));
        revoke.WithExamples("cinegrain keys revoke k7h2mq9xwd");

        return new Command("keys", "API keys of a server, by its data folder.") { create, list, revoke }
            .WithExamples("cinegrain keys create --scope write", "cinegrain keys list", "cinegrain keys revoke k7h2mq9xwd");
    }

    private static int CreateKey(ParseResult result, Terminal terminal)
    {
        var scope = Enum.Parse<ApiScope>(result.GetRequiredValue(Scope), ignoreCase: true);
        DateTimeOffset? expires = result.GetValue(Days) is { } days ? terminal.Time.GetUtcNow().AddDays(days) : null;
        var store = Open(result, terminal);
        var created = Guard(() => store.Create(result.GetRequiredValue(Name), scope, expires));
        if (result.GetValue(CommandLine.Json))
        {
            terminal.Out.WriteLine(JsonSerializer.Serialize(new NewKey(created.Key, Row.Of(created.Info)), KeysJson.Default.NewKey));
            return ExitCode.Success;
        }

        terminal.Out.WriteLine(created.Key);
        terminal.Error.WriteLine($"Key {created.Info.Id} of the scope {Row.Of(created.Info).Scope} is in {store.FilePath}. It is shown this once: keep it now.");
        return ExitCode.Success;
    }

    private static int List(ParseResult result, Terminal terminal)
    {
        var rows = Open(result, terminal).List().Select(Row.Of).ToList();
        if (result.GetValue(CommandLine.Json))
        {
            terminal.Out.WriteLine(JsonSerializer.Serialize(rows, KeysJson.Default.ListRow));
            return ExitCode.Success;
        }

        var table = new Table { Border = TableBorder.Rounded };
        table.AddColumns("Id", "Name", "Scope", "Created", "Expires");
        foreach (var row in rows)
        {
            table.AddRow(row.Id, Markup.Escape(row.Name), row.Scope, Day(row.Created), row.Expires is { } expires ? Day(expires) : "never");
        }

        terminal.Write(table);
        return ExitCode.Success;
    }

    private static int Revoke(ParseResult result, Terminal terminal)
    {
        var store = Open(result, terminal);
        if (!Guard(() => store.Revoke(result.GetRequiredValue(Id))))
        {
            throw new CommandException($"{store.FilePath} has no such key: 'cinegrain keys list' shows the ids.");
        }

        terminal.Error.WriteLine("The key is out of force; a running server refuses it within a second.");
        return ExitCode.Success;
    }

    private static ApiKeyStore Open(ParseResult result, Terminal terminal) => Guard(() => new ApiKeyStore(result.GetRequiredValue(Data), terminal.Time));

    private static T Guard<T>(Func<T> work)
    {
        try
        {
            return work();
        }
        catch (Exception error) when (error is ArgumentException or InvalidDataException)
        {
            throw new CommandException(error.Message, error);
        }
    }

    private static string Day(DateTimeOffset at) => at.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture);
}

/// <summary>A key as it is listed.</summary>
internal sealed record Row(string Id, string Name, string Scope, DateTimeOffset Created, DateTimeOffset? Expires)
{
    public static Row Of(ApiKeyInfo info) => new(
        info.Id,
        info.Name,
        info.Scope switch { ApiScope.Read => "read", ApiScope.Write => "write", _ => "admin" },
        info.Created,
        info.Expires);
}

/// <summary>A new key, with the key itself.</summary>
internal sealed record NewKey(string Key, Row Info);

/// <summary>JSON of keys.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(NewKey))]
[JsonSerializable(typeof(List<Row>))]
internal sealed partial class KeysJson : JsonSerializerContext;
