using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Cinegrain.Api.Telemetry;

/// <summary>
/// Silences the loggers of the framework that write paths, and with them ids, whatever the configuration says: they have a rule for every
/// provider, and rules for parts of them are dropped.
/// </summary>
internal sealed class LogRedaction : IPostConfigureOptions<LoggerFilterOptions>
{
    /// <summary>Categories, and the least level at which they write no path and no input.</summary>
    private static readonly (string Category, LogLevel Level)[] Paths =
    [
        // Also opens a scope with the path for every other logger, unless it is off altogether.
        ("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.None),
        ("Microsoft.AspNetCore.HttpLogging", LogLevel.None),
        ("Microsoft.AspNetCore.Diagnostics", LogLevel.None),
        ("Microsoft.AspNetCore.Routing", LogLevel.Warning),
        ("Microsoft.AspNetCore.Server.Kestrel", LogLevel.Warning),
        ("Microsoft.AspNetCore.StaticFiles", LogLevel.Warning),
        ("Microsoft.AspNetCore.StaticAssets", LogLevel.Warning),
        ("Microsoft.AspNetCore.Cors", LogLevel.Warning),
        ("Microsoft.AspNetCore.Http", LogLevel.Warning),

        // Below it, these write what a page's visitor types.
        ("Microsoft.AspNetCore.SignalR", LogLevel.Warning),
        ("Microsoft.AspNetCore.Components", LogLevel.Warning),

        // Orleans names grains and streams, whose keys are pseudonyms; these parts of it tell of silos alone.
        ("Orleans", LogLevel.None),
        ("Orleans.Runtime.MembershipService", LogLevel.Information),
        ("Orleans.Runtime.Membership", LogLevel.Information),
        ("Orleans.Runtime.Silo", LogLevel.Warning),
        ("Orleans.Hosting", LogLevel.Warning),
        ("Polly", LogLevel.Warning),
    ];

    public void PostConfigure(string? name, LoggerFilterOptions options)
    {
        var providers = options.Rules.Select(r => r.ProviderName).Append(null).Distinct().ToArray();
        for (var i = options.Rules.Count - 1; i >= 0; i--)
        {
            if (options.Rules[i].CategoryName is { } category && Array.Exists(Paths, p => category.StartsWith(p.Category, StringComparison.OrdinalIgnoreCase)))
            {
                options.Rules.RemoveAt(i);
            }
        }

        foreach (var provider in providers)
        {
            foreach (var (category, level) in Paths)
            {
                options.Rules.Add(new LoggerFilterRule(provider, category, level, filter: null));
            }
        }
    }
}
