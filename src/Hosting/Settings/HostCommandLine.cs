using System.CommandLine;
using System.Globalization;
using System.Reflection;
using Cinegrain.Elasticsearch;
using Cinegrain.Ingest;
using Cinegrain.Kafka;
using Cinegrain.Model.Ports;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Cinegrain.Hosting;

/// <summary>A server's command line. An option that is given goes before the environment, and that before the settings file.</summary>
/// <param name="description">What the server is.</param>
/// <param name="read">Reads the settings.</param>
/// <param name="build">Builds the server.</param>
/// <param name="sentence">What a failure of the server's own is told as; null for one that it does not know.</param>
public sealed class HostCommandLine<TOptions>(
    string description, Func<IConfiguration, TOptions> read, Func<TOptions, WebApplicationBuilder, WebApplication> build, Func<Exception, string?> sentence)
    where TOptions : new()
{
    private const int Failed = 1;

    private static readonly TOptions Defaults = new();
    private static readonly IReadOnlyList<(PropertyInfo Property, SettingAttribute Setting)> Settings = SettingsReader.Of(typeof(TOptions));

    /// <summary>Runs the server until it is to stop; its exit code.</summary>
    public Task<int> RunAsync(string[] args)
    {
        var root = new RootCommand(description);
        var given = Settings.Where(setting => !setting.Setting.IsSecret).ToList();
        var texts = given.Where(s => s.Property.PropertyType != typeof(bool)).Select(s => (s.Property.Name, Option: TextOption(s.Property, s.Setting))).ToList();
        var flags = given.Where(s => s.Property.PropertyType == typeof(bool)).Select(s => (
            s.Property.Name, Option: new Option<bool>(SettingsReader.Name(s.Property.Name)) { Description = s.Setting.Description })).ToList();
        texts.ForEach(text => root.Options.Add(text.Option));
        flags.ForEach(flag => root.Options.Add(flag.Option));
        root.Subcommands.Add(HealthCommand.Create());
        root.SetAction((result, cancellationToken) =>
        {
            var values = new Dictionary<string, string?>();
            foreach (var (property, option) in texts.Where(text => result.GetResult(text.Option) is { Implicit: false }))
            {
                values[$"{SettingsReader.Section}:{property}"] = result.GetValue(option);
            }

            foreach (var (property, option) in flags.Where(flag => result.GetResult(flag.Option) is { Implicit: false }))
            {
                values[$"{SettingsReader.Section}:{property}"] = result.GetValue(option) ? "true" : "false";
            }

            return HostAsync(values, cancellationToken);
        });
        // The host itself listens to signals. The library's handler would end the process two seconds later, whatever is not written by then.
        return root.Parse(args).InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null });
    }

    /// <summary>An option whose help tells the default, from where it stands; it is not given then.</summary>
    private static Option<string?> TextOption(PropertyInfo property, SettingAttribute setting)
    {
        var option = new Option<string?>(SettingsReader.Name(property.Name)) { Description = setting.Description };
        if (Convert.ToString(property.GetValue(Defaults), CultureInfo.InvariantCulture) is { Length: > 0 } standard)
        {
            option.DefaultValueFactory = _ => standard;
        }

        return option;
    }

    private async Task<int> HostAsync(Dictionary<string, string?> given, CancellationToken cancellationToken)
    {
        try
        {
            var builder = WebApplication.CreateBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
            builder.Configuration.AddInMemoryCollection(EnvironmentSettings());
            builder.Configuration.AddInMemoryCollection(given);

            // What fails at the start is told below in a sentence; the generic host writes it with its stack. What fails later it writes as critical, too.
            builder.Logging.AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.Critical);
            await using var app = build(read(builder.Configuration.GetSection(SettingsReader.Section)), builder);
            try
            {
                await app.StartAsync(cancellationToken);
            }
            catch
            {
                // What has started stops in order, before its storage is closed.
                await app.StopAsync(CancellationToken.None);
                throw;
            }

            await app.WaitForShutdownAsync(cancellationToken);
            return Environment.ExitCode;
        }
        catch (Exception exception) when (Sentence(exception) is { } told)
        {
            await Console.Error.WriteLineAsync($"cinegrain: {told}");
            return Failed;
        }
    }

    /// <summary>CINEGRAIN_RESIDENT_USERS=… is the setting ResidentUsers.</summary>
    private static IEnumerable<KeyValuePair<string, string?>> EnvironmentSettings() =>
        from property in Settings.Select(setting => setting.Property.Name)
        let name = "CINEGRAIN" + SettingsReader.Name(property)[1..].Replace('-', '_').ToUpperInvariant()
        let value = Environment.GetEnvironmentVariable(name)
        where value is not null
        select KeyValuePair.Create($"{SettingsReader.Section}:{property}", (string?)value);

    /// <summary>What the user can do something about is told in a sentence; anything else is a fault of ours and shows its stack.</summary>
    private string? Sentence(Exception exception) => sentence(exception) ?? exception switch
    {
        SettingsException or WrongLogException or StoreTakenException or KafkaSetupException or ElasticsearchException or UnavailableException or PseudonymKeyFileException
            or InvalidDataException or ArgumentException => exception.Message,
        IOException when exception.Message.Contains("address already in use", StringComparison.OrdinalIgnoreCase) =>
            $"{exception.Message.TrimEnd('.')}; another program listens there: stop it, or choose another address with --urls",
        _ => null,
    };
}
