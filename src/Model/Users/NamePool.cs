using System.Collections.Concurrent;

namespace Cinegrain.Model.Users;

/// <summary>One instance per name (genre, language, person), so that a million tastes do not hold a million copies of "Drama".</summary>
internal static class NamePool
{
    private const int Limit = 1_000_000;

    private static readonly ConcurrentDictionary<string, string> Names = new(StringComparer.Ordinal);

    /// <summary>The pooled instance; beyond the pool's bound, the name as it came.</summary>
    public static string Get(string name) =>
        Names.TryGetValue(name, out var pooled) ? pooled : Names.Count < Limit ? Names.GetOrAdd(name, name) : name;
}
