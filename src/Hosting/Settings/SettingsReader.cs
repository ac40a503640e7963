using System.Globalization;
using System.Reflection;
using Microsoft.Extensions.Configuration;

namespace Cinegrain.Hosting;

/// <summary>
/// Reads a server's settings. Each comes from the command line (<c>--data</c>), else from the environment (<c>CINEGRAIN_DATA</c>), else from the section
/// <c>Cinegrain</c> of <c>appsettings.json</c>, else it has its default.
/// </summary>
public static class SettingsReader
{
    /// <summary>The section of the settings file.</summary>
    public const string Section = "Cinegrain";

    /// <summary>The properties that are settings, those of the type itself first.</summary>
    public static IReadOnlyList<(PropertyInfo Property, SettingAttribute Setting)> Of(Type options) =>
    [
        .. options.GetProperties()
            .Select(property => (Property: property, Setting: property.GetCustomAttribute<SettingAttribute>()))
            .Where(setting => setting.Setting is not null)
            .OrderBy(setting => setting.Property.DeclaringType == options ? 0 : 1)
            .Select(setting => (setting.Property, setting.Setting!)),
    ];

    /// <summary>Reads and checks the settings.</summary>
    /// <param name="section">Where they are.</param>
    /// <param name="check">Adds what is wrong beyond a single setting.</param>
    /// <exception cref="SettingsException">Names every setting that is wrong, with what would be right.</exception>
    public static TOptions Read<TOptions>(IConfiguration section, Action<TOptions, List<string>> check)
        where TOptions : new()
    {
        var options = new TOptions();
        var failures = new List<string>();
        var settings = Of(typeof(TOptions));
        foreach (var child in section.GetChildren().Where(child => !settings.Any(s => string.Equals(s.Property.Name, child.Key, StringComparison.OrdinalIgnoreCase))))
        {
            failures.Add($"there is no setting '{child.Key}'; docs/operations.md lists them all");
        }

        foreach (var (property, setting) in settings)
        {
            if (section[property.Name] is { } text)
            {
                if (Parse(property, setting, text, out var value) is { } failure)
                {
                    failures.Add($"{Name(property.Name)} {failure}");
                }
                else
                {
                    property.SetValue(options, value);
                }
            }
        }

        check(options, failures);
        return failures.Count == 0 ? options : throw new SettingsException(failures);
    }

    /// <summary>The setting as the command line spells it.</summary>
    public static string Name(string property) =>
        "--" + string.Concat(property.Select((c, i) => char.IsUpper(c) ? (i > 0 ? "-" : "") + char.ToLowerInvariant(c) : $"{c}"));

    /// <summary>Addresses to listen on that are none, as failures.</summary>
    public static void CheckUrls(string urls, List<string> failures)
    {
        foreach (var url in urls.Split(';', StringSplitOptions.RemoveEmptyEntries))
        {
            if (!url.StartsWith("http://", StringComparison.OrdinalIgnoreCase) && !url.StartsWith("https://", StringComparison.OrdinalIgnoreCase))
            {
                failures.Add($"{Name(nameof(ServerOptions.Urls))} has '{url}'; a URL is like http://localhost:5080, several are separated by ;");
            }
        }
    }

    private static string? Parse(PropertyInfo property, SettingAttribute setting, string text, out object? value)
    {
        value = text;
        var type = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
        if (type == typeof(bool))
        {
            value = bool.TryParse(text, out var flag) && flag;
            return bool.TryParse(text, out _) ? null : $"is '{text}'; it is true or false";
        }

        if (type == typeof(int))
        {
            var isWhole = int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole);
            value = whole;
            return isWhole && whole >= setting.Least && whole <= setting.Most
                ? null
                : $"is '{text}'; it is a whole number from {setting.Least:N0} to {setting.Most:N0}";
        }

        if (type == typeof(double))
        {
            var isNumber = double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number);
            value = number;
            return isNumber && number >= setting.Least && number <= setting.Most
                ? null
                : $"is '{text}'; it is a number from {setting.Least:#,0.##} to {setting.Most:#,0.##}";
        }

        if (setting.Choices.Length > 0)
        {
            return setting.Choices.Contains(text) ? null : $"is '{text}'; this build has: {string.Join(", ", setting.Choices)}";
        }

        // What may be left out may be empty, too, as in an environment file.
        var isNeeded = property.GetValue(Activator.CreateInstance(property.ReflectedType!)) is string { Length: > 0 };
        return isNeeded && text.Trim().Length == 0 ? "is empty" : null;
    }
}
