using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Cinegrain.Api.Security;
using Cinegrain.Embedded.Sqlite;
using Cinegrain.Ingest;
using Cinegrain.Model.Ports;
using Spectre.Console;

namespace Cinegrain.Cli.Keys;

/// <summary>
/// <c>cinegrain keys</c>: makes, lists and revokes the API keys of a data folder, of which a running server sees a change within a second; and rotates the key of
/// its pseudonyms, which a server reads at its start.
/// </summary>
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

        var rotate = new Command("rotate-pseudonyms", "Give new users pseudonyms of a new secret key; known users keep theirs. The server must be stopped.") { Data };
        rotate.SetAction((result, cancellationToken) => RotatePseudonymsAsync(result, terminal, cancellationToken));
        rotate.WithExamples("cinegrain keys rotate-pseudonyms --data /var/lib/cinegrain");

        var pseudonyms = new Command("create-pseudonyms", "Make the secret key of the pseudonyms for the gateways of a cluster. Other servers make their own.") { Data };
        pseudonyms.SetAction(result => CreatePseudonyms(result, terminal));
        pseudonyms.WithExamples("cinegrain keys create-pseudonyms --data ./keys");

        return new Command("keys", "API keys of a server, by its data folder, and the key of its pseudonyms.") { create, list, revoke, pseudonyms, rotate }
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

    private static int CreatePseudonyms(ParseResult result, Terminal terminal)
    {
        var path = Path.Combine(Directory.CreateDirectory(result.GetRequiredValue(Data)).FullName, PseudonymKeys.FileName);
        if (File.Exists(path))
        {
            throw new CommandException($"{path} is there already: another key in its place would make every known user a stranger. To add one, use keys rotate-pseudonyms.");
        }

        PseudonymKeys.LoadOrCreate(path);
        terminal.Out.WriteLine($"{path} has the secret key of the pseudonyms. Give it to every gateway, and back it up: without it nobody is known any more.");
        return ExitCode.Success;
    }

    private static async Task<int> RotatePseudonymsAsync(ParseResult result, Terminal terminal, CancellationToken cancellationToken)
    {
        var path = result.GetRequiredValue(Data);
        if (!File.Exists(Path.Combine(path, PseudonymKeys.FileName)))
        {
            throw new CommandException($"{path} has no {PseudonymKeys.FileName}: name the data folder of a server with --data.");
        }

        try
        {
            using var folder = DataFolder.Open(path);
            await RequireLearnedAsync(folder, terminal.Time, cancellationToken).ConfigureAwait(false);
            var id = PseudonymKeys.Rotate(folder.File(PseudonymKeys.FileName))[^1].Id;
            if (result.GetValue(CommandLine.Json))
            {
                await terminal.Out.WriteLineAsync(JsonSerializer.Serialize(new NewPseudonymKey(id), KeysJson.Default.NewPseudonymKey)).ConfigureAwait(false);
                return ExitCode.Success;
            }

            await terminal.Out.WriteLineAsync(
                $"New users get pseudonyms of key {id} from the next start on; known users keep theirs. Back up {PseudonymKeys.FileName}: without it nobody is known any more.")
                .ConfigureAwait(false);
            return ExitCode.Success;
        }
        catch (Exception error) when (error is DataFolderException or StorageDamagedException or PseudonymKeyFileException or ArgumentException)
        {
            throw new CommandException(error.Message, error);
        }
    }

    /// <summary>Who is known is told by the states. A user whose first records are not learned yet would get a second pseudonym.</summary>
    private static async Task RequireLearnedAsync(DataFolder folder, TimeProvider time, CancellationToken cancellationToken)
    {
        if (!File.Exists(folder.File(SqliteLog.FileName)))
        {
            return;
        }

        await using var log = SqliteLog.Open(folder.Path, new SqliteLogOptions(), time);
        await using var store = SqliteStateStore.Open(folder.Path, new SqliteStateStoreOptions());
        for (var partition = 0; partition < log.PartitionCount(Topics.Interactions); partition++)
        {
            var checkpoint = await store.LoadCheckpointAsync(Topics.Interactions, partition, cancellationToken).ConfigureAwait(false);
            if ((checkpoint?.Offset ?? 0) < log.End(Topics.Interactions, partition))
            {
                throw new CommandException("The log has records that are not learned yet: start the server, wait until it is ready, stop it, and try again.");
            }
        }
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

/// <summary>A new key of pseudonyms; the secret is in its file alone.</summary>
internal sealed record NewPseudonymKey(int Id);

/// <summary>JSON of keys.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(NewKey))]
[JsonSerializable(typeof(NewPseudonymKey))]
[JsonSerializable(typeof(List<Row>))]
internal sealed partial class KeysJson : JsonSerializerContext;
